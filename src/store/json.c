#include "store/json.h"

#include "base/error.h"
#include "base/visible.h"
#include "report/text.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

json_t *at_json_time(int64_t seconds)
{
    const time_t t = (time_t)seconds;
    struct tm tm;
    char text[32];

    if (!seconds || !gmtime_r(&t, &tm) || !strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm))
        return json_null();
    return json_string(text);
}

json_t *at_json_text(const char *text)
{
    char clean[256];

    return *text ? json_string(at_visible_copy(clean, sizeof clean, text)) : json_null();
}

json_t *at_json_interval(const at_interval *i)
{
    if (!isfinite(i->low) || !isfinite(i->high))
        return json_null();
    return json_pack("[o, o]", at_json_real(i->low), at_json_real(i->high));
}

int at_json_finish(json_t *root, char **out, attune_error *err)
{
    *out = at_json_write(root, JSON_COMPACT | JSON_REAL_PRECISION(12));
    json_decref(root);
    return *out ? ATTUNE_OK : at_fail_nomem(err);
}

/* ---- a record ---------------------------------------------------------------------------------- */

static json_t *options(const attune_options *o)
{
    return json_pack("{s:o, s:o, s:o, s:i, s:b, s:b, s:b, s:b}", "rate", at_json_real(o->rate),
                     "window_s", at_json_real(o->window_s), "hop_s", at_json_real(o->hop_s),
                     "max_tracks", o->max_tracks, "no_video", o->no_video, "no_audio", o->no_audio,
                     "no_baseline", o->no_baseline, "causal", o->causal);
}

/* [{"name": "clicks", "events": true}, ...] */
static json_t *columns(const attune_record *r)
{
    json_t *list = json_array();

    for (int i = 0; i < r->signals; i++)
        at_json_append(&list, json_pack("{s:s, s:b}", "name", r->signal[i], "events",
                                        (int)(r->events >> i & 1)));
    return list;
}

json_t *at_json_record(const attune_record *r)
{
    json_t *record = json_pack(
        "{s:I, s:o, s:o, s:b, s:o, s:o, s:o, s:I, s:I, s:i, s:{s:o, s:o}, s:{s:o, s:o, s:o}, s:o, s:o}",
        "id", (json_int_t)r->id, "began", at_json_time(r->began_s), "ended",
        at_json_time(r->ended_s), "interrupted", r->interrupted, "seconds",
        at_json_real(r->duration_s), "person", at_json_text(r->person), "source",
        at_json_text(r->source), "windows", (json_int_t)r->windows, "withheld",
        (json_int_t)r->withheld, "faces", r->faces, "consent", "version", at_json_text(r->consent),
        "time", at_json_time(r->consent_s), "model", "name", at_json_text(r->model), "version",
        at_json_text(r->model_version), "digest", at_json_text(r->model_digest), "attune",
        at_json_text(r->attune), "options", options(&r->session));

    if (r->signals || r->chat)
        at_json_put(&record, "beside",
                    json_pack("{s:o, s:b}", "signals", columns(r), "chat", r->chat));
    return record;
}

/* ---- figures ----------------------------------------------------------------------------------- */

/* {"share"|"level": value, "interval": [low, high]} */
static json_t *estimate(const char *what, at_interval i)
{
    return json_pack("{s:o, s:o}", what, at_json_real(i.value), "interval", at_json_interval(&i));
}

static json_t *withheld(const at_figures *f)
{
    const double n = (double)f->windows, alone = n * f->hop_s / f->subject.window_s;
    at_interval i = {NAN, NAN, NAN};

    if (n > 0)
        i = at_wilson((double)f->withheld / n, fmax(alone, 1));
    return estimate("share", i);
}

static json_t *signals(const attune_record *r, const at_figures *f)
{
    json_t *all = json_object();

    for (int i = 0; i < r->signals; i++) {
        const at_moments *m = &f->signal[i];
        at_json_put(&all, r->signal[i],
                    json_pack("{s:o, s:o, s:b}", "mean", at_json_real(m->n > 0 ? m->mean : NAN),
                              "deviation", at_json_real(m->n > 1 ? at_moments_deviation(m) : NAN),
                              "events", (int)(r->events >> i & 1)));
    }
    return all;
}

static json_t *chat(const attune_record *r)
{
    if (!r->chat)
        return json_null();
    return json_pack("{s:I, s:I}", "messages", (json_int_t)r->counts.messages, "unread",
                     (json_int_t)r->counts.unread_messages);
}

/* "rests": the share of windows whose estimate rests (also) on it. */
static json_t *recorded_beside(const attune_record *r, const at_figures *f)
{
    const double n = (double)f->windows;

    return json_pack("{s:o, s:o, s:{s:o, s:o}}", "signals", signals(r, f), "chat", chat(r), "rests",
                     "signal", at_json_real((double)f->on_signal / n), "chat",
                     at_json_real((double)f->on_chat / n));
}

json_t *at_json_figures(const attune_record *r, const at_figures *f)
{
    const at_subject *s = &f->subject;
    const at_topic_stats *t = &s->topic[AT_TOPIC_EXPRESSION];
    json_t *expression = json_object(), *engagement = json_object(), *states = json_object();
    json_t *figures;

    for (int e = 0; e < ATTUNE_EMOTIONS; e++) {
        json_t *one = estimate("share", at_subject_share(s, AT_TOPIC_EXPRESSION, e));
        at_json_put(&one, "mean", at_json_real(t->seconds > 0 ? at_topic_mean(t, e) : NAN));
        at_json_put(&expression, attune_emotion_names[e], one);
    }
    for (int e = 0; e < ATTUNE_ENGAGEMENTS; e++)
        at_json_put(&engagement, attune_engagement_names[e],
                    estimate("share", at_subject_share(s, AT_TOPIC_ENGAGEMENT, e)));
    for (int i = 0; i < ATTUNE_STATES; i++)
        at_json_put(&states, attune_state_names[i], estimate("level", at_subject_level(s, i)));
    figures = json_pack("{s:o, s:I, s:o, s:o, s:o, s:o}", "seconds", at_json_real(t->seconds),
                        "windows", (json_int_t)f->windows, "withheld", withheld(f), "expression",
                        expression, "engagement", engagement, "states", states);
    if (r->signals || r->chat)
        at_json_put(&figures, "beside", recorded_beside(r, f));
    return figures;
}

/* ---- several together -------------------------------------------------------------------------- */

static json_t *share(const at_units *u, int part, int whole)
{
    return estimate("share", at_units_share(u->of[part], u->of[whole], u->n));
}

static json_t *mean_level(const at_units *u, int part, int whole)
{
    return estimate("level", at_units_mean(u->of[part], u->of[whole], u->n, ATTUNE_LEVELS - 1));
}

json_t *at_json_units(const at_units *u)
{
    json_t *expression = json_object(), *engagement = json_object(), *states = json_object();

    for (int e = 0; e < ATTUNE_EMOTIONS; e++)
        at_json_put(&expression, attune_emotion_names[e],
                    share(u, AT_UNIT_EMOTION + e, AT_UNIT_EXPRESSION));
    for (int e = 0; e < ATTUNE_ENGAGEMENTS; e++)
        at_json_put(&engagement, attune_engagement_names[e],
                    share(u, AT_UNIT_ENGAGEMENT + e, AT_UNIT_STATES));
    for (int i = 0; i < ATTUNE_STATES; i++)
        at_json_put(&states, attune_state_names[i],
                    mean_level(u, AT_UNIT_LEVEL + i, AT_UNIT_STATES));
    return json_pack("{s:o, s:o, s:o, s:o}", "withheld",
                     share(u, AT_UNIT_WITHHELD, AT_UNIT_WINDOWS), "expression", expression,
                     "engagement", engagement, "states", states);
}

/* ---- what is usual ----------------------------------------------------------------------------- */

/* The session's mean beside what is usual, and how many deviations it is off; null where either is not
 * known. */
static json_t *beside(const at_moments *usual, const at_moments *now)
{
    const double deviation = at_moments_deviation(usual), difference = now->mean - usual->mean;

    if (usual->n < 2 || now->n < 1)
        return json_null();
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "now", at_json_real(now->mean), "mean",
                     at_json_real(usual->mean), "deviation", at_json_real(deviation), "difference",
                     at_json_real(difference), "deviations",
                     at_json_real(deviation > 0 ? difference / deviation : NAN));
}

json_t *at_json_usual(const at_moments *usual, int n, const at_figures *f)
{
    json_t *expression, *states;

    if (n < AT_USUAL_SESSIONS)
        return json_null();
    expression = json_object();
    states = json_object();
    for (int e = 0; e < ATTUNE_EMOTIONS; e++)
        at_json_put(&expression, attune_emotion_names[e], beside(&usual[e], &f->of[e]));
    for (int i = 0; i < ATTUNE_STATES; i++)
        at_json_put(&states, attune_state_names[i],
                    beside(&usual[ATTUNE_EMOTIONS + i], &f->of[ATTUNE_EMOTIONS + i]));
    return json_pack("{s:i, s:I, s:o, s:o}", "sessions", n, "windows", (json_int_t)usual[0].n,
                     "expression", expression, "states", states);
}
