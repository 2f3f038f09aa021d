#include "runtime/session.h"

#include "base/error.h"
#include "base/mem.h"

#include <limits.h>
#include <math.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

static const int64_t second_us = 1000000;
static const int64_t latest_us = INT64_C(1000000000000000); /* 31 years */

/* How much too early a frame may be for its period, for the sake of rounded times; the reader of
 * files has the same rule. */
static const int64_t early_us = 1000;

/* ---- open and free ------------------------------------------------------------------------ */

static int check_range(double v, double lo, double hi, const char *name, attune_error *err)
{
    if (v >= lo && v <= hi)
        return ATTUNE_OK;
    return at_fail(err, ATTUNE_E_ARG, "%s is %g, not from %g to %g", name, v, lo, hi);
}

static int fill_options(attune_session *s, const attune_options *o, attune_error *err)
{
    attune_options *f = &s->o;
    int rc;

    *f = o ? *o : (attune_options){0};
    f->rate = f->rate == 0 ? ATTUNE_DEFAULT_RATE : f->rate;
    f->window_s = f->window_s == 0 ? ATTUNE_DEFAULT_WINDOW_S : f->window_s;
    f->hop_s = f->hop_s == 0 ? fmin(ATTUNE_DEFAULT_HOP_S, f->window_s) : f->hop_s;
    f->lag_s = f->lag_s == 0 ? ATTUNE_DEFAULT_LAG_S : f->lag_s;
    f->max_tracks = f->max_tracks == 0 ? 1 : f->max_tracks;
    if ((rc = check_range(f->rate, 0.1, 60, "rate", err)) < 0 ||
        (rc = check_range(f->window_s, 0.5, 30, "window_s", err)) < 0 ||
        (rc = check_range(f->hop_s, 0.05, f->window_s, "hop_s", err)) < 0 ||
        (rc = check_range(f->lag_s, 0, 30, "lag_s", err)) < 0 ||
        (rc = check_range(f->max_tracks, 1, ATTUNE_MAX_TRACKS, "max_tracks", err)) < 0 ||
        (rc = check_range(f->threads, 0, 1024, "threads", err)) < 0)
        return rc;
    if (f->no_video && f->no_audio)
        return at_fail(err, ATTUNE_E_ARG, "neither video nor audio: nothing to analyse");
    s->window_us = llround(f->window_s * 1e6);
    s->hop_us = llround(f->hop_s * 1e6);
    s->lag_us = llround(f->lag_s * 1e6);
    s->max_tracks = f->max_tracks;
    return ATTUNE_OK;
}

/* While a window waits, nothing is more than a window and the lag old, and one push may come on
 * top (a margin covers rounding and rows that the features still hold). */
static int make_rings(attune_session *s)
{
    double span = s->o.window_s + s->o.lag_s;
    size_t window_rows = (size_t)(s->o.window_s * AT_FRAMES_PER_S) + 2;

    s->frames_max = (int)(span * s->o.rate) + 4;
    s->rows_max = (size_t)(span * AT_FRAMES_PER_S) + ATTUNE_MAX_PUSH / AT_FRAME_HOP + 16;
    s->frame = at_calloc((size_t)s->frames_max, sizeof *s->frame);
    s->sighting = at_calloc((size_t)s->frames_max * (size_t)s->max_tracks, sizeof *s->sighting);
    s->row = at_calloc(s->rows_max, sizeof *s->row);
    s->window_rows = at_calloc(window_rows, sizeof *s->window_rows);
    s->window_x = at_calloc(window_rows * AT_FEATURE_COLS, sizeof *s->window_x);
    s->window_speech = at_calloc(window_rows, 1);
    return s->frame && s->sighting && s->row && s->window_rows && s->window_x && s->window_speech
               ? ATTUNE_OK
               : ATTUNE_E_NOMEM;
}

/* The tracks' numbers shall not tell one recording from another. */
static at_rng track_numbers(uint64_t seed)
{
    at_rng rng;

    if (!seed && getrandom(&seed, sizeof seed, 0) != (ssize_t)sizeof seed)
        seed = (uint64_t)time(NULL);
    at_rng_seed(&rng, seed, 0);
    return rng;
}

static int open_vision(attune_session *s, attune_error *err)
{
    at_weight_source source = at_weights_source(s->m->weights);
    at_track_options track = {.max_tracks = s->max_tracks};
    at_rng rng = track_numbers(s->o.seed);

    at_tracker_init(&s->tracker, &track, &rng);
    if (s->m->visual) {
        size_t floats = at_visual_workspace(s->m->visual, s->pool, AT_FACE_SIDE);
        s->visual_work = at_alloc(floats, sizeof *s->visual_work);
        if (!s->visual_work)
            return at_fail_nomem(err);
    }
    if (!s->m->has_detector)
        return ATTUNE_OK;
    return at_detector_create(&s->detector, &source, s->pool, s->m->kn, NULL, err);
}

static int open_hearing(attune_session *s, attune_error *err)
{
    at_features_options options = {.denoise = 1};
    int rc = at_features_create(&s->features, &options, err);

    return rc < 0 ? rc : at_graph_create(&s->graph, s->pool, s->m->kn, err);
}

int attune_session_open(attune_session **out, const attune_model *m, const attune_options *o,
                        attune_error *err)
{
    attune_session *s = at_calloc(1, sizeof *s);
    int rc;

    *out = NULL;
    if (!s)
        return at_fail_nomem(err);
    s->m = m;
    s->last_period = -1;
    if ((rc = fill_options(s, o, err)) < 0)
        goto fail;
    s->video.absent = s->o.no_video;
    s->audio.absent = s->o.no_audio;
    if (make_rings(s) < 0) {
        rc = at_fail_nomem(err);
        goto fail;
    }
    if ((rc = at_pool_create(&s->pool, s->o.threads, err)) < 0 ||
        (!s->o.no_video && (rc = open_vision(s, err)) < 0) ||
        (!s->o.no_audio && (rc = open_hearing(s, err)) < 0))
        goto fail;
    *out = s;
    return ATTUNE_OK;

fail:
    attune_session_free(&s);
    return rc;
}

void attune_session_free(attune_session **out)
{
    attune_session *s = *out;

    if (!s)
        return;
    at_graph_free(&s->graph);
    at_features_free(&s->features);
    at_detector_free(&s->detector);
    at_image_free(&s->aligned);
    at_pool_free(&s->pool);
    at_free(s->visual_work);
    at_free(s->frame);
    at_free(s->sighting);
    at_free(s->row);
    at_free(s->window_rows);
    at_free(s->window_x);
    at_free(s->window_speech);
    at_free(s);
    *out = NULL;
}

/* ---- time --------------------------------------------------------------------------------- */

static int64_t first_us(const attune_session *s)
{
    if (!s->video.started)
        return s->audio.first_us;
    if (!s->audio.started)
        return s->video.first_us;
    return s->video.first_us < s->audio.first_us ? s->video.first_us : s->audio.first_us;
}

static int64_t end_us(const attune_session *s)
{
    return s->video.end_us > s->audio.end_us ? s->video.end_us : s->audio.end_us;
}

/* Whether nothing more is expected of a stream before t. */
static int passed(const attune_session *s, const at_stream *stream, const at_stream *other,
                  int64_t t)
{
    if (stream->absent || s->finished || (stream->started && stream->head_us >= t))
        return 1;
    return other->started && other->head_us >= t + s->lag_us;
}

/* The end of the next window, 0 if it cannot be made yet (or there is none). */
static int64_t next_end(const attune_session *s)
{
    int64_t end, last;

    if (!s->video.started && !s->audio.started)
        return 0;
    end = s->next_end_us;
    if (!end)
        end = (first_us(s) / s->hop_us + 1) * s->hop_us;
    if (!passed(s, &s->video, &s->audio, end) || !passed(s, &s->audio, &s->video, end))
        return 0;
    last = end_us(s);
    if (!s->finished || end <= last)
        return end;
    /* What is left after the last full hop. */
    if (s->last_made || (s->next_end_us && last - (end - s->hop_us) < s->hop_us / 2))
        return 0;
    return last;
}

static int64_t window_start(const attune_session *s, int64_t end)
{
    int64_t start = end - s->window_us;

    return start < s->origin_us ? s->origin_us : start;
}

/* Start of what windows to come can reach back to. */
static int64_t needed_from(const attune_session *s)
{
    return s->next_end_us ? window_start(s, s->next_end_us) : INT64_MIN;
}

static void forget_before(attune_session *s, int64_t t)
{
    while (s->frames > 0 && at_session_frame(s, 0)->t_us < t) {
        s->frame_first = (s->frame_first + 1) % s->frames_max;
        s->frames--;
    }
    while (s->rows > 0 && at_session_row(s, 0)->t_us < t) {
        s->row_first = (s->row_first + 1) % s->rows_max;
        s->rows--;
    }
}

static void move_on(at_stream *stream, int64_t t, int64_t head, int64_t end)
{
    if (!stream->started) {
        stream->started = 1;
        stream->first_us = t;
    }
    stream->head_us = head;
    stream->end_us = end > stream->end_us ? end : stream->end_us;
}

/* ---- pushing ------------------------------------------------------------------------------ */

static int check_frame(const attune_session *s, int64_t t_us, const uint8_t *rgb, int w, int h,
                       ptrdiff_t stride)
{
    if (!rgb || w < 1 || h < 1 || w > AT_IMAGE_MAX_SIDE || h > AT_IMAGE_MAX_SIDE ||
        stride < 3 * (ptrdiff_t)w || t_us < 0 || t_us > latest_us || s->o.no_video ||
        (s->video.started && t_us < s->video.head_us))
        return ATTUNE_E_ARG;
    return s->finished ? ATTUNE_E_STATE : ATTUNE_OK;
}

/* A frame lasts until the next one; the last one as long as the one before it, but no longer
 * than frames are apart when they are analysed. */
static int64_t frame_end(const attune_session *s, int64_t t)
{
    int64_t period = llround(1e6 / s->o.rate);
    int64_t since = s->video.started ? t - s->video.head_us : period;

    return t + (since < period ? since : period);
}

int attune_session_push_video(attune_session *s, int64_t t_us, const uint8_t *rgb, int w, int h,
                              ptrdiff_t stride)
{
    int64_t period;
    at_image image;
    int rc = check_frame(s, t_us, rgb, w, h, stride);

    if (rc < 0)
        return rc;
    period = (int64_t)((double)(t_us + early_us) * s->o.rate / (double)second_us);
    if (period > s->last_period && t_us >= needed_from(s)) {
        if (s->frames == s->frames_max)
            return ATTUNE_E_STATE;
        image = at_image_borrow(rgb, w, h, 3, stride);
        rc = at_session_see(s, t_us, &image);
        if (rc < 0)
            return rc;
        s->last_period = period;
    }
    move_on(&s->video, t_us, t_us, frame_end(s, t_us));
    return ATTUNE_OK;
}

static int pull_rows(attune_session *s)
{
    at_feature_row row;
    int64_t needed = needed_from(s);
    int rc;

    while ((rc = at_features_next(s->features, &row)) == 1) {
        if (row.t_us + AT_FRAME_HOP_US > s->audio.head_us)
            s->audio.head_us = row.t_us + AT_FRAME_HOP_US;
        if (row.t_us < needed || s->rows == s->rows_max)
            continue; /* too late for any window; the ring was checked to have room */
        s->row[(s->row_first + s->rows) % s->rows_max] = row;
        s->rows++;
    }
    return rc;
}

int attune_session_push_audio(attune_session *s, int64_t t_us, const float *pcm, size_t n)
{
    int64_t end = t_us + (int64_t)n * second_us / AT_SAMPLE_RATE;
    int rc;

    if ((!pcm && n) || n > ATTUNE_MAX_PUSH || t_us < 0 || t_us > latest_us || s->o.no_audio)
        return ATTUNE_E_ARG;
    if (s->finished || s->rows + n / AT_FRAME_HOP + 8 > s->rows_max)
        return ATTUNE_E_STATE;
    if (n == 0)
        return ATTUNE_OK;
    rc = at_features_push(s->features, t_us, pcm, n);
    if (rc < 0)
        return rc;
    move_on(&s->audio, t_us, s->audio.head_us, end);
    rc = pull_rows(s);
    return rc < 0 ? rc : ATTUNE_OK;
}

int attune_session_finish(attune_session *s)
{
    int rc = ATTUNE_OK;

    if (s->finished)
        return ATTUNE_OK;
    if (s->audio.started) {
        rc = at_features_finish(s->features);
        if (rc == ATTUNE_OK)
            rc = pull_rows(s);
    }
    s->finished = 1;
    return rc < 0 ? rc : ATTUNE_OK;
}

/* ---- pulling ------------------------------------------------------------------------------ */

int attune_session_next(attune_session *s, attune_window *out)
{
    int64_t end;
    int rc;

    if (s->next_ready == s->n_ready) {
        end = next_end(s);
        if (!end)
            return 0;
        if (!s->next_end_us)
            s->origin_us = first_us(s) / s->hop_us * s->hop_us;
        rc = at_session_make_windows(s, window_start(s, end), end);
        if (rc < 0)
            return rc;
        s->next_ready = 0;
        s->last_made = s->finished && end == end_us(s);
        s->next_end_us = (end / s->hop_us + 1) * s->hop_us;
        forget_before(s, needed_from(s));
    }
    *out = s->ready[s->next_ready++];
    return 1;
}

void attune_session_counts(const attune_session *s, attune_counts *out)
{
    *out = s->counts;
    out->end_us = end_us(s);
}
