#include "experiments/deviation.h"

#include "base/mem.h"
#include "base/rng.h"

#include <math.h>
#include <string.h>

/* ---- principal components ------------------------------------------------------------------- */

static double dot(const float *a, const float *b, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

static void add(float *y, double k, const float *x, int n)
{
    for (int i = 0; i < n; i++)
        y[i] += (float)k * x[i];
}

/* Makes the rows of q (AT_FACTORS x dims) orthonormal, in their order (Gram-Schmidt). */
static void orthonormalise(float *q, int dims)
{
    for (int k = 0; k < AT_FACTORS; k++) {
        float *row = q + k * dims;
        for (int j = 0; j < k; j++)
            add(row, -dot(row, q + j * dims, dims), q + j * dims, dims);
        const double length = sqrt(dot(row, row, dims));
        for (int i = 0; i < dims; i++)
            row[i] = length > 0 ? row[i] / (float)length : 0;
    }
}

static void standardise(const at_normal *r, const float *x, float *z)
{
    for (int i = 0; i < r->dims; i++)
        z[i] = (x[i] - r->mean[i]) * r->inv_deviation[i];
}

/* next = sum z (q z)^T: one step of an orthogonal iteration. */
static void iterate(const at_normal *r, const float *z, int n, float *next)
{
    memset(next, 0, (size_t)(AT_FACTORS * r->dims) * sizeof *next);
    for (int i = 0; i < n; i++)
        for (int k = 0; k < AT_FACTORS; k++)
            add(next + k * r->dims,
                dot(r->factor + k * r->dims, z + (size_t)i * (size_t)r->dims, r->dims),
                z + (size_t)i * (size_t)r->dims, r->dims);
    orthonormalise(next, r->dims);
}

/* Of all that the factors leave over, per dimension. */
static void measure_spread(at_normal *r, const float *z, int n)
{
    double all = 0, known = 0;
    for (int i = 0; i < n; i++)
        all += dot(z + (size_t)i * (size_t)r->dims, z + (size_t)i * (size_t)r->dims, r->dims) / n;
    for (int k = 0; k < AT_FACTORS; k++) {
        double sum = 0;
        for (int i = 0; i < n; i++) {
            const double along =
                dot(r->factor + k * r->dims, z + (size_t)i * (size_t)r->dims, r->dims);
            sum += along * along / n;
        }
        r->spread[k] = (float)fmax(sum, 1e-6);
        known += sum;
    }
    r->rest = (float)fmax((all - known) / (r->dims - AT_FACTORS), 1e-6);
}

int at_normal_fit(at_normal *out, const float *mean, const float *inv_deviation, int dims,
                  int token, const float *const *x, int n)
{
    enum { ROUNDS = 12 };
    const size_t size = (size_t)(AT_FACTORS * dims);
    at_rng rng;
    *out = (at_normal){.dims = dims, .token = token, .mean = mean, .inv_deviation = inv_deviation};
    float *z = at_alloc((size_t)n * (size_t)dims, sizeof *z), *next = at_alloc(size, sizeof *next);
    out->factor = at_alloc(size, sizeof *out->factor);
    const int ok = z && next && out->factor;
    at_rng_seed(&rng, 1, 0);
    for (size_t i = 0; ok && i < size; i++)
        out->factor[i] = at_rng_normal(&rng);
    for (int i = 0; ok && i < n; i++)
        standardise(out, x[i], z + (size_t)i * (size_t)dims);
    for (int k = 0; ok && k < ROUNDS; k++) {
        iterate(out, z, n, next);
        memcpy(out->factor, next, size * sizeof *next);
    }
    if (ok)
        measure_spread(out, z, n);
    else
        at_normal_free(out);
    at_free(z);
    at_free(next);
    return ok ? ATTUNE_OK : ATTUNE_E_NOMEM;
}

void at_normal_free(at_normal *r)
{
    at_free(r->factor);
    r->factor = NULL;
}

/* ---- measures --------------------------------------------------------------------------------- */

static double squares(const at_normal *r, const float *x)
{
    double sum = 0;
    for (int i = 0; i < r->dims; i++) {
        const double z = (double)((x[i] - r->mean[i]) * r->inv_deviation[i]);
        sum += z * z;
    }
    return sum;
}

float at_normal_distance(const at_normal *r, const float *x)
{
    return (float)sqrt(squares(r, x) / r->dims);
}

float at_normal_distance_low_rank(const at_normal *r, const float *x)
{
    double left = squares(r, x), sum = 0;
    for (int k = 0; k < AT_FACTORS; k++) {
        const float *u = r->factor + k * r->dims;
        double along = 0;
        for (int i = 0; i < r->dims; i++)
            along += (double)(u[i] * (x[i] - r->mean[i]) * r->inv_deviation[i]);
        sum += along * along / (double)r->spread[k];
        left -= along * along;
    }
    return (float)sqrt((sum + fmax(left, 0) / (double)r->rest) / r->dims);
}

float at_normal_inflation(const at_normal *r, const at_tokens *t)
{
    double sum = 0;
    if (t->n < 2 || t->dims != r->token)
        return NAN;
    for (int d = 0; d < r->token; d++) {
        double mean = 0, of_square = 0;
        for (int i = 0; i < t->n; i++)
            mean += (double)t->x[i * t->dims + d] / t->n;
        for (int i = 0; i < t->n; i++)
            of_square += pow((double)t->x[i * t->dims + d] - mean, 2) / t->n;
        sum += of_square * (double)(r->inv_deviation[d] * r->inv_deviation[d]);
    }
    return (float)(sum / r->token);
}

/* ---- adjustments ------------------------------------------------------------------------------ */

void at_normal_adjust(const at_normal *r, float near, const float *x, float *y)
{
    const float d = at_normal_distance(r, x), k = d > near ? near / d : 1;
    for (int i = 0; i < r->dims; i++)
        y[i] = r->mean[i] + k * (x[i] - r->mean[i]);
}

void at_normal_adapt(const at_normal *r, const float *mean, const float *deviation, const float *x,
                     float *y)
{
    for (int i = 0; i < r->dims; i++)
        y[i] = r->mean[i] + (x[i] - mean[i]) / (fmaxf(deviation[i], 1e-6f) * r->inv_deviation[i]);
}
