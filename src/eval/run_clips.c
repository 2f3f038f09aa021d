/* run_clips.c - clips, each through a session of its own. */
#include "data/loading.h"
#include "eval/classes.h"
#include "eval/grade.h"
#include "eval/run.h"
#include "runtime/analyze.h"

#include <math.h>
#include <string.h>

_Static_assert(sizeof(attune_quality) % sizeof(float) == 0, "an array of floats");
enum { MEASURES = sizeof(attune_quality) / sizeof(float) };

/* Sums over a clip's windows that were not withheld; what is measured, over all. */
typedef struct clip_sum {
    at_answer sum;
    float measured[MEASURES];
    int measurements[MEASURES];
    float emotion7[ATTUNE_EMOTIONS], engagement3[ATTUNE_ENGAGEMENTS];
    int windows, kept, states; /* states: of those kept, windows with a learning state */
} clip_sum;

static void add(float *sum, const float *x, int n)
{
    for (int i = 0; i < n; i++)
        sum[i] += x[i];
}

static void add_measured(clip_sum *s, const attune_quality *q)
{
    const float *x = (const float *)(const void *)q;
    for (int i = 0; i < MEASURES; i++)
        if (isfinite(x[i])) {
            s->measured[i] += x[i];
            s->measurements[i]++;
        }
}

static at_grade grade_of(const clip_sum *s)
{
    attune_quality mean;
    float *x = (float *)(void *)&mean;
    for (int i = 0; i < MEASURES; i++)
        x[i] = s->measurements[i] ? s->measured[i] / (float)s->measurements[i] : NAN;
    return at_grade_of_clip(&mean);
}

static int on_window(void *user, const attune_window *w)
{
    clip_sum *s = user;
    s->windows++;
    add_measured(s, &w->quality);
    if (w->abstain)
        return 0;
    s->kept++;
    add(s->emotion7, w->emotion7, ATTUNE_EMOTIONS);
    add(s->sum.reliability, w->reliability, ATTUNE_MODALITIES);
    add(s->sum.condition, w->condition, ATTUNE_MODALITIES);
    if (w->has_state) {
        s->states++;
        add(s->sum.state[0], w->state4[0], ATTUNE_STATES * ATTUNE_LEVELS);
        add(s->engagement3, w->engagement3, ATTUNE_ENGAGEMENTS);
    }
    return 0;
}

static void mean(float *out, const float *sum, int n, int count)
{
    for (int i = 0; i < n; i++)
        out[i] = sum[i] / (float)count;
}

static void fill_answer(const clip_sum *s, at_head head, at_answer *a)
{
    const int levels = head == AT_HEAD_STATE4 || head == AT_HEAD_DOMINANT4;
    const int states = levels || head == AT_HEAD_ENGAGEMENT3;
    a->grade = grade_of(s);
    a->outcome = AT_WITHHELD;
    a->why = s->windows == 0 ? "no window" : s->kept == 0 ? "every window withheld" : "no face";
    if ((states ? s->states : s->kept) == 0)
        return;
    a->outcome = AT_ANSWERED;
    mean(a->reliability, s->sum.reliability, ATTUNE_MODALITIES, s->kept);
    mean(a->condition, s->sum.condition, ATTUNE_MODALITIES, s->kept);
    if (head == AT_HEAD_EMOTION7)
        mean(a->p, s->emotion7, ATTUNE_EMOTIONS, s->kept);
    if (head == AT_HEAD_ENGAGEMENT3)
        mean(a->p, s->engagement3, ATTUNE_ENGAGEMENTS, s->states);
    if (levels) {
        mean(a->state[0], s->sum.state[0], ATTUNE_STATES * ATTUNE_LEVELS, s->states);
        at_state_shares(a);
    }
}

/* ---- degraded on its way -------------------------------------------------------------------- */

typedef struct damage {
    const at_run_context *r;
    uint64_t number; /* of the clip */
    at_surroundings around;
    at_clip_harms *harms;
} damage;

static int open_damage(void *user, const char *path, const at_media_options *o, attune_error *err)
{
    damage *d = user;
    const at_weight_source detector = at_weights_source(d->r->weights);
    return at_clip_harms_open(&d->harms, &d->r->options->harms, d->number, &d->around.sources,
                              &detector, path, o, err);
}

static int damage_packet(void *user, at_media_packet *p, attune_error *err)
{
    damage *d = user;
    return at_clip_harms_apply(d->harms, p, err);
}

/* Tells the sink of the clip's fullest window. */
typedef struct telling {
    const at_evidence_sink *sink;
    int number, status;
    float most;
} telling;

static void tell(void *user, const at_evidence *evidence, const attune_window *w)
{
    telling *t = user;
    float share = 0;
    (void)w;
    for (int m = 0; m < ATTUNE_MODALITIES; m++)
        share += evidence[m].present ? evidence[m].share : 0;
    if (!(share > t->most))
        return;
    t->most = share;
    for (int m = 0; m < ATTUNE_MODALITIES && !t->status; m++)
        t->status = t->sink->take(t->sink->user, t->number, m, &evidence[m]);
}

/* told: which clip it is, and to whom it is told. */
static int analyze(const at_run_context *r, const at_sample *s, telling *told,
                   const attune_options *o, const attune_sink *sink, attune_error *err)
{
    const int harmed = r->options->harms.count > 0;
    damage d = {.r = r, .number = (uint64_t)told->number};
    const at_analyze_change change = {
        .open = harmed ? open_damage : NULL,
        .packet = harmed ? damage_packet : NULL,
        .user = &d,
        .watch = {.asked = told->sink ? tell : NULL, .user = told},
    };
    at_surround_of(r->surround, s, &d.around);
    int status = at_analyze_changed(r->model, s->path, o, sink, &change, NULL, err);
    at_clip_harms_free(&d.harms);
    return status;
}

/* ---- a stretch of clips --------------------------------------------------------------------- */

typedef struct batch {
    const at_run_context *r;
    const at_corpus *some;
    int first;
    at_answer *answer;
    at_loading loading; /* what is not a clip's own failure ends it */
} batch;

static void judge_task(void *arg, int task, int thread)
{
    batch *b = arg;
    const at_run_options *o = b->r->options;
    const attune_options options = {.threads = 1,
                                    .no_video = (o->without >> ATTUNE_FACE) & 1,
                                    .no_audio = (o->without >> ATTUNE_VOICE) & 1};
    clip_sum sum = {0};
    const attune_sink sink = {.user = &sum, .window = on_window};
    const at_sample *s = &b->some->list[task];
    telling told = {.sink = o->evidence, .number = b->first + task};
    attune_error why = {0};
    (void)thread;
    if (at_loading_status(&b->loading, NULL) < 0)
        return;
    int status = analyze(b->r, s, &told, &options, &sink, &why);
    status = status ? status : told.status;
    if (at_loading_ends(s->path, status))
        at_loading_note(&b->loading, status, &why);
    else if (status == ATTUNE_OK)
        fill_answer(&sum, b->r->head, &b->answer[task]);
}

static int open_clips(void **state, const at_run_context *r, attune_error *err)
{
    *state = NULL;
    (void)r;
    (void)err;
    return ATTUNE_OK;
}

static int answer_clips(void *state, const at_run_context *r, const at_corpus *some, int first,
                        at_answer *answer, attune_error *err)
{
    batch b = {.r = r, .some = some, .first = first, .answer = answer};
    (void)state;
    at_pool_run(r->pool, some->count, judge_task, &b);
    return at_loading_status(&b.loading, err);
}

static void close_clips(void *state, const at_run_context *r)
{
    (void)state;
    (void)r;
}

const at_run_kind at_run_clips = {-1, 0, open_clips, answer_clips, close_clips};
