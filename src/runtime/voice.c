/* voice.c - the voice modality: feature rows of what is heard, and what the speech of a window says.
 *
 * A ring holds the rows that windows to come may need. A window's rows are cut to the stretch with
 * speech, normalised as in training, and go through the network once.
 */
#include "base/error.h"
#include "base/mem.h"
#include "dsp/functionals.h"
#include "dsp/vad.h"
#include "runtime/modality.h"
#include "runtime/ramp.h"
#include "runtime/voice.h"

#include <math.h>
#include <string.h>

typedef struct at_voice_stream {
    at_setting setting;
    at_features *features;
    at_graph *graph;

    at_feature_row *row; /* ring */
    size_t rows_max, row_first, rows;
    int64_t needed_us; /* rows before this are for no window */

    size_t window_max;
    at_feature_row *window; /* (window_max) rows of a window, in order */
    float *x;               /* (window_max x AT_FEATURE_COLS) */
    unsigned char *speech;  /* (window_max) */
    float *scratch;         /* (window_max x AT_FUNCTIONALS_SCRATCH) */
    at_voice_quality quality;
    size_t gathered;   /* rows of the latest window */
    int64_t *heard_us; /* (window_max) of all of them */
    float *heard;      /* (window_max) whether they are speech */
    int64_t *times;    /* (window_max) of the tokens */
    at_audio_result result;
} at_voice_stream;

/* ---- open and free ------------------------------------------------------------------------ */

static void voice_free(void **self)
{
    at_voice_stream *v = *self;

    if (!v)
        return;
    at_graph_free(&v->graph);
    at_features_free(&v->features);
    at_free(v->row);
    at_free(v->window);
    at_free(v->x);
    at_free(v->speech);
    at_free(v->scratch);
    at_free(v->times);
    at_free(v->heard_us);
    at_free(v->heard);
    at_free(v);
    *self = NULL;
}

/* While a window waits, nothing is more than a window and the lag old, and one push may come on
 * top (a margin covers rounding and rows that the features still hold). */
static int make_ring(at_voice_stream *v)
{
    const attune_options *o = v->setting.o;

    v->rows_max = (size_t)((o->window_s + o->lag_s) * AT_FRAMES_PER_S) +
                  ATTUNE_MAX_PUSH / AT_FRAME_HOP + 16;
    v->window_max = (size_t)(o->window_s * AT_FRAMES_PER_S) + 2;
    v->row = at_calloc(v->rows_max, sizeof *v->row);
    v->window = at_calloc(v->window_max, sizeof *v->window);
    v->x = at_calloc(v->window_max * AT_FEATURE_COLS, sizeof *v->x);
    v->speech = at_calloc(v->window_max, 1);
    v->scratch = at_calloc(v->window_max * AT_FUNCTIONALS_SCRATCH, sizeof *v->scratch);
    v->times = at_calloc(v->window_max, sizeof *v->times);
    v->heard_us = at_calloc(v->window_max, sizeof *v->heard_us);
    v->heard = at_calloc(v->window_max, sizeof *v->heard);
    return v->row && v->window && v->x && v->speech && v->scratch && v->times && v->heard_us &&
                   v->heard
               ? ATTUNE_OK
               : ATTUNE_E_NOMEM;
}

static int voice_open(void **self, const at_setting *s, attune_error *err)
{
    at_features_options options = {.denoise = 1};
    at_voice_stream *v = at_calloc(1, sizeof *v);
    int rc;

    *self = v;
    if (!v)
        return at_fail_nomem(err);
    v->setting = *s;
    v->needed_us = INT64_MIN;
    rc = make_ring(v) < 0 ? at_fail_nomem(err) : at_features_create(&v->features, &options, err);
    if (rc == ATTUNE_OK)
        rc = at_graph_create(&v->graph, s->pool, s->model->kn, err);
    if (rc < 0)
        voice_free(self);
    return rc;
}

/* ---- listening ---------------------------------------------------------------------------- */

static const at_feature_row *row_at(const at_voice_stream *v, size_t i)
{
    return &v->row[(v->row_first + i) % v->rows_max];
}

static int pull_rows(at_voice_stream *v, int64_t *head_us)
{
    at_feature_row row;
    int rc;

    while ((rc = at_features_next(v->features, &row)) == 1) {
        if (row.t_us + AT_FRAME_HOP_US > *head_us)
            *head_us = row.t_us + AT_FRAME_HOP_US;
        if (row.t_us < v->needed_us || v->rows == v->rows_max)
            continue; /* too late for any window; the ring was checked to have room */
        v->row[(v->row_first + v->rows) % v->rows_max] = row;
        v->rows++;
    }
    return rc;
}

static int voice_push(void *self, int64_t t_us, const float *pcm, size_t n, int64_t *head_us)
{
    at_voice_stream *v = self;
    int rc;

    if (v->rows + n / AT_FRAME_HOP + 8 > v->rows_max)
        return ATTUNE_E_STATE;
    rc = at_features_push(v->features, t_us, pcm, n);
    return rc < 0 ? rc : pull_rows(v, head_us);
}

static int voice_finish(void *self, int64_t *head_us)
{
    at_voice_stream *v = self;
    int rc = at_features_finish(v->features);

    return rc < 0 ? rc : pull_rows(v, head_us);
}

static void voice_forget_before(void *self, int64_t t_us)
{
    at_voice_stream *v = self;

    v->needed_us = t_us;
    while (v->rows > 0 && row_at(v, 0)->t_us < t_us) {
        v->row_first = (v->row_first + 1) % v->rows_max;
        v->rows--;
    }
}

/* ---- a window ------------------------------------------------------------------------------ */

float at_voice_quality_figure(float clear, float clipped_share, float voice_like)
{
    float sound = fminf(clear, at_ramp(clipped_share, 0.2f, 0.01f));

    return fminf(sound, at_ramp(voice_like, 0.4f, 0.7f));
}

static size_t gather(at_voice_stream *v, int64_t start_us, int64_t end_us)
{
    size_t n = 0;

    for (size_t i = 0; i < v->rows && n < v->window_max; i++) {
        const at_feature_row *row = row_at(v, i);
        if (row->t_us >= start_us && row->t_us < end_us)
            v->window[n++] = *row;
    }
    return n;
}

/* The network's answer to rows of which some are speech. */
static int listen(at_voice_stream *v, size_t n)
{
    float functionals[AT_FUNCTIONALS];
    size_t from, to;
    float *x;
    int rc;

    at_features_trim(v->speech, n, &from, &to);
    x = v->x + from * AT_FEATURE_COLS;
    at_functionals(x, to - from, v->speech + from, v->scratch, functionals);
    at_features_normalise(x, to - from, v->speech + from);
    rc = at_audio_run(v->setting.model->audio, v->graph, x, (int)(to - from), functionals,
                      &v->result);
    for (int i = 0; rc == ATTUNE_OK && i < v->result.tokens; i++)
        v->times[i] = v->window[from + (size_t)i * AT_AUDIO_STRIDE].t_us;
    return rc;
}

static int voice_collect(void *self, int64_t start_us, int64_t end_us, at_finding *out)
{
    at_voice_stream *v = self;
    size_t n = gather(v, start_us, end_us), spoken = 0;
    size_t expected = (size_t)((end_us - start_us) / AT_FRAME_HOP_US);
    int rc;

    v->gathered = n;
    if (n == 0)
        return 0;
    at_voice_quality_of(v->window, n, &v->quality);
    at_features_flatten(v->window, n, v->x, v->speech);
    for (size_t i = 0; i < n; i++) {
        spoken += v->speech[i];
        v->heard_us[i] = v->window[i].t_us;
        v->heard[i] = v->window[i].speech;
    }
    if (!v->setting.model->audio || spoken < AT_SPEECH_ROWS_MIN)
        return 0;
    rc = listen(v, n);
    if (rc < 0)
        return rc;
    *out = (at_finding){.activity = {(int)n, v->heard_us, v->heard},
                        .evidence = {
                            .present = 1,
                            .embedding = v->result.embedding,
                            .logit = v->result.expression,
                            .tokens = {v->result.tokens, AT_AUDIO_TOKEN, v->result.token, v->times},
                            .quality = at_voice_quality_figure(
                                v->quality.clear, v->quality.clipped_share, v->quality.voice_like),
                            .share = fminf((float)spoken / (float)(expected ? expected : 1), 1),
                        }};
    return 1;
}

/* Share of the window's last hop with speech. */
static float spoken_lately(const at_voice_stream *v, int64_t since_us, int64_t end_us)
{
    size_t spoken = 0;

    for (size_t i = 0; i < v->gathered; i++)
        spoken += v->window[i].t_us >= since_us && v->speech[i];
    return fminf((float)(spoken * AT_FRAME_HOP_US) / (float)(end_us - since_us), 1);
}

/* Sound was measured whether or not there was enough speech in it. */
static void voice_describe(const void *self, int i, attune_window *w)
{
    const at_voice_stream *v = self;

    (void)i;
    if (!v->gathered)
        return;
    w->quality.snr_db = v->quality.snr_db;
    w->quality.speech_share = v->quality.speech_share;
    w->seen[ATTUNE_VOICE] = spoken_lately(v, at_hop_start(v->setting.o, w), w->end_us);
}

/* Its rows hang on the denoiser, which gives nobody its state: they are made again. */
static void voice_keep(void *self, at_keep *k)
{
    at_voice_stream *v = self;

    at_keep_start(k, &v->needed_us);
}

const at_modality at_voice_modality = {
    .name = "voice",
    .input = AT_SOUND,
    .open = voice_open,
    .free = voice_free,
    .push_sound = voice_push,
    .finish = voice_finish,
    .forget_before = voice_forget_before,
    .collect = voice_collect,
    .describe = voice_describe,
    .keep = voice_keep,
};
