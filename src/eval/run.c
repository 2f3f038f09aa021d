#include "eval/run.h"

#include "base/error.h"
#include "base/progress.h"
#include "dsp/features.h"
#include "model/ranges.h"

#include <stdlib.h>
#include <string.h>

/* In the order of at_sample_kind. */
static const at_run_kind *const kinds[] = {&at_run_pictures, &at_run_sounds, &at_run_clips};
enum { KINDS = sizeof kinds / sizeof *kinds };

/* ---- which samples go where ------------------------------------------------------------------ */

/* Whose answer a sample gets: RAVDESS's classes are the voice network's, so of a clip its sound. */
static int kind_of(const at_sample *s, at_head head)
{
    at_sample_kind kind = at_sample_kind_of(s);
    return head == AT_HEAD_VOICE8 && kind == AT_CLIP ? AT_SOUND : (int)kind;
}

/* A kind has no answer for a head of the other stream, nor when its own stream is left out. */
static const char *out_of_place(const at_run_kind *kind, at_head head, unsigned without)
{
    int modality = head == AT_HEAD_EMOTION7 ? -1 : head == AT_HEAD_VOICE8;
    if (modality < 0)
        modality = kind->modality;
    if (kind->modality >= 0 && kind->modality != modality)
        return "the other stream's labels";
    if (modality >= 0 && without & 1u << modality)
        return "that stream is left out";
    if (kind == &at_run_clips && (head == AT_HEAD_FACE8 || head == AT_HEAD_FACE7))
        return "labels of pictures";
    return NULL;
}

int at_run_touches(const at_corpus *c, const at_run_options *o, at_degrade_kind kind)
{
    const int sound = kind >= AT_DEGRADE_PICTURES, stream = sound ? ATTUNE_VOICE : ATTUNE_FACE;
    const at_sample_kind other = sound ? AT_PICTURE : AT_SOUND;
    for (int i = 0; i < c->count && !(o->without & 1u << stream); i++) {
        const int k = kind_of(&c->list[i], c->head);
        if (k != (int)other && !out_of_place(kinds[k], c->head, o->without))
            return 1;
    }
    return 0;
}

/* A degradation that nothing would show would make clean figures look like degraded ones. */
static int check_harms(const at_corpus *c, const at_run_options *o, attune_error *err)
{
    float nothing[AT_SAMPLE_RATE / 50] = {0};
    if (at_harms_have(&o->harms, AT_DEGRADE_OPUS)) {
        const int status = at_media_recode_sound(nothing, AT_SAMPLE_RATE / 50, 16000, err);
        if (status < 0) /* there is no encoder, which is no fault of a sample's */
            return status;
    }
    for (int i = 0; i < o->harms.count; i++) {
        const at_degrade_kind kind = o->harms.list[i].kind;
        if (!at_run_touches(c, o, kind))
            return at_fail(err, ATTUNE_E_ARG, "%s: no %s is judged that it could degrade",
                           at_degradations[kind].name,
                           kind < AT_DEGRADE_PICTURES ? "picture" : "sound");
        if (kind == AT_DEGRADE_NOISES && !o->noise)
            return at_fail(err, ATTUNE_E_ARG, "%s: needs a folder of recordings (--noise)",
                           at_degradations[kind].name);
    }
    return ATTUNE_OK;
}

/* The samples of one kind: borrowed copies, and their numbers in the corpus. */
typedef struct share {
    at_corpus some;
    int *slot;
} share;

static int share_make(share *s, const at_corpus *c, int kind)
{
    s->some = *c;
    s->some.count = 0;
    s->some.list = malloc(((size_t)c->count + 1) * sizeof *s->some.list);
    s->slot = malloc(((size_t)c->count + 1) * sizeof *s->slot);
    if (!s->some.list || !s->slot)
        return ATTUNE_E_NOMEM;
    for (int i = 0; i < c->count; i++)
        if (kind_of(&c->list[i], c->head) == kind) {
            s->slot[s->some.count] = i;
            s->some.list[s->some.count++] = c->list[i];
        }
    return ATTUNE_OK;
}

static void share_free(share *s)
{
    free(s->some.list);
    free(s->slot);
}

/* ---- running ---------------------------------------------------------------------------------- */

typedef struct run {
    at_run_context context;
    const at_corpus *corpus;
    at_answer *answer;
    at_progress progress;
    int done;
} run;

static void tell_done(run *r, int more)
{
    const at_run_options *o = r->context.options;
    r->done += more;
    at_progress_update(&r->progress, r->done, r->corpus->count, NULL);
    if (o->progress)
        o->progress(o->user, r->done, r->corpus->count);
}

static void withhold(run *r, const share *s, const char *why)
{
    for (int i = 0; i < s->some.count; i++) {
        r->answer[s->slot[i]].outcome = AT_WITHHELD;
        r->answer[s->slot[i]].why = why;
    }
    tell_done(r, s->some.count);
}

static int answer_stretch(run *r, const share *s, const at_run_kind *kind, void *state, int first,
                          int n, attune_error *err)
{
    at_corpus some = s->some;
    some.list += first;
    some.count = n;
    at_answer *answer = calloc((size_t)n, sizeof *answer);
    if (!answer)
        return at_fail_nomem(err);
    int status = kind->answer(state, &r->context, &some, first, answer, err);
    for (int i = 0; i < n && status == ATTUNE_OK; i++)
        r->answer[s->slot[first + i]] = answer[i];
    free(answer);
    tell_done(r, n);
    return status;
}

static int answer_share(run *r, const share *s, const at_run_kind *kind, attune_error *err)
{
    const at_run_options *o = r->context.options;
    const char *why = out_of_place(kind, r->context.head, o->without);
    void *state = NULL;
    if (why) {
        withhold(r, s, why);
        return ATTUNE_OK;
    }
    int status = kind->open(&state, &r->context, err);
    int stretch = kind->stretch ? kind->stretch : 4 * at_pool_threads(r->context.pool);
    for (int first = 0; first < s->some.count && status == ATTUNE_OK; first += stretch) {
        int left = s->some.count - first;
        status = answer_stretch(r, s, kind, state, first, left < stretch ? left : stretch, err);
        if (status == ATTUNE_OK && o->stop && o->stop(o->user))
            status = at_fail(err, ATTUNE_E_INTERRUPTED, "interrupted");
    }
    kind->close(state, &r->context);
    return status;
}

static int answer_all(run *r, attune_error *err)
{
    int status = ATTUNE_OK;
    at_progress_start(&r->progress, "evaluating", r->context.options->quiet);
    for (int k = 0; k < KINDS && status == ATTUNE_OK; k++) {
        share s = {0};
        status = share_make(&s, r->corpus, k) < 0 ? at_fail_nomem(err) : ATTUNE_OK;
        if (status == ATTUNE_OK && s.some.count)
            status = answer_share(r, &s, kinds[k], err);
        share_free(&s);
    }
    at_progress_end(&r->progress);
    return status;
}

/* Somebody else's network looks at pictures; and what the model's was calibrated by is not its. */
static int check_face(const at_corpus *c, const at_run_options *o, attune_error *err)
{
    for (int i = 0; i < c->count && o->face.file; i++)
        if (kind_of(&c->list[i], c->head) != AT_PICTURE)
            return at_fail(err, ATTUNE_E_ARG, "%s: it judges pictures, and %s is none",
                           o->face.file, c->list[i].path);
    return ATTUNE_OK;
}

static int has_clips(const at_corpus *c)
{
    for (int i = 0; i < c->count; i++)
        if (kind_of(&c->list[i], c->head) == AT_CLIP)
            return 1;
    return 0;
}

int at_run(const char *model, const at_corpus *c, const at_run_options *o, at_pool *pool,
           at_answer *answer, attune_error *err)
{
    run r = {
        .context = {.options = o, .head = c->head, .pool = pool}, .corpus = c, .answer = answer};
    attune_model *whole = NULL;
    at_weights *weights = NULL;
    at_fusion *fusion = NULL;
    at_surround *surround = NULL;
    at_weights *ranges = NULL;
    int status = check_harms(c, o, err);
    if (status == ATTUNE_OK)
        status = check_face(c, o, err);
    if (status == ATTUNE_OK)
        status = at_weights_load(&weights, model, err);
    if (status == ATTUNE_OK && o->precision == ATTUNE_PRECISION_INT8)
        status = at_ranges_load(&ranges, weights, model, err);
    if (status == ATTUNE_OK)
        status = at_fusion_load(&fusion, o->face.file ? NULL : weights, err);
    if (status == ATTUNE_OK && has_clips(c))
        status = attune_model_load(&whole, model, err);
    if (status == ATTUNE_OK && whole)
        status = attune_model_set_precision(whole, o->precision, err);
    if (status == ATTUNE_OK)
        status = at_surround_open(&surround, &o->harms, o->noise, c, err);
    r.context.surround = surround;
    r.context.weights = weights;
    r.context.ranges = ranges;
    r.context.fusion = fusion;
    r.context.model = whole;
    if (status == ATTUNE_OK)
        status = answer_all(&r, err);
    at_surround_free(&surround);
    attune_model_free(&whole);
    at_fusion_free(&fusion);
    at_weights_free(&ranges);
    at_weights_free(&weights);
    return status;
}
