#include "train/mixup.h"
#include "base/rng.h"
#include <math.h>

/* Beta(a, a) by two uniforms (Johnk 1964), for a <= 1. Of a small a both powers are too small for a double: then
 * their logarithms tell which is larger. */
static float draw_beta(at_rng *rng, float a)
{
    for (;;) {
        double u = at_rng_float(rng), v = at_rng_float(rng);
        double x = pow(u, 1 / (double)a), y = pow(v, 1 / (double)a);
        if (x + y > 0 && x + y <= 1)
            return (float)(x / (x + y));
        if (!(x + y > 0) && u + v > 0)
            return (float)(1 / (1 + pow(v / u, 1 / (double)a)));
    }
}

static void blend(float *a, float *b, size_t n, float keep)
{
    for (size_t i = 0; i < n; i++) {
        float x = a[i], y = b[i];
        a[i] = keep * x + (1 - keep) * y;
        b[i] = keep * y + (1 - keep) * x;
    }
}

/* What a teacher saw of both; of one alone it says nothing of the mixture. */
static void blend_taught(float *value, float *weight, size_t a, size_t b, size_t n, float keep)
{
    const int both = weight[a * n] > 0 && weight[b * n] > 0;
    if (both)
        blend(value + a * n, value + b * n, n, keep);
    for (size_t i = 0; i < n && !both; i++)
        weight[a * n + i] = weight[b * n + i] = 0;
}

void at_mix_faces(float *x, size_t pixels, at_face_labels *l, float *covered, int n, float alpha,
                  uint64_t seed)
{
    at_rng rng;
    int waiting = -1;
    at_rng_seed(&rng, seed, 1);
    for (int i = 0; i < n; i++) {
        if (!(l->votes_row[i] > 0) || !(l->basic_row[i] > 0))
            continue;
        if (waiting < 0) {
            waiting = i;
            continue;
        }
        size_t a = (size_t)i, b = (size_t)waiting;
        float keep = draw_beta(&rng, alpha);
        blend(x + a * pixels, x + b * pixels, pixels, keep);
        blend(l->votes + a * AT_FACE_CLASSES, l->votes + b * AT_FACE_CLASSES, AT_FACE_CLASSES,
              keep);
        blend(l->basic + a * AT_BASIC_CLASSES, l->basic + b * AT_BASIC_CLASSES, AT_BASIC_CLASSES,
              keep);
        blend_taught(l->units, l->units_weight, a, b, ATTUNE_UNITS, keep);
        blend_taught(l->pose, l->pose_weight, a, b, AT_POSE_AXES, keep);
        blend(covered + a, covered + b, 1, keep);
        waiting = -1;
    }
}

void at_mix_voices(float *x, size_t floats, int *lengths, float *target, int classes, int n,
                   float alpha, uint64_t seed)
{
    at_rng rng;
    at_rng_seed(&rng, seed, 1);
    for (int i = 0; i + 1 < n; i += 2) {
        size_t a = (size_t)i, b = a + 1, k = (size_t)classes;
        float keep = draw_beta(&rng, alpha);
        blend(x + a * floats, x + b * floats, floats, keep);
        blend(target + a * k, target + b * k, k, keep);
        lengths[a] = lengths[b] = lengths[a] > lengths[b] ? lengths[a] : lengths[b];
    }
}
