/* net.c - the arrays of a kind of fusion: made for training, or taken from a file. */
#include "base/error.h"
#include "fusion/arrays.h"
#include "fusion/kind.h"
#include "fusion/stream.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct maker {
    at_params *p;
    const at_fusion_kind *kind;
    const at_weights *file; /* nullable: then rng */
    at_rng *rng;
    attune_error *err;
    int streams; /* how many the net takes */
    int status;  /* the first failure */
} maker;

/* ---- values --------------------------------------------------------------------------------- */

static void draw(maker *m, at_param *q, at_start start, int rows)
{
    const float range = start == AT_START_RANDOM ? 1 / sqrtf((float)rows) : 0;
    for (size_t i = 0, n = range > 0 ? at_tensor_count(&q->value) : 0; i < n; i++)
        q->value.data[i] = at_rng_range(m->rng, -range, range);
}

static int has_shape(const at_weight *w, const at_tensor *t)
{
    int same = w->rank == t->rank;
    for (int i = 0; same && i < t->rank; i++)
        same = w->dim[i] == t->dim[i];
    return same;
}

static void read(maker *m, at_param *q)
{
    const at_weight *w = at_weights_find(m->file, q->name);
    if (!w || !has_shape(w, &q->value))
        m->status =
            at_fail(m->err, ATTUNE_E_FORMAT, "model: %s is missing or has another shape", q->name);
    else if (!(m->status = at_fusion_check(q->name, w->data, w->count, m->err)))
        memcpy(q->value.data, w->data, w->count * sizeof(float));
}

/* ---- arrays --------------------------------------------------------------------------------- */

static at_param *make(maker *m, int stream, const char *what, int rows, int cols)
{
    char name[sizeof((at_param *)0)->name];
    const int rank = rows ? 2 : 1, dim[2] = {rows ? rows : cols, cols};
    if (m->status)
        return NULL;
    if (stream < 0)
        snprintf(name, sizeof name, "fusion.%s.%s", m->kind->name, what);
    else
        snprintf(name, sizeof name, "fusion.%s.%s.%s", m->kind->name, attune_modality_name(stream),
                 what);
    at_param *q = at_params_get(m->p, name, rank, dim);
    if (!q)
        m->status = at_fail_nomem(m->err);
    return q;
}

/* One of the kind's table. stream: -1, the whole. */
static at_param *make_array(maker *m, int stream, const at_fusion_array *a)
{
    int rows = a->rows;
    if (rows == AT_OF_EMBEDDING)
        rows = at_fusion_streams[stream].dims;
    else if (rows == AT_OF_TOKEN)
        rows = at_fusion_streams[stream].token;
    else if (rows < AT_OF_STREAMS)
        rows = (AT_OF_STREAMS - rows) * m->streams;
    at_param *q = make(m, stream, a->name, rows, a->cols);
    if (q && m->file)
        read(m, q);
    else if (q)
        draw(m, q, a->start, rows);
    return q;
}

/* One that is measured, not learned; all `value` until it has been. */
static at_param *make_measure(maker *m, int stream, const char *what, int n, float value)
{
    at_param *q = make(m, stream, what, 0, n);
    if (!q)
        return NULL;
    q->trainable = 0;
    for (int i = 0; i < n; i++)
        q->value.data[i] = value;
    if (m->file)
        read(m, q);
    return q;
}

/* A pool may have been given a temperature, and has 1 else. */
static void make_temperature(maker *m, at_fusion_net *net)
{
    char name[64];
    snprintf(name, sizeof name, "fusion.%s.temperature", m->kind->name);
    const at_weights *file = m->file;
    if (file && !at_fusion_is_learned(m->kind) && !at_weights_find(file, name))
        m->file = NULL;
    net->temperature = make_measure(m, -1, "temperature", 1, 1);
    m->file = file;
}

static void make_stream(maker *m, at_fusion_net *net, int stream)
{
    const at_fusion_array *a = m->kind->of_stream;
    const int dims = at_fusion_streams[stream].dims;
    net->mean[stream] = make_measure(m, stream, "mean", dims, 0);
    net->scale[stream] = make_measure(m, stream, "scale", dims, 1);
    for (int i = 0; a && a[i].name; i++)
        net->of_stream[stream][i] = make_array(m, stream, &a[i]);
}

static unsigned streams_in(const at_weights *file, const at_fusion_kind *kind)
{
    unsigned streams = 0;
    for (int s = ATTUNE_MODALITIES; s < ATTUNE_STREAMS; s++) {
        char name[64];
        snprintf(name, sizeof name, "fusion.%s.%s.mean", kind->name, attune_modality_name(s));
        streams |= (unsigned)(at_weights_find(file, name) != NULL) << s;
    }
    return streams;
}

int at_fusion_net_make(at_fusion_net *net, at_params *p, const at_fusion_kind *kind,
                       const at_weights *file, unsigned streams, at_rng *rng, attune_error *err)
{
    maker m = {p, kind, file, rng, err, 0, ATTUNE_OK};
    *net = (at_fusion_net){.kind = kind};
    if (at_fusion_is_learned(kind) && !kind->two)
        net->streams = file ? streams_in(file, kind) : streams;
    for (int s = 0; s < ATTUNE_STREAMS; s++) {
        net->streams |= (unsigned)at_fusion_answers(s) << s;
        m.streams += at_fusion_takes(net, s);
    }
    make_temperature(&m, net);
    if (kind->hears)
        net->trust = make_measure(&m, -1, "trust", 1, 1);
    for (int s = 0; s < ATTUNE_STREAMS && at_fusion_is_learned(kind); s++)
        if (at_fusion_takes(net, s))
            make_stream(&m, net, s);
    for (int i = 0; kind->of_whole && kind->of_whole[i].name; i++)
        net->of_whole[i] = make_array(&m, -1, &kind->of_whole[i]);
    return m.status;
}
