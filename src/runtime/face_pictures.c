#include "runtime/face_stream.h"

#include <math.h>
#include <string.h>

static void describe_sighting(const at_face_stream *f, const at_sighting *s, attune_sighting *out)
{
    memcpy(out->box, s->box, sizeof out->box);
    memcpy(out->landmark, s->landmark, sizeof out->landmark);
    out->quality = s->measured;
    out->quality.face_share = out->quality.snr_db = out->quality.speech_share = NAN;
    for (int i = 0; i < ATTUNE_EMOTIONS; i++)
        out->emotion7[i] = NAN;
    for (int u = 0; u < ATTUNE_UNITS; u++)
        out->unit[u] = NAN;
    if (!f->setting.model->visual)
        return;
    at_fusion_emotion(f->setting.model->fusion, ATTUNE_FACE, s->visual.expression, out->emotion7);
    memcpy(out->unit, s->visual.units, sizeof out->unit);
}

/* The i-th frame, which is picture number so-and-so. */
static void tell_frame(at_face_stream *f, int i, int64_t picture)
{
    const attune_options *o = f->setting.o;
    const at_frame *frame = at_face_frame(f, i);
    attune_sighting none = {.t_us = frame->t_us, .picture = picture};
    int told = 0;

    for (int k = 0; k < frame->faces; k++) {
        const at_sighting *s = &at_face_sightings(f, i)[k];
        attune_sighting x = none;
        x.track = at_identity_numbered(f->people, s->person);
        if (!x.track)
            continue;
        describe_sighting(f, s, &x);
        o->on_sighting(o->on_sighting_user, &x);
        told++;
    }
    if (!told)
        o->on_sighting(o->on_sighting_user, &none);
}

void at_face_tell(void *self, int64_t end_us)
{
    at_face_stream *f = self;
    const int64_t before = f->looked - f->frames;
    int i = f->told > before ? (int)(f->told - before) : 0;

    for (; i < f->frames && at_face_frame(f, i)->t_us < end_us; i++)
        tell_frame(f, i, f->told = before + i + 1);
}
