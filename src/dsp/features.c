/* features.c - the stream: samples in, frames on a fixed grid, look-ahead, rows out.
 *
 *   push -> raw[] --(denoiser, one block late)--> clean[] -> frame -> pending ring -> queue -> next
 *
 * A frame is made as soon as its last sample is there. It waits in the ring until the four frames
 * that its delta of delta looks ahead to are known, then goes to the queue.
 */
#include "dsp/features.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "dsp/denoise.h"
#include "dsp/level.h"
#include "dsp/noise.h"
#include "dsp/spectrum.h"
#include "dsp/vad.h"

enum {
    LOOK_AHEAD = 2 * AT_DELTA_REACH, /* frames from a row to its last ingredient */
    RING = 16,                       /* over LOOK_AHEAD behind + 1 + LOOK_AHEAD ahead; 2^k */
    /* A frame, what the denoiser holds back (the block that it delays and the one that is being
     * filled), and the piece that is being taken in. */
    HOLD = AT_FRAME_LEN + 3 * AT_DENOISE_BLOCK + AT_FRAME_HOP,
    JITTER_US = 20000,
};
#define TIME_LIMIT_US INT64_C(10000000000000000)
#define SAMPLE_LIMIT  8.0f
#define SUPPRESS_DB   15.0f

struct at_features {
    at_spectrum *spectrum;
    at_denoise *denoise; /* NULL: off */
    at_level level;
    float gain; /* that the latest hop asks for */
    at_vad vad;
    at_noise noise;

    /* The grid. */
    int started;
    int64_t start_us; /* time of its first sample */
    int64_t taken;    /* samples since then */

    /* Samples from the next frame's first one on. */
    float raw[HOLD], clean[HOLD];
    int n_raw, n_clean;
    int fed;    /* of raw, measured and given to the denoiser */
    int primed; /* the denoiser's delay on this grid is over */

    /* Frames whose rows are not complete, by number on the grid, modulo RING. */
    at_feature_row ring[RING];
    int64_t made, with_delta, emitted;

    /* Rows ready to be pulled. */
    at_feature_row *queue;
    size_t head, ready, capacity;
};

int at_features_create(at_features **out, const at_features_options *o, attune_error *err)
{
    int status;
    *out = NULL;
    at_features *f = at_calloc(1, sizeof *f);
    if (!f)
        return at_fail_nomem(err);
    status = at_spectrum_create(&f->spectrum, err);
    if (status < 0)
        goto fail;
    if (o && o->denoise) {
        float db = o->suppress_db != 0 ? o->suppress_db : SUPPRESS_DB;
        status = at_denoise_create(&f->denoise, db, err);
        if (status < 0)
            goto fail;
    }
    *out = f;
    return ATTUNE_OK;
fail:
    at_features_free(&f);
    return status;
}

void at_features_free(at_features **f)
{
    if (!f || !*f)
        return;
    at_spectrum_free(&(*f)->spectrum);
    at_denoise_free(&(*f)->denoise);
    at_free((*f)->queue);
    at_free(*f);
    *f = NULL;
}

size_t at_features_count(size_t n)
{
    return n < AT_FRAME_LEN ? 0 : 1 + (n - AT_FRAME_LEN) / AT_FRAME_HOP;
}

/* Room for every row that what is held and n more samples can give, so that nothing fails once
 * samples have been taken. */
static int reserve(at_features *f, size_t n)
{
    size_t need = f->ready + RING + n / AT_FRAME_HOP + HOLD / AT_FRAME_HOP + 1;
    if (f->head + need <= f->capacity)
        return ATTUNE_OK;
    if (need > f->capacity) {
        need += need / 2; /* a caller that seldom pulls costs no more than a copy a row */
        at_feature_row *bigger = at_alloc(need, sizeof *bigger);
        if (!bigger)
            return ATTUNE_E_NOMEM;
        if (f->ready)
            memcpy(bigger, f->queue + f->head, f->ready * sizeof *bigger);
        at_free(f->queue);
        f->queue = bigger;
        f->capacity = need;
    } else {
        memmove(f->queue, f->queue + f->head, f->ready * sizeof *f->queue);
    }
    f->head = 0;
    return ATTUNE_OK;
}

/* ---- frames to rows --------------------------------------------------------------------- */

static at_feature_row *frame_at(at_features *f, int64_t i)
{
    return &f->ring[i & (RING - 1)];
}

/* Regression over +-AT_DELTA_REACH frames, the first and the last frame repeated beyond the ends:
 * d_t = sum_k k (c_{t+k} - c_{t-k}) / (2 sum_k k^2). HTK Book 3.4, eq. 5.16. */
static void regress(at_features *f, int64_t t, int64_t last, int from, int to)
{
    float norm = 0;
    float *d = frame_at(f, t)->v + to;
    memset(d, 0, AT_MFCCS * sizeof *d);
    for (int k = 1; k <= AT_DELTA_REACH; k++) {
        const float *after = frame_at(f, t + k < last ? t + k : last)->v + from;
        const float *before = frame_at(f, t - k > 0 ? t - k : 0)->v + from;
        for (int c = 0; c < AT_MFCCS; c++)
            d[c] += (float)k * (after[c] - before[c]);
        norm += 2.0f * (float)(k * k);
    }
    for (int c = 0; c < AT_MFCCS; c++)
        d[c] /= norm;
}

/* Completes what can be: with ended set, all that was made. */
static void complete(at_features *f, int ended)
{
    int wait = ended ? 0 : AT_DELTA_REACH;
    for (; f->with_delta + wait < f->made; f->with_delta++)
        regress(f, f->with_delta, f->made - 1, AT_COL_MFCC, AT_COL_DELTA);
    for (; f->emitted + wait < f->with_delta; f->emitted++) {
        regress(f, f->emitted, f->with_delta - 1, AT_COL_DELTA, AT_COL_DELTA2);
        f->queue[f->head + f->ready++] = *frame_at(f, f->emitted);
    }
}

static float clipped_share(const float *pcm)
{
    int clipped = 0;
    for (int i = 0; i < AT_FRAME_LEN; i++)
        clipped += fabsf(pcm[i]) >= AT_CLIP_LEVEL;
    return (float)clipped / AT_FRAME_LEN;
}

/* raw, clean: AT_FRAME_LEN samples, the same pointer if nothing denoises. */
static void add_frame(at_features *f, const float *raw, const float *clean)
{
    const float floor = AT_POWER_FLOOR / (f->gain * f->gain);
    at_frame frame;
    at_feature_row *row = frame_at(f, f->made);
    row->t_us = f->start_us + f->made * AT_FRAME_HOP_US +
                INT64_C(1000000) * (AT_FRAME_LEN / 2) / AT_SAMPLE_RATE;

    at_spectrum_frame(f->spectrum, raw, &frame);
    row->power = frame.power;
    row->clipped = clipped_share(raw);
    row->is_speech = at_vad_push(&f->vad, frame.band, frame.power,
                                 at_spectrum_periodicity(f->spectrum), floor, &row->speech);
    if (frame.power > floor)
        at_noise_push(&f->noise, frame.band);
    row->noise_power = fmaxf(at_spectrum_band_power(f->spectrum, f->noise.floor), floor);
    /* Words begin softly: the frames just before a start belong to it. */
    for (int64_t i = f->emitted; row->is_speech && i < f->made; i++)
        frame_at(f, i)->is_speech = 1;

    if (clean != raw)
        at_spectrum_frame(f->spectrum, clean, &frame);
    at_spectrum_cepstrum(f->spectrum, frame.band, floor, row->v + AT_COL_LOGMEL,
                         row->v + AT_COL_MFCC);
    row->v[AT_COL_ZCR] = frame.zcr;
    row->v[AT_COL_LOG_ENERGY] = logf(frame.power + floor);
    row->v[AT_COL_VOICING] = at_spectrum_pitch(f->spectrum, &row->v[AT_COL_PITCH]);
    f->made++;
    complete(f, 0);
}

/* ---- samples to frames ------------------------------------------------------------------ */

/* Measures the next hop of raw, gives it to the denoiser and keeps what comes out. Beyond the end
 * of the sound its last sample goes on: a fall to zero would be a sound of its own. */
static void feed_hop(at_features *f)
{
    float hop[AT_FRAME_HOP], steady[AT_FRAME_HOP];
    for (int i = 0; i < AT_FRAME_HOP; i++)
        hop[i] = f->raw[f->fed + i < f->n_raw ? f->fed + i : f->n_raw - 1];
    f->fed = f->fed + AT_FRAME_HOP < f->n_raw ? f->fed + AT_FRAME_HOP : f->n_raw;
    f->gain = at_level_push(&f->level, hop, steady);
    if (!f->denoise)
        return;
    at_denoise_block(f->denoise, f->gain, steady, steady);
    if (f->primed) {
        memcpy(f->clean + f->n_clean, steady, sizeof steady);
        f->n_clean += AT_DENOISE_BLOCK;
    }
    f->primed = 1;
}

static void drop_hop(float *x, int *n)
{
    *n -= AT_FRAME_HOP;
    memmove(x, x + AT_FRAME_HOP, (size_t)*n * sizeof *x);
}

static void make_frames(at_features *f)
{
    if (!f->denoise) {
        for (; f->fed >= AT_FRAME_LEN; f->fed -= AT_FRAME_HOP) {
            add_frame(f, f->raw, f->raw);
            drop_hop(f->raw, &f->n_raw);
        }
        return;
    }
    while (f->n_clean >= AT_FRAME_LEN && f->n_raw >= AT_FRAME_LEN) {
        add_frame(f, f->raw, f->clean);
        drop_hop(f->raw, &f->n_raw);
        drop_hop(f->clean, &f->n_clean);
        f->fed -= AT_FRAME_HOP;
    }
}

static void take(at_features *f, const float *pcm, size_t n)
{
    while (n > 0) {
        size_t piece = n < AT_FRAME_HOP ? n : AT_FRAME_HOP;
        for (size_t i = 0; i < piece; i++) {
            float x = pcm[i];
            f->raw[f->n_raw++] = !isfinite(x) ? 0 : fmaxf(-SAMPLE_LIMIT, fminf(SAMPLE_LIMIT, x));
        }
        while (f->n_raw - f->fed >= AT_FRAME_HOP)
            feed_hop(f);
        make_frames(f);
        f->taken += (int64_t)piece;
        pcm += piece;
        n -= piece;
    }
}

/* For callers that have reserved room. */
static void end_grid(at_features *f)
{
    if (!f->started)
        return;
    /* The rest of raw, and the block that the denoiser holds back. */
    while (f->denoise ? f->n_clean < f->n_raw : f->fed < f->n_raw) {
        feed_hop(f);
        make_frames(f);
    }
    complete(f, 1);
    at_level_break(&f->level);
    f->started = f->primed = 0;
    f->n_raw = f->n_clean = f->fed = 0;
    f->taken = f->made = f->with_delta = f->emitted = 0;
}

static uint64_t samples_in(uint64_t us)
{
    return us / 1000000 * AT_SAMPLE_RATE + us % 1000000 * AT_SAMPLE_RATE / 1000000;
}

int at_features_push(at_features *f, int64_t t_us, const float *pcm, size_t n)
{
    if (t_us < -TIME_LIMIT_US || t_us > TIME_LIMIT_US || (!pcm && n > 0))
        return ATTUNE_E_ARG;
    if (n == 0)
        return ATTUNE_OK;
    int status = reserve(f, n);
    if (status < 0)
        return status;

    if (f->started) {
        int64_t ahead = t_us - (f->start_us + f->taken * 1000000 / AT_SAMPLE_RATE);
        if (ahead < -JITTER_US) {
            uint64_t old = samples_in((uint64_t)-ahead);
            if (old >= n)
                return ATTUNE_OK;
            pcm += old;
            n -= (size_t)old;
        } else if (ahead > JITTER_US) {
            end_grid(f);
        }
    }
    if (!f->started) {
        f->started = 1;
        f->start_us = t_us;
    }
    take(f, pcm, n);
    return ATTUNE_OK;
}

int at_features_finish(at_features *f)
{
    int status = reserve(f, 0);
    if (status < 0)
        return status;
    end_grid(f);
    return ATTUNE_OK;
}

int at_features_next(at_features *f, at_feature_row *row)
{
    if (f->ready == 0)
        return 0;
    *row = f->queue[f->head++];
    if (--f->ready == 0)
        f->head = 0;
    return 1;
}

int at_features_extract(const float *pcm, size_t n, const at_features_options *o,
                        at_feature_row **rows, size_t *n_rows, attune_error *err)
{
    at_features *f = NULL;
    *rows = NULL;
    *n_rows = 0;
    int status = at_features_create(&f, o, err);
    if (status < 0)
        return status;
    size_t count = at_features_count(n), got = 0;
    at_feature_row *all = at_alloc(count, sizeof *all);
    status = all ? at_features_push(f, 0, pcm, n) : ATTUNE_E_NOMEM;
    if (status == ATTUNE_OK)
        status = at_features_finish(f);
    if (status < 0) {
        status = status == ATTUNE_E_NOMEM ? at_fail_nomem(err)
                                          : at_fail(err, status, "no samples to analyse");
        at_free(all);
        goto done;
    }
    while (got < count && at_features_next(f, &all[got]))
        got++;
    *rows = all;
    *n_rows = got;
done:
    at_features_free(&f);
    return status;
}
