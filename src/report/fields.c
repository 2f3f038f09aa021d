#include "report/fields.h"

#include "report/measures.h"

#include <float.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static at_field *add(at_fields *l, at_field_kind kind, size_t offset, const char *name,
                     const char *what)
{
    at_field *f = &l->field[l->n++];
    memset(f, 0, sizeof *f);
    f->kind = kind;
    f->offset = offset;
    f->decimals = 4;
    f->hi = kind == AT_FIELD_TIME ? 9e9 : kind == AT_FIELD_ID ? UINT32_MAX : 1;
    f->none = NAN;
    snprintf(f->column.name, sizeof f->column.name, "%s", name);
    snprintf(f->column.what, sizeof f->column.what, "%s", what);
    return f;
}

static void set_range(at_field *f, double lo, double hi)
{
    f->lo = lo;
    f->hi = hi;
}

/* n floats from offset on, named prefix_<name>. what has one %s for the name. */
static void add_group(at_fields *l, size_t offset, const char *prefix, const char *const *names,
                      int n, at_field_when when, const char *what)
{
    for (int i = 0; i < n; i++) {
        at_field *f = add(l, AT_FIELD_REAL, offset + (size_t)i * sizeof(float), "", "");
        f->when = when;
        snprintf(f->column.name, sizeof f->column.name, "%s_%s", prefix, names[i]);
        snprintf(f->column.what, sizeof f->column.what, "%s: %s", what, names[i]);
    }
}

static void add_states(at_fields *l)
{
    for (int s = 0; s < ATTUNE_STATES; s++) {
        for (int k = 0; k < ATTUNE_LEVELS; k++) {
            size_t i = (size_t)(s * ATTUNE_LEVELS + k);
            at_field *f =
                add(l, AT_FIELD_REAL, offsetof(attune_window, state4) + i * sizeof(float), "", "");
            f->when = AT_WHEN_STATE;
            f->none = 0;
            snprintf(f->column.name, sizeof f->column.name, "state_%s_%d", attune_state_names[s],
                     k);
            snprintf(f->column.what, sizeof f->column.what,
                     "probability that the level of %s is %d of 0..%d", attune_state_names[s], k,
                     ATTUNE_LEVELS - 1);
        }
    }
}

static void add_box(at_fields *l)
{
    static const char *const names[4] = {"x", "y", "w", "h"};

    add_group(l, offsetof(attune_window, box), "box", names, 4, AT_WHEN_FACE,
              "the face where last seen, pixels of the source");
    for (at_field *f = &l->field[l->n - 4]; f < &l->field[l->n]; f++) {
        f->decimals = 1;
        f->none = 0;
        set_range(f, -1e6, 1e6);
    }
}

static void add_measures(at_fields *l)
{
    for (int i = 0; i < AT_MEASURES; i++) {
        const at_measure *m = &at_measures[i];
        at_field *f = add(l, AT_FIELD_REAL,
                          offsetof(attune_window, quality) + (size_t)i * sizeof(float), m->name,
                          "");
        snprintf(f->column.what, sizeof f->column.what, "%s, %s", m->what,
                 m->unit[0] ? m->unit : "0..1");
        f->decimals = m->decimals;
        if (m->unit[0])
            set_range(f, -1e5, 1e5);
    }
}

static void add_units(at_fields *l)
{
    for (int u = 0; u < ATTUNE_UNITS; u++) {
        const attune_unit *unit = &attune_units[u];
        at_field *f = add(l, AT_FIELD_REAL,
                          offsetof(attune_window, unit) + (size_t)u * sizeof(float), "", "");
        f->when = AT_WHEN_FACE;
        snprintf(f->column.name, sizeof f->column.name, "unit_%s", unit->name);
        if (unit->au)
            snprintf(f->column.what, sizeof f->column.what,
                     "how far this facial movement (FACS action unit %d) is made, 0..1", unit->au);
        else
            snprintf(f->column.what, sizeof f->column.what,
                     "how far this facial movement is made, 0..1");
    }
}

void at_fields_init(at_fields *l)
{
    const char *modality_names[ATTUNE_MODALITIES];

    for (int m = 0; m < ATTUNE_MODALITIES; m++)
        modality_names[m] = attune_modality_name(m);
    l->n = l->signals = l->chat = 0;
    add(l, AT_FIELD_TIME, offsetof(attune_window, start_us), "start_s",
        "start of the window, seconds from the start of the input");
    add(l, AT_FIELD_TIME, offsetof(attune_window, end_us), "end_s", "its end");
    add(l, AT_FIELD_ID, offsetof(attune_window, track), "track",
        "number of the face that the row is about, by first sight; 0: no face was seen");
    for (int m = 0; m < ATTUNE_MODALITIES; m++) {
        at_field *f = add(l, AT_FIELD_USED, offsetof(attune_window, used), "", "");
        f->bit = m;
        snprintf(f->column.name, sizeof f->column.name, "used_%s", modality_names[m]);
        snprintf(f->column.what, sizeof f->column.what, "1: the estimate rests (also) on the %s",
                 modality_names[m]);
    }
    add(l, AT_FIELD_FLAG, offsetof(attune_window, abstain), "abstain",
        "1: too little to go on, or no emotion likely enough; the probabilities are a record, not an "
        "estimate");
    add_group(l, offsetof(attune_window, reliability), "reliability", modality_names,
              ATTUNE_MODALITIES, AT_WHEN_ALWAYS, "how likely its own answer is right, 0..1");
    add_group(l, offsetof(attune_window, weight), "weight", modality_names, ATTUNE_MODALITIES,
              AT_WHEN_ALWAYS, "its share in the fusion, sum 1 (or all 0)");
    add_group(l, offsetof(attune_window, emotion7), "emotion", attune_emotion_names,
              ATTUNE_EMOTIONS, AT_WHEN_ALWAYS, "calibrated probability, sum 1");
    add_states(l);
    add_group(l, offsetof(attune_window, engagement3), "engagement", attune_engagement_names,
              ATTUNE_ENGAGEMENTS, AT_WHEN_STATE, "calibrated probability, sum 1");
    for (at_field *f = &l->field[l->n - ATTUNE_ENGAGEMENTS]; f < &l->field[l->n]; f++)
        f->none = 0;
    add_box(l);
    add_measures(l);
    add_group(
        l, offsetof(attune_window, seen), "seen", modality_names, ATTUNE_MODALITIES, AT_WHEN_ALWAYS,
        "share of the time since the row before with this face, or with sound like speech, 0..1");
    add(l, AT_FIELD_REAL, offsetof(attune_window, any_face), "any_face",
        "share of the time since the row before in which any face was there, 0..1");
    set_range(add(l, AT_FIELD_REAL, offsetof(attune_window, baseline_s), "baseline_s",
                  "seconds of good input that tell what is usual for this person"),
              0, 1e7);
    add_group(l, offsetof(attune_window, offset), "offset", attune_emotion_names, ATTUNE_EMOTIONS,
              AT_WHEN_ALWAYS,
              "what was taken out as usual for this person, of the probability's logarithm");
    for (at_field *f = &l->field[l->n - ATTUNE_EMOTIONS]; f < &l->field[l->n]; f++)
        set_range(f, -100, 100);
    add_units(l);
    add_group(l, offsetof(attune_window, condition), "condition", modality_names, ATTUNE_MODALITIES,
              AT_WHEN_ALWAYS, "how fit the stream's input was to be judged, 0..1");
}

/* ---- what was recorded beside ---------------------------------------------------------------- */

static at_field *add_beside(at_fields *l, at_field_kind kind, size_t offset, const char *prefix,
                            const char *name, const char *what)
{
    at_field *f = add(l, kind, offset, "", what);

    f->beside = 1;
    snprintf(f->column.name, sizeof f->column.name, "%s_%s", prefix, name);
    return f;
}

static void add_signal(at_fields *l, int k, const char *name, int counts)
{
    const size_t at = offsetof(attune_beside, signal) + (size_t)k * sizeof(attune_signal);
    at_field *first = &l->field[l->n];

    add_beside(l, AT_FIELD_ANY, at + offsetof(attune_signal, mean), "signal_mean", name,
               counts ? "of this column of the signal: events a second"
                      : "of this column of the signal: its mean, in its own unit");
    add_beside(l, AT_FIELD_ANY, at + offsetof(attune_signal, slope), "signal_slope", name,
               "how fast it rises, units a second");
    add_beside(l, AT_FIELD_ANY, at + offsetof(attune_signal, deviation), "signal_deviation", name,
               "its standard deviation within the window");
    add_beside(l, AT_FIELD_ANY, at + offsetof(attune_signal, z), "signal_z", name,
               "how far its mean lies over what is usual, in deviations of that");
    for (at_field *f = first; f < &l->field[l->n]; f++)
        set_range(f, -FLT_MAX, FLT_MAX);
    add_beside(l, AT_FIELD_REAL, at + offsetof(attune_signal, coverage), "signal_coverage", name,
               "share of the window that it speaks for, 0..1")
        ->none = 0;
}

static void add_chat(at_fields *l)
{
    static const char what[] = "how far the messages speak of it, the most of any, 0..1";

    add_beside(l, AT_FIELD_ID, offsetof(attune_beside, messages), "chat", "messages",
               "messages that were sent within the window");
    for (int e = 0; e < ATTUNE_EMOTIONS; e++)
        add_beside(l, AT_FIELD_REAL,
                   offsetof(attune_beside, chat_emotion7) + (size_t)e * sizeof(float), "chat",
                   attune_emotion_names[e], what);
    for (int s = 0; s < ATTUNE_STATES; s++)
        add_beside(l, AT_FIELD_REAL,
                   offsetof(attune_beside, chat_state4) + (size_t)s * sizeof(float), "chat",
                   attune_state_names[s], what);
    add_beside(l, AT_FIELD_ID, offsetof(attune_beside, unread), "chat", "unread",
               "of the messages, in no language that is read here: nothing can be told of them");
}

/* Its part in the fusion. */
static void add_stream(at_fields *l, int m)
{
    const char *name[] = {attune_modality_name(m)};
    const size_t at = (size_t)m * sizeof(float);
    at_field *f = add(l, AT_FIELD_USED, offsetof(attune_window, used), "", "");

    f->bit = m;
    snprintf(f->column.name, sizeof f->column.name, "used_%s", *name);
    snprintf(f->column.what, sizeof f->column.what, "1: the estimate rests (also) on the %s",
             *name);
    add_group(l, offsetof(attune_window, weight) + at, "weight", name, 1, AT_WHEN_ALWAYS,
              "its share in the fusion");
    add_group(l, offsetof(attune_window, condition) + at, "condition", name, 1, AT_WHEN_ALWAYS,
              "how fit the stream's input was to be judged, 0..1");
}

void at_fields_with(at_fields *l, const attune_beside_setup *setup)
{
    at_fields_init(l);
    if (!setup)
        return;
    l->chat = setup->chat;
    for (int k = 0; setup->signals && setup->signals[k] && k < ATTUNE_MAX_SIGNALS; k++)
        add_signal(l, l->signals++, setup->signals[k], setup->events >> k & 1);
    if (l->chat)
        add_chat(l);
    if (l->signals)
        add_stream(l, ATTUNE_SIGNAL);
    if (l->chat)
        add_stream(l, ATTUNE_CHAT);
}

void at_fields_beside(const at_fields *t, attune_window *w, attune_beside *beside)
{
    *beside = (attune_beside){.signals = t->signals, .messages = -1};
    w->beside = t->signals || t->chat ? beside : NULL;
}

/* ---- values ---------------------------------------------------------------------------------- */

static int present(at_field_when when, const attune_window *w)
{
    switch (when) {
    case AT_WHEN_STATE: return w->has_state != 0;
    case AT_WHEN_FACE: return w->track != 0;
    case AT_WHEN_ALWAYS: break;
    }
    return 1;
}

int at_field_value(const at_field *f, const attune_window *w, double *value)
{
    const char *p = f->beside ? (const char *)w->beside : (const char *)w;
    int64_t t;
    uint32_t id;
    unsigned bits;
    int flag;
    float real;

    if (!p || !present(f->when, w))
        return 0;
    p += f->offset;
    switch (f->kind) {
    case AT_FIELD_TIME:
        memcpy(&t, p, sizeof t);
        *value = (double)t / 1e6;
        break;
    case AT_FIELD_ID:
        memcpy(&id, p, sizeof id);
        *value = id;
        break;
    case AT_FIELD_FLAG:
        memcpy(&flag, p, sizeof flag);
        *value = flag != 0;
        break;
    case AT_FIELD_USED:
        memcpy(&bits, p, sizeof bits);
        *value = (bits >> f->bit) & 1u;
        break;
    case AT_FIELD_REAL:
    case AT_FIELD_ANY:
        memcpy(&real, p, sizeof real);
        *value = real;
        break;
    }
    return isfinite(*value);
}

void at_field_set(const at_field *f, attune_window *w, attune_beside *beside, double value)
{
    char *p = (f->beside ? (char *)beside : (char *)w) + f->offset;
    int64_t t = f->kind == AT_FIELD_TIME ? llround(value * 1e6) : 0;
    uint32_t id = f->kind == AT_FIELD_ID ? (uint32_t)value : 0;
    int flag = value != 0;
    float real = (float)(isnan(value) ? f->none : value);

    switch (f->kind) {
    case AT_FIELD_TIME: memcpy(p, &t, sizeof t); break;
    case AT_FIELD_ID: memcpy(p, &id, sizeof id); break;
    case AT_FIELD_FLAG: memcpy(p, &flag, sizeof flag); break;
    case AT_FIELD_USED: w->used |= (unsigned)flag << f->bit; break;
    case AT_FIELD_REAL:
    case AT_FIELD_ANY: memcpy(p, &real, sizeof real); break;
    }
}

const char *at_field_text(const at_field *field, double value, char text[AT_FIELD_SIZE])
{
    int decimals = field->kind == AT_FIELD_TIME   ? 3
                   : field->kind == AT_FIELD_REAL ? field->decimals
                                                  : 0;

    snprintf(text, AT_FIELD_SIZE, field->kind == AT_FIELD_ANY ? "%.*g" : "%.*f",
             field->kind == AT_FIELD_ANY ? 7 : decimals, value);
    return text;
}

void at_field_print(const at_field *field, double value, FILE *f)
{
    char text[AT_FIELD_SIZE];

    fputs(at_field_text(field, value, text), f);
}

void at_fields_json(const at_fields *t, const attune_window *w, FILE *f)
{
    double value;

    for (int i = 0; i < t->n; i++) {
        const at_field *field = &t->field[i];
        int flag = field->kind == AT_FIELD_FLAG || field->kind == AT_FIELD_USED;

        fprintf(f, "%s\"%s\":", i ? "," : "{", field->column.name);
        if (!at_field_value(field, w, &value))
            fputs("null", f);
        else if (flag)
            fputs(value != 0 ? "true" : "false", f);
        else
            at_field_print(field, value, f);
    }
    fputc('}', f);
}

void at_fields_round(const at_fields *t, attune_window *w, attune_beside *beside)
{
    const attune_window exact = *w;
    char text[AT_FIELD_SIZE];
    double value;

    memset(w, 0, sizeof *w);
    w->has_state = exact.has_state != 0;
    at_fields_beside(t, w, beside);
    for (int i = 0; i < t->n; i++) {
        const at_field *f = &t->field[i];
        int there = at_field_value(f, &exact, &value);
        at_field_set(f, w, beside, there ? strtod(at_field_text(f, value, text), NULL) : NAN);
    }
}

int attune_column_at(const attune_beside_setup *beside, int i, attune_column *out)
{
    at_fields t;

    at_fields_with(&t, beside);
    if (i < 0 || i >= t.n)
        return 0;
    *out = t.field[i].column;
    return 1;
}

int attune_window_values(const attune_beside_setup *beside, const attune_window *w, double *out,
                         int n)
{
    at_fields t;

    at_fields_with(&t, beside);
    for (int i = 0; i < n && i < t.n; i++)
        if (!at_field_value(&t.field[i], w, &out[i]))
            out[i] = NAN;
    return t.n;
}
