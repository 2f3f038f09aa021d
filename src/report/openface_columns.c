#include "report/openface_columns.h"

#include <math.h>

enum { AU_MAX = 64 };

/* ---- action units --------------------------------------------------------------------------- */

/* Whether any unit comes near to it. */
static int has_au(int au)
{
    for (int u = 0; u < ATTUNE_UNITS; u++)
        if (attune_units[u].au == au)
            return 1;
    return 0;
}

/* 0..5 as OpenFace counts: five times the mean of the units that come near to it. */
static double intensity(const float *unit, int au)
{
    double sum = 0;
    int n = 0;

    for (int u = 0; u < ATTUNE_UNITS; u++) {
        if (attune_units[u].au == au) {
            sum += (double)unit[u];
            n++;
        }
    }
    return 5 * sum / n;
}

/* ---- rows ----------------------------------------------------------------------------------- */

void at_openface_head(FILE *f)
{
    fputs("frame,face_id,timestamp,confidence,success,pose_Rx,pose_Ry,pose_Rz", f);
    for (int au = 1; au <= AU_MAX; au++)
        if (has_au(au))
            fprintf(f, ",AU%02d_r", au);
}

static void put(FILE *f, double value, int decimals)
{
    fprintf(f, ",%.*f", decimals, isfinite(value) ? value : 0.0);
}

/* Radians of rotations about the camera's axes to the right, down and ahead. Ours are degrees, up and to
 * the picture's right. */
static void put_pose(FILE *f, const attune_quality *q, int seen)
{
    const double radians = acos(-1.0) / 180;

    put(f, seen ? 0 - (double)q->pitch * radians : 0, 3);
    put(f, seen ? 0 - (double)q->yaw * radians : 0, 3);
    put(f, seen ? (double)q->roll * radians : 0, 3);
}

void at_openface_row(FILE *f, int64_t frame, uint32_t face, int64_t t_us, int seen,
                     const attune_quality *q, const float *unit)
{
    fprintf(f, "%lld,%u,%.3f", (long long)frame, (unsigned)face, (double)t_us / 1e6);
    put(f, seen ? (double)q->detector_score : 0, 2);
    fprintf(f, ",%d", seen);
    put_pose(f, q, seen);
    for (int au = 1; au <= AU_MAX; au++)
        if (has_au(au))
            put(f, seen ? intensity(unit, au) : 0, 2);
}

void at_openface_own(FILE *f, double value, int there, int decimals)
{
    if (there && isfinite(value))
        fprintf(f, ",%.*f", decimals, value);
    else
        fputs(",NaN", f);
}
