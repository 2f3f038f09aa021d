#include "eval/face_regions.h"

#include <math.h>

static const float half_eye[2] = {0.42f, 0.38f}, raised = 0.1f;
static const float half_mouth[2] = {0.55f, 0.32f};
static const float half_face[2] = {1.12f, 1.4f};

static float distance(const float a[2], const float b[2])
{
    return hypotf(a[0] - b[0], a[1] - b[1]);
}

static void towards(const float a[2], const float b[2], float share, float out[2])
{
    for (int k = 0; k < 2; k++)
        out[k] = a[k] + share * (b[k] - a[k]);
}

void at_regions_of(at_regions *r, const float landmark[AT_LANDMARKS][2])
{
    float eyes[2];
    const float apart = distance(landmark[0], landmark[1]);
    towards(landmark[0], landmark[1], 0.5f, eyes);
    towards(landmark[3], landmark[4], 0.5f, r->mouth);
    r->unit = (apart + distance(eyes, r->mouth)) / 2;
    r->across[0] = apart > 0 ? (landmark[1][0] - landmark[0][0]) / apart : 1;
    r->across[1] = apart > 0 ? (landmark[1][1] - landmark[0][1]) / apart : 0;
    for (int i = 0; i < 2; i++) {
        r->eye[i][0] = landmark[i][0] + raised * r->unit * r->across[1];
        r->eye[i][1] = landmark[i][1] - raised * r->unit * r->across[0];
    }
    towards(eyes, r->mouth, 1 / 3.f, r->middle);
}

/* half: axes of the ellipse, across the face and down, in units. */
static int is_in(const at_regions *r, const float centre[2], const float half[2], float x, float y)
{
    const float dx = (x - centre[0]) / r->unit, dy = (y - centre[1]) / r->unit;
    const float a = (dx * r->across[0] + dy * r->across[1]) / half[0];
    const float b = (dy * r->across[0] - dx * r->across[1]) / half[1];
    return a * a + b * b <= 1;
}

int at_region_at(const at_regions *r, float x, float y)
{
    if (is_in(r, r->eye[0], half_eye, x, y) || is_in(r, r->eye[1], half_eye, x, y))
        return ATTUNE_REGION_EYES;
    if (is_in(r, r->mouth, half_mouth, x, y))
        return ATTUNE_REGION_MOUTH;
    return is_in(r, r->middle, half_face, x, y) ? ATTUNE_REGION_FACE : ATTUNE_REGION_OUTSIDE;
}

void at_region_shares(const at_regions *r, const at_cam_map *map, int side,
                      float share[ATTUNE_REGIONS], float area[ATTUNE_REGIONS])
{
    double sum[ATTUNE_REGIONS] = {0}, all = 0;
    int pixels[ATTUNE_REGIONS] = {0};
    for (int y = 0; y < side; y++)
        for (int x = 0; x < side; x++) {
            const int region = at_region_at(r, (float)x, (float)y);
            const double v = (double)at_cam_at(map, (float)x, (float)y);
            pixels[region]++;
            sum[region] += v;
            all += v;
        }
    for (int k = 0; k < ATTUNE_REGIONS; k++) {
        share[k] = all > 0 ? (float)(sum[k] / all) : NAN;
        area[k] = (float)pixels[k] / (float)(side * side);
    }
}
