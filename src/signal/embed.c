#include "signal/embed.h"

#include "base/error.h"

#include <math.h>
#include <string.h>

/* ---- what a model knows ---------------------------------------------------------------------- */

static int find(const at_signal_scale *s, const char *name, size_t n)
{
    int i = 0;

    while (i < s->columns && (strncmp(s->name[i], name, n) != 0 || s->name[i][n]))
        i++;
    return i < s->columns ? i : -1;
}

static int add_name(at_signal_scale *s, const char *name, size_t n, const char *what,
                    attune_error *err)
{
    if (!n || n >= ATTUNE_SIGNAL_BYTES)
        return at_fail(err, ATTUNE_E_ARG, "%s: '%.*s' is no name of a column", what,
                       (int)(n < 40 ? n : 40), name);
    if (s->columns == ATTUNE_MAX_SIGNALS)
        return at_fail(err, ATTUNE_E_ARG, "%s: more than %d columns", what, ATTUNE_MAX_SIGNALS);
    if (find(s, name, n) >= 0)
        return at_fail(err, ATTUNE_E_ARG, "%s: '%.*s' is there twice", what, (int)n, name);
    memcpy(s->name[s->columns++], name, n);
    return ATTUNE_OK;
}

int at_signal_names(at_signal_scale *out, const char *names, const char *events, const char *what,
                    attune_error *err)
{
    int rc = ATTUNE_OK;

    memset(out, 0, sizeof *out);
    for (const char *at = names; at && rc == ATTUNE_OK; at = strchr(at, ',')) {
        at += *at == ',';
        rc = add_name(out, at, strcspn(at, ","), what, err);
    }
    for (const char *at = events && *events ? events : NULL; at && rc == ATTUNE_OK;
         at = strchr(at, ',')) {
        at += *at == ',';
        const size_t n = strcspn(at, ",");
        const int i = n < ATTUNE_SIGNAL_BYTES ? find(out, at, n) : -1;
        if (i < 0)
            return at_fail(err, ATTUNE_E_ARG, "%s: '%.40s' is none of the columns", what, at);
        out->events |= 1u << i;
    }
    return rc;
}

static int load_array(const at_weights *w, const char *name, int n, float *out, attune_error *err)
{
    const at_weight *a = at_weights_find(w, name);

    if (!a || a->count != (size_t)n)
        return at_fail(err, ATTUNE_E_FORMAT, "model: %s is missing or has another shape", name);
    for (int i = 0; i < n; i++) {
        if (!(fabsf(a->data[i]) <= 1e30f))
            return at_fail(err, ATTUNE_E_FORMAT, "model: %s is no number", name);
        out[i] = a->data[i];
    }
    return ATTUNE_OK;
}

int at_signal_scale_load(at_signal_scale *out, const at_weights *w, attune_error *err)
{
    const char *names = at_weights_meta(w, "signal_columns");

    memset(out, 0, sizeof *out);
    if (!names)
        return ATTUNE_OK;
    if (at_signal_names(out, names, at_weights_meta(w, "signal_events"), "model: signal_columns",
                        err) < 0)
        return ATTUNE_E_FORMAT;
    if (load_array(w, "signal.center", out->columns, out->center, err) < 0)
        return ATTUNE_E_FORMAT;
    return load_array(w, "signal.scale", out->columns, out->scale, err);
}

static int is_counted(unsigned events, int i)
{
    return events >> i & 1;
}

const char *at_signal_places(const at_signal_scale *s, const char *const *names, unsigned events,
                             int place[ATTUNE_MAX_SIGNALS])
{
    const char *missing = NULL;

    for (int i = s->columns - 1; i >= 0; i--) {
        int k = 0;
        while (names && names[k] && strcmp(names[k], s->name[i]) != 0)
            k++;
        place[i] = names && names[k] && is_counted(events, k) == is_counted(s->events, i) ? k : -1;
        missing = place[i] < 0 ? s->name[i] : missing;
    }
    return missing;
}

/* ---- numbers -------------------------------------------------------------------------------- */

static float within(float x)
{
    const float most = AT_SIGNAL_LIMIT;

    return isfinite(x) ? fmaxf(-most, fminf(most, x)) : 0;
}

void at_signal_token(const at_signal_scale *s, const float *mean, const attune_signal *signal,
                     float *x)
{
    memset(x, 0, AT_SIGNAL_TOKEN * sizeof *x);
    for (int i = 0; i < s->columns; i++)
        x[i] = within(((isnan(mean[i]) ? signal[i].mean : mean[i]) - s->center[i]) * s->scale[i]);
}

void at_signal_embed(const at_signal_scale *s, const attune_signal *signal, float *x)
{
    memset(x, 0, AT_SIGNAL_EMBED * sizeof *x);
    for (int i = 0; i < s->columns; i++, x++) {
        x[0] = within((signal[i].mean - s->center[i]) * s->scale[i]);
        x[ATTUNE_MAX_SIGNALS] = within(signal[i].slope * s->scale[i]);
        x[2 * ATTUNE_MAX_SIGNALS] = within(signal[i].deviation * s->scale[i]);
        x[3 * ATTUNE_MAX_SIGNALS] = within(signal[i].coverage);
        x[4 * ATTUNE_MAX_SIGNALS] = within(signal[i].z);
    }
}

float at_signal_coverage(const at_signal_scale *s, const attune_signal *signal)
{
    float sum = 0;

    for (int i = 0; i < s->columns; i++)
        sum += signal[i].coverage;
    return s->columns ? sum / (float)s->columns : 0;
}
