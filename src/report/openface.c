/* openface.c - openface.csv: rows under OpenFace's names, as far as attune has its columns, for the
 * scripts that read them (OpenFace 2: Baltrusaitis 2018; names, units and signs as its recorder and
 * RotationHelpers.h have them). Our own columns follow behind them.
 *
 * A row a window and face, not a frame: what is told of a face is of the last few seconds. As in
 * OpenFace, numbers of a row without success are 0 and mean nothing.
 */
#include "report/sinks.h"

#include <math.h>

enum { AU_MAX = 64 };

typedef struct at_openface {
    int64_t row_us; /* end of the latest row */
    int number;     /* of the moment, from 1 */
} at_openface;

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
static double intensity(const attune_window *w, int au)
{
    double sum = 0;
    int n = 0;

    for (int u = 0; u < ATTUNE_UNITS; u++) {
        if (attune_units[u].au == au) {
            sum += (double)w->unit[u];
            n++;
        }
    }
    return 5 * sum / n;
}

/* ---- the file ------------------------------------------------------------------------------- */

static int head(FILE *f, void *state, const attune_report_options *setup)
{
    (void)state, (void)setup;
    fputs("frame,face_id,timestamp,confidence,success,pose_Rx,pose_Ry,pose_Rz", f);
    for (int au = 1; au <= AU_MAX; au++)
        if (has_au(au))
            fprintf(f, ",AU%02d_r", au);
    fputs(",box_x,box_y,box_w,box_h,withheld", f);
    for (int i = 0; i < ATTUNE_EMOTIONS; i++)
        fprintf(f, ",emotion_%s", attune_emotion_names[i]);
    for (int i = 0; i < ATTUNE_ENGAGEMENTS; i++)
        fprintf(f, ",engagement_%s", attune_engagement_names[i]);
    for (int i = 0; i < ATTUNE_STATES; i++)
        fprintf(f, ",level_%s", attune_state_names[i]);
    for (int m = 0; m < ATTUNE_MODALITIES; m++)
        fprintf(f, ",reliability_%s,weight_%s", attune_modality_name(m), attune_modality_name(m));
    fputc('\n', f);
    return ATTUNE_OK;
}

static double level(const float *p)
{
    double sum = 0;

    for (int k = 1; k < ATTUNE_LEVELS; k++)
        sum += k * (double)p[k];
    return sum;
}

/* Theirs: 0 where there is none. */
static void put(FILE *f, double value, int decimals)
{
    fprintf(f, ",%.*f", decimals, isfinite(value) ? value : 0.0);
}

/* Ours: NaN where there is none. */
static void put_own(FILE *f, double value, int there, int decimals)
{
    if (there && isfinite(value))
        fprintf(f, ",%.*f", decimals, value);
    else
        fputs(",NaN", f);
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

static void put_theirs(FILE *f, const attune_window *w, int seen)
{
    put(f, seen ? (double)w->quality.detector_score : 0, 2);
    fprintf(f, ",%d", seen);
    put_pose(f, &w->quality, seen);
    for (int au = 1; au <= AU_MAX; au++)
        if (has_au(au))
            put(f, seen ? intensity(w, au) : 0, 2);
}

static void put_ours(FILE *f, const attune_window *w)
{
    for (int i = 0; i < 4; i++)
        put_own(f, (double)w->box[i], w->track != 0, 1);
    fprintf(f, ",%d", w->abstain != 0);
    for (int i = 0; i < ATTUNE_EMOTIONS; i++)
        put_own(f, (double)w->emotion7[i], 1, 4);
    for (int i = 0; i < ATTUNE_ENGAGEMENTS; i++)
        put_own(f, (double)w->engagement3[i], w->has_state, 4);
    for (int i = 0; i < ATTUNE_STATES; i++)
        put_own(f, level(w->state4[i]), w->has_state, 4);
    for (int m = 0; m < ATTUNE_MODALITIES; m++) {
        put_own(f, (double)w->reliability[m], 1, 4);
        put_own(f, (double)w->weight[m], 1, 4);
    }
}

static int row(FILE *f, void *state, const attune_window *w)
{
    at_openface *o = state;
    int seen = w->track != 0 && at_face_there(w);

    o->number += o->number == 0 || w->end_us != o->row_us;
    o->row_us = w->end_us;
    fprintf(f, "%d,%u,%.3f", o->number, (unsigned)w->track, (double)w->end_us / 1e6);
    put_theirs(f, w, seen);
    put_ours(f, w);
    fputc('\n', f);
    return ATTUNE_OK;
}

const at_sink_kind at_sink_openface = {
    .info = {"openface", "openface.csv", "a row a window and face under OpenFace's names",
             .extra = 1},
    .state_size = sizeof(at_openface),
    .open = head,
    .window = row,
};
