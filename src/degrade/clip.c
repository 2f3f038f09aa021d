/* clip.c - a clip, degraded as it is read. */
#include "degrade/harms.h"

#include "base/error.h"
#include "base/mem.h"

#include <string.h>

enum { MOST_FACES = 16, LONGEST_S = 3600 };

struct at_clip_harms {
    const at_harms *harms;
    uint64_t sample;
    float *pcm; /* (n) the whole sound, degraded; NULL: it is left as it is */
    size_t n;
    float *stretch; /* (capacity) what the caller is lent of it */
    size_t capacity;
    at_detector *detector; /* NULL: nothing is put in front of faces */
    at_face face[MOST_FACES];
    int faces; /* where they were last seen */
    at_image image;
    at_picture_work work;
};

static int load_sound(at_clip_harms *c, const at_sound_sources *from, const char *path,
                      const at_media_options *o, attune_error *err)
{
    const int status = at_media_load_track(path, o, LONGEST_S, &c->pcm, &c->n, err);
    return status < 0 ? status : at_harms_sound(c->harms, c->sample, from, c->pcm, c->n, err);
}

int at_clip_harms_open(at_clip_harms **out, const at_harms *h, uint64_t sample,
                       const at_sound_sources *from, const at_weight_source *detector,
                       const char *path, const at_media_options *o, attune_error *err)
{
    at_clip_harms *c = *out = at_calloc(1, sizeof *c);
    int status = c ? ATTUNE_OK : at_fail_nomem(err);
    if (!c)
        return status;
    c->harms = h;
    c->sample = sample;
    if (at_harms_cover(h) && !o->no_video)
        status = at_detector_create(&c->detector, detector, NULL, at_kernels_best(), NULL, err);
    if (status == ATTUNE_OK && at_harms_sounds(h) && !o->no_audio)
        status = load_sound(c, from, path, o, err);
    if (status < 0)
        at_clip_harms_free(out);
    return status;
}

void at_clip_harms_free(at_clip_harms **out)
{
    at_clip_harms *c = *out;
    if (!c)
        return;
    at_free(c->pcm);
    at_free(c->stretch);
    at_detector_free(&c->detector);
    at_image_free(&c->image);
    at_picture_work_free(&c->work);
    at_free(c);
    *out = NULL;
}

/* ---- pictures -------------------------------------------------------------------------------- */

/* Where the faces are, before anything happens to them; where they were, when none is seen. */
static int find_faces(at_clip_harms *c, const attune_picture *p)
{
    at_face face[MOST_FACES];
    const int found = at_detector_search(c->detector, p, face, MOST_FACES);
    if (found > 0) {
        memcpy(c->face, face, (size_t)found * sizeof *face);
        c->faces = found;
    }
    return found;
}

int at_clip_harms_saw_nobody(const at_clip_harms *c)
{
    return c->detector && !c->faces;
}

static int apply_picture(at_clip_harms *c, at_media_packet *p)
{
    int status = c->detector ? find_faces(c, &p->picture) : ATTUNE_OK;
    if (status >= 0)
        status = at_picture_whole(&c->image, &c->work, &p->picture);
    if (status >= 0)
        status = at_harms_frame(c->harms, c->sample, p->t_us, &c->image, c->face, c->faces);
    if (status < 0)
        return status;
    p->picture = at_picture_of(&c->image);
    p->frame = NULL;
    return ATTUNE_OK;
}

/* ---- sound ----------------------------------------------------------------------------------- */

static int apply_sound(at_clip_harms *c, at_media_packet *p)
{
    /* times are whole microseconds; a sample lasts 62.5 */
    const size_t first = (size_t)((p->t_us * AT_MEDIA_AUDIO_RATE + 500000) / 1000000);
    const size_t from = first < c->n ? first : c->n, left = c->n - from;
    if (p->n > c->capacity) {
        at_free(c->stretch);
        c->stretch = at_alloc(p->n, sizeof *c->stretch);
        c->capacity = c->stretch ? p->n : 0;
    }
    if (!c->stretch)
        return ATTUNE_E_NOMEM;
    memset(c->stretch, 0, p->n * sizeof *c->stretch);
    memcpy(c->stretch, c->pcm + from, (p->n < left ? p->n : left) * sizeof *c->stretch);
    p->pcm = c->stretch;
    return ATTUNE_OK;
}

int at_clip_harms_apply(at_clip_harms *c, at_media_packet *p, attune_error *err)
{
    int status = ATTUNE_OK;
    if (p->kind == AT_MEDIA_VIDEO && at_harms_pictures(c->harms))
        status = apply_picture(c, p);
    else if (p->kind == AT_MEDIA_AUDIO && c->pcm)
        status = apply_sound(c, p);
    if (status == ATTUNE_E_NOMEM)
        return at_fail_nomem(err);
    return status < 0 ? at_fail(err, (attune_status)status, "a frame could not be degraded")
                      : ATTUNE_OK;
}
