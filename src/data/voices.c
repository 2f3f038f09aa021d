#include "data/voices.h"

#include "base/error.h"
#include "base/mem.h"
#include "data/loading.h"
#include "data/readers.h"
#include "media/media.h"

#include <stdlib.h>
#include <string.h>

static const double longest_s = 60;

/* ---- loading ------------------------------------------------------------------------------ */

typedef struct noise_walk {
    double from, to; /* share of each that is taken */
    float *pcm;      /* (n) */
    size_t n;
    attune_error why;
} noise_walk;

static int add_noise(void *user, const char *path, const char *name)
{
    noise_walk *w = user;
    float *pcm, *grown;
    size_t n;
    if (!at_has_extension(name, at_sound_extensions))
        return 0;
    int status = at_media_load_audio(path, 0, &pcm, &n, &w->why);
    if (status < 0)
        return at_loading_ends(path, status) ? status : 0;
    const size_t first = (size_t)((double)n * w->from);
    n = (size_t)((double)n * w->to) - first;
    grown = at_alloc(w->n + n, sizeof *grown);
    if (!grown) {
        at_free(pcm);
        return at_fail_nomem(&w->why);
    }
    if (w->n)
        memcpy(grown, w->pcm, w->n * sizeof *grown);
    memcpy(grown + w->n, pcm + first, n * sizeof *grown);
    at_free(w->pcm);
    at_free(pcm);
    w->pcm = grown;
    w->n += n;
    return 0;
}

int at_noises_load(float **pcm, size_t *n, const char *dir, double from, double to,
                   attune_error *err)
{
    noise_walk w = {.from = from, .to = to};
    int status = at_each_entry(dir, add_noise, &w);
    if (status < 0)
        status = w.why.status == status ? at_fail(err, w.why.status, "%s", w.why.text)
                                        : at_fail_walk(status, dir, err);
    else if (w.n == 0)
        status = at_fail(err, ATTUNE_E_IO, "%s: no recordings there", dir);
    if (status < 0) {
        at_free(w.pcm);
        w = (noise_walk){0};
    }
    *pcm = w.pcm;
    *n = w.n;
    return status;
}

typedef struct loader {
    at_voice_sample *list;
    at_loading loading;
} loader;

static void load_one(void *arg, int task, int thread)
{
    loader *l = arg;
    at_voice_sample *s = &l->list[task];
    attune_error why = {0};
    (void)thread;
    if (at_loading_status(&l->loading, NULL))
        return;
    const int status = at_media_load_audio(s->label.path, longest_s, &s->pcm, &s->n, &why);
    if (at_loading_ends(s->label.path, status))
        at_loading_note(&l->loading, status, &why);
}

static void drop_unreadable(at_voices *v)
{
    int kept = 0;
    for (int i = 0; i < v->count; i++) {
        if (!v->list[i].pcm) {
            free(v->list[i].label.path);
            v->unreadable++;
            continue;
        }
        v->list[kept++] = v->list[i];
    }
    v->count = kept;
}

static int list_all(at_voices *out, const at_corpus *corpora, int n)
{
    size_t total = 0;
    for (int c = 0; c < n; c++)
        total += (size_t)corpora[c].count;
    out->list = calloc(total + 1, sizeof *out->list);
    if (!out->list)
        return ATTUNE_E_NOMEM;
    for (int c = 0; c < n; c++)
        for (int i = 0; i < corpora[c].count; i++) {
            at_voice_sample *s = &out->list[out->count++];
            s->label = corpora[c].list[i];
            s->corpus = c;
            s->slot = i;
            s->cache = corpora[c].cache;
            if (!(s->label.path = strdup(s->label.path)))
                return ATTUNE_E_NOMEM;
        }
    return ATTUNE_OK;
}

static int load_all(at_voices *out, at_pool *pool, const at_watcher *watcher, attune_error *err)
{
    loader l = {.list = out->list};
    const int status = at_each(pool, "voices", out->count, load_one, &l, watcher, err);
    return status ? status : at_loading_status(&l.loading, err);
}

int at_voices_load(at_voices *out, const at_corpus *corpora, int n, const char *noise_dir,
                   double noise_share, at_pool *pool, const at_watcher *watcher, attune_error *err)
{
    memset(out, 0, sizeof *out);
    int status = list_all(out, corpora, n) < 0 ? at_fail_nomem(err) : ATTUNE_OK;
    if (status == ATTUNE_OK)
        status = load_all(out, pool, watcher, err);
    if (status == ATTUNE_OK && noise_dir)
        status = at_noises_load(&out->noise, &out->noise_n, noise_dir, 0,
                                noise_share > 0 ? noise_share : 0.7, err);
    if (status < 0) {
        at_voices_free(out);
        return status;
    }
    drop_unreadable(out);
    if (out->count && out->list[0].cache && out->noise_n) {
        at_digest d;
        at_digest_begin(&d);
        at_digest_add(&d, out->noise, out->noise_n * sizeof *out->noise);
        out->noise_digest = at_digest_of(&d);
    }
    return ATTUNE_OK;
}

void at_voices_free(at_voices *v)
{
    for (int i = 0; i < v->count; i++) {
        free(v->list[i].label.path);
        at_free(v->list[i].pcm);
    }
    free(v->list);
    at_free(v->noise);
    memset(v, 0, sizeof *v);
}

/* ---- feature rows ---------------------------------------------------------------------------- */

typedef struct batch {
    const at_voices *v;
    const int *index;
    int max_rows;
    const at_voice_augment *augment;
    const at_spec_masks *masks;
    uint64_t seed;
    float *x;
    int *lengths;
    atomic_int status;
} batch;

static int sound_to_rows(const batch *b, const at_voice_sample *s, at_rng *r, at_feature_row **rows,
                         size_t *n)
{
    const at_features_options options = {.denoise = 1};
    if (!b->augment)
        return at_features_extract(s->pcm, s->n, &options, rows, n, NULL);
    at_voice_augment a = *b->augment;
    a.noise = b->v->noise;
    a.noise_n = b->v->noise_n;
    float *pcm;
    size_t length;
    int status = at_augment_voice(s->pcm, s->n, &a, r, &pcm, &length, NULL);
    if (status < 0)
        return status;
    status = at_features_extract(pcm, length, &options, rows, n, NULL);
    at_free(pcm);
    return status;
}

static int hear(const batch *b, const at_voice_sample *s, int stream, float *x, at_voice_heard *out)
{
    at_feature_row *rows = NULL;
    float *flat = NULL, *scratch = NULL;
    unsigned char *speech = NULL;
    size_t n = 0, from, to;
    at_rng r;
    int status;

    memset(x, 0, (size_t)b->max_rows * AT_FEATURE_COLS * sizeof *x);
    memset(out, 0, sizeof *out);
    out->length = 1; /* too short for a frame: one row of zeros */
    at_rng_seed(&r, b->seed, (uint64_t)stream);
    status = sound_to_rows(b, s, &r, &rows, &n);
    at_voice_quality_of(rows, n, &out->quality);
    if (status < 0 || n == 0)
        goto done;
    flat = at_alloc(n * AT_FEATURE_COLS, sizeof *flat);
    speech = at_alloc(n, 1);
    scratch = at_alloc(n * AT_FUNCTIONALS_SCRATCH, sizeof *scratch);
    status = flat && speech && scratch ? ATTUNE_OK : ATTUNE_E_NOMEM;
    if (status < 0)
        goto done;
    at_features_flatten(rows, n, flat, speech);
    for (size_t i = 0; i < n; i++)
        out->speech += speech[i];
    at_features_trim(speech, n, &from, &to);
    if (to - from > (size_t)b->max_rows) {
        size_t spare = to - from - (size_t)b->max_rows;
        from += b->augment ? at_rng_below(&r, (uint32_t)spare + 1) : spare / 2;
        to = from + (size_t)b->max_rows;
    }
    out->length = (int)(to - from);
    at_functionals(flat + from * AT_FEATURE_COLS, to - from, speech + from, scratch,
                   out->functionals);
    memcpy(x, flat + from * AT_FEATURE_COLS, (to - from) * AT_FEATURE_COLS * sizeof *x);
    at_features_normalise(x, to - from, speech + from);
    if (b->masks)
        at_augment_spec(x, to - from, b->masks, &r);
done:
    at_free(rows);
    at_free(flat);
    at_free(speech);
    at_free(scratch);
    return status;
}

/* ---- what was heard before ------------------------------------------------------------------ */

/* Of the sound, and of all that is asked for. */
static void key_of(const batch *b, const at_voice_sample *s, int stream, at_cache_key *key)
{
    at_cache_key_begin(key, "voice");
    at_cache_key_add(key, s->pcm, s->n * sizeof *s->pcm);
    at_cache_key_add(key, &b->max_rows, sizeof b->max_rows);
    if (b->augment) {
        at_voice_augment a = {0}; /* with what lies between its members, and without the pointer */
        const at_voice_augment *of = b->augment;
        a.speed_p = of->speed_p, a.speed_min = of->speed_min, a.speed_max = of->speed_max;
        a.pitch_p = of->pitch_p, a.pitch_max = of->pitch_max, a.band_p = of->band_p;
        a.gain_p = of->gain_p, a.gain_max = of->gain_max;
        a.noise_p = of->noise_p, a.snr_min = of->snr_min, a.snr_max = of->snr_max;
        at_cache_key_add(key, &a, sizeof a);
        at_cache_key_add(key, &b->v->noise_digest, sizeof b->v->noise_digest);
    }
    if (b->masks)
        at_cache_key_add(key, b->masks, sizeof *b->masks);
    if (b->augment || b->masks) {
        at_cache_key_add(key, &b->seed, sizeof b->seed);
        at_cache_key_add(key, &stream, sizeof stream);
    }
}

/* 1: x and out are as they were; 0: what was kept is not of their kind. */
static int restore(const batch *b, const unsigned char *data, size_t n, float *x,
                   at_voice_heard *out)
{
    const size_t row = AT_FEATURE_COLS * sizeof *x;
    if (n < sizeof *out)
        return 0;
    memcpy(out, data, sizeof *out);
    if (out->length < 1 || out->length > b->max_rows ||
        n - sizeof *out != (size_t)out->length * row)
        return 0;
    memset(x, 0, (size_t)b->max_rows * row);
    memcpy(x, data + sizeof *out, n - sizeof *out);
    return 1;
}

static int fill(const batch *b, const at_voice_sample *s, int stream, float *x, at_voice_heard *out)
{
    at_cache_key key;
    unsigned char *data;
    size_t n;
    if (!s->cache)
        return hear(b, s, stream, x, out);
    key_of(b, s, stream, &key);
    int status = at_cache_get(s->cache, &key, &data, &n);
    if (status == 1) {
        status = restore(b, data, n, x, out);
        at_free(data);
    }
    if (status)
        return status < 0 ? status : ATTUNE_OK;
    status = hear(b, s, stream, x, out);
    if (status == ATTUNE_OK)
        at_cache_put(s->cache, &key, out, sizeof *out, x,
                     (size_t)out->length * AT_FEATURE_COLS * sizeof *x);
    return status;
}

static void fill_task(void *arg, int task, int thread)
{
    batch *b = arg;
    (void)thread;
    int i = b->index[task];
    at_voice_heard heard;
    int status = fill(b, &b->v->list[i], i,
                      b->x + (size_t)task * (size_t)b->max_rows * AT_FEATURE_COLS, &heard);
    b->lengths[task] = heard.length;
    if (status < 0)
        atomic_store(&b->status, status);
}

int at_voice_rows(const at_voice_sample *s, int max_rows, float *x, at_voice_heard *out)
{
    const batch b = {.max_rows = max_rows};
    return fill(&b, s, 0, x, out);
}

int at_voices_hear(const at_voices *v, int i, int max_rows, const at_voice_augment *augment,
                   uint64_t seed, float *x, at_voice_heard *out)
{
    const batch b = {.v = v, .max_rows = max_rows, .augment = augment, .seed = seed};
    return fill(&b, &v->list[i], i, x, out);
}

int at_voices_rows(const at_voices *v, const int *index, int n, int max_rows,
                   const at_voice_augment *augment, const at_spec_masks *masks, uint64_t seed,
                   at_pool *pool, float *x, int *lengths)
{
    batch b = {v, index, max_rows, augment, masks, seed, x, lengths, 0};
    at_pool_run(pool, n, fill_task, &b);
    return atomic_load(&b.status);
}
