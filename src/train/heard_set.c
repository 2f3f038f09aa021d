/* heard_set.c - see heard_set.h. */
#include "train/heard_set.h"

#include "base/error.h"
#include "base/mem.h"

#include <assert.h>
#include <stdatomic.h>
#include <string.h>

static_assert((int)AT_FUNCTIONALS == (int)AT_VOICE_FUNCTIONALS,
              "the expert takes the functionals that the features give");

static_assert((int)AT_FUNCTIONALS_COLUMNS == (int)AT_VOICE_COLUMNS, "and the first of them");

enum { WIDTH = AT_VOICE_FUNCTIONALS };

/* ---- hearing -------------------------------------------------------------------------------- */

typedef struct hearing {
    const at_functionals_settings *s;
    at_heard_set *set;
    float **rows; /* a thread's scratch */
    atomic_int status;
} hearing;

static void hear_task(void *arg, int index, int thread)
{
    hearing *h = arg;
    const int sample = index / h->set->versions, version = index % h->set->versions;
    at_voice_heard heard;
    if (!h->rows[thread])
        h->rows[thread] = at_alloc((size_t)h->s->rows * AT_FEATURES, sizeof(float));
    int status = h->rows[thread]
                     ? at_voices_hear(&h->set->voices.voices, sample, h->s->rows,
                                      version ? &h->s->augment : NULL,
                                      at_step_seed(h->s->seed, version), h->rows[thread], &heard)
                     : ATTUNE_E_NOMEM;
    if (status < 0)
        atomic_store(&h->status, status);
    else
        memcpy(h->set->z + (size_t)index * WIDTH, heard.functionals, sizeof heard.functionals);
}

static int hear(at_heard_set *set, const at_job *job, const at_functionals_settings *s,
                attune_error *err)
{
    const int threads = at_pool_threads(job->pool);
    int status = ATTUNE_OK;
    hearing h = {.s = s, .set = set};
    set->z = at_alloc((size_t)set->rows * WIDTH, sizeof *set->z);
    h.rows = at_calloc((size_t)threads, sizeof *h.rows);
    if (set->z && h.rows)
        status = at_job_each(job, "hearing", set->heard, hear_task, &h, err);
    for (int i = 0; h.rows && i < threads; i++)
        at_free(h.rows[i]);
    const int out_of_memory = !set->z || !h.rows;
    at_free(h.rows);
    if (out_of_memory)
        return at_fail_nomem(err);
    if (!status && (status = atomic_load(&h.status)))
        at_fail(err, (attune_status)status, "hearing voices failed");
    return status;
}

int at_heard_set_load(at_heard_set *out, const at_job *job, const at_functionals_settings *s,
                      at_part part, const char *noise, int versions, attune_error *err)
{
    *out = (at_heard_set){.versions = versions};
    const int status = at_voice_set_load(&out->voices, job, &s->data, part, noise, err);
    if (status)
        return status;
    out->heard = out->voices.voices.count * versions;
    out->rows = 2 * out->heard;
    return hear(out, job, s, err);
}

void at_heard_set_free(at_heard_set *h)
{
    at_voice_set_free(&h->voices);
    at_free(h->z);
    h->z = NULL;
}

/* ---- what is usual of a person ---------------------------------------------------------------- */

/* Sums of what was heard, one a person or one a set. */
typedef struct sums {
    double *sum; /* (n, WIDTH) */
    int *count;  /* (n) */
} sums;

static int sums_create(sums *s, int n)
{
    s->sum = at_calloc((size_t)n * WIDTH, sizeof *s->sum);
    s->count = at_calloc((size_t)n, sizeof *s->count);
    return s->sum && s->count ? ATTUNE_OK : ATTUNE_E_NOMEM;
}

static void sums_free(sums *s)
{
    at_free(s->sum);
    at_free(s->count);
}

/* of (voices): whose sum a voice is part of. */
static void add_up(sums *s, const at_heard_set *h, const int *of)
{
    for (int r = 0; r < h->heard; r++) {
        const int k = of[at_heard_voice(h, r)];
        for (int i = 0; i < WIDTH; i++)
            s->sum[(size_t)k * WIDTH + i] += (double)h->z[(size_t)r * WIDTH + i];
        s->count[k]++;
    }
}

/* The mean of the sets' means: what is usual of people, as far as is known. */
static void mean_of_sets(const sums *sets, int n, double mean[WIDTH])
{
    int found = 0;
    memset(mean, 0, WIDTH * sizeof *mean);
    for (int k = 0; k < n; k++) {
        found += sets->count[k] > 0;
        for (int i = 0; i < WIDTH && sets->count[k]; i++)
            mean[i] += sets->sum[(size_t)k * WIDTH + i] / sets->count[k];
    }
    for (int i = 0; i < WIDTH && found; i++)
        mean[i] /= found;
}

int at_heard_set_centre(at_heard_set *h, double mean[WIDTH], int is_training, attune_error *err)
{
    sums people = {0}, sets = {0};
    int status = sums_create(&people, h->voices.people + 1);
    status = status ? status : sums_create(&sets, AT_MAX_SETS);
    if (!status) {
        add_up(&people, h, h->voices.person);
        add_up(&sets, h, h->voices.set_of);
        if (is_training)
            mean_of_sets(&sets, AT_MAX_SETS, mean);
    }
    for (int r = 0; !status && r < h->heard; r++) {
        const int k = h->voices.person[at_heard_voice(h, r)];
        const double *sum = people.sum + (size_t)k * WIDTH;
        const float *from = h->z + (size_t)r * WIDTH;
        float *to = h->z + (size_t)(h->heard + r) * WIDTH;
        for (int i = 0; i < WIDTH; i++)
            to[i] = (float)((double)from[i] - sum[i] / people.count[k] + mean[i]);
    }
    sums_free(&people);
    sums_free(&sets);
    return status ? at_fail_nomem(err) : ATTUNE_OK;
}
