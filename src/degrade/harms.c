#include "degrade/harms.h"

#include "base/error.h"
#include "degrade/parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- by name -------------------------------------------------------------------------------- */

static int unknown_kind(const char *text, attune_error *err)
{
    char names[320] = "";
    for (int k = 0; k < AT_DEGRADE_KINDS; k++) {
        const size_t used = strlen(names);
        snprintf(names + used, sizeof names - used, "%s%s", k ? ", " : "", at_degradations[k].name);
    }
    return at_fail(err, ATTUNE_E_ARG, "'%.40s' is no kind of degradation; there are %s", text,
                   names);
}

int at_harm_parse(at_harm *out, const char *text, attune_error *err)
{
    char name[32];
    const char *equals = strchr(text, '=');
    const size_t length = equals ? (size_t)(equals - text) : strlen(text);
    snprintf(name, sizeof name, "%.*s", (int)(length < sizeof name ? length : sizeof name), text);
    out->kind = at_degrade_find(name);
    if (out->kind == AT_DEGRADE_KINDS)
        return unknown_kind(text, err);
    const at_degradation *d = &at_degradations[out->kind];
    const float lo = d->none < d->most ? d->none : d->most;
    const float hi = d->none < d->most ? d->most : d->none;
    char *end = NULL;
    out->level = equals ? strtof(equals + 1, &end) : 0;
    if (!equals || end == equals + 1 || *end || !(out->level >= lo && out->level <= hi))
        return at_fail(err, ATTUNE_E_ARG, "'%.60s': %s takes %g to %g (%s)", text, d->name,
                       (double)lo, (double)hi, d->unit);
    return ATTUNE_OK;
}

int at_harms_add(at_harms *h, const char *text, attune_error *err)
{
    if (h->count == AT_MOST_HARMS)
        return at_fail(err, ATTUNE_E_ARG, "'%.60s': more than %d degradations", text,
                       AT_MOST_HARMS);
    const int status = at_harm_parse(&h->list[h->count], text, err);
    h->count += status == ATTUNE_OK;
    return status;
}

/* ---- which there are ------------------------------------------------------------------------ */

static int is_picture(at_degrade_kind kind)
{
    return kind < AT_DEGRADE_PICTURES;
}

static int is_cover(at_degrade_kind kind)
{
    return at_degradations[kind].picture == at_degrade_cover;
}

static int is_sound(at_degrade_kind kind)
{
    return kind >= AT_DEGRADE_PICTURES;
}

static int any(const at_harms *h, int (*is)(at_degrade_kind kind))
{
    for (int i = 0; i < h->count; i++)
        if (is(h->list[i].kind))
            return 1;
    return 0;
}

int at_harms_pictures(const at_harms *h)
{
    return any(h, is_picture);
}

int at_harms_cover(const at_harms *h)
{
    return any(h, is_cover);
}

int at_harms_sounds(const at_harms *h)
{
    return any(h, is_sound);
}

int at_harms_have(const at_harms *h, at_degrade_kind kind)
{
    for (int i = 0; i < h->count; i++)
        if (h->list[i].kind == kind)
            return 1;
    return 0;
}

/* ---- done ----------------------------------------------------------------------------------- */

/* The i-th of the list draws for itself, however much those before it drew. moment: of a frame that
 * has a draw of its own; 0: the sample's. */
static at_rng draw_for(const at_harms *h, int i, uint64_t sample, int64_t moment)
{
    static const uint64_t apart = UINT64_C(0x9E3779B97F4A7C15),
                          later = UINT64_C(0xD1B54A32D192ED03);
    at_rng rng;
    at_rng_seed(&rng, h->seed + (uint64_t)i * apart + (uint64_t)moment * later, sample);
    return rng;
}

int at_harms_picture(const at_harms *h, uint64_t sample, at_image *im)
{
    int status = ATTUNE_OK;
    for (int i = 0; i < h->count && status == ATTUNE_OK; i++) {
        at_rng rng = draw_for(h, i, sample, 0);
        if (is_picture(h->list[i].kind))
            status = at_degrade(im, h->list[i].kind, h->list[i].level, NULL, &rng, NULL);
    }
    return status;
}

/* One of them on the whole frame; what covers faces, on each of them with the same draw. */
static int harm_frame(const at_harm *harm, const at_rng *rng, at_image *im, const at_face *face,
                      int faces)
{
    int status = ATTUNE_OK;
    const int times = is_cover(harm->kind) ? faces : 1;
    for (int f = 0; f < times && status == ATTUNE_OK; f++) {
        at_rng own = *rng;
        status = at_degrade(im, harm->kind, harm->level, face ? &face[f] : NULL, &own, NULL);
    }
    return status;
}

int at_harms_frame(const at_harms *h, uint64_t sample, int64_t t_us, at_image *im,
                   const at_face *face, int faces)
{
    int status = ATTUNE_OK;
    for (int i = 0; i < h->count && status == ATTUNE_OK; i++) {
        const at_degrade_kind kind = h->list[i].kind;
        if (!is_picture(kind))
            continue;
        const at_rng rng = draw_for(h, i, sample, at_degradations[kind].afresh ? t_us : 0);
        status = harm_frame(&h->list[i], &rng, im, face, faces);
    }
    return status;
}

int at_harms_sound(const at_harms *h, uint64_t sample, const at_sound_sources *from, float *pcm,
                   size_t n, attune_error *err)
{
    for (int i = 0; i < h->count; i++) {
        at_rng rng = draw_for(h, i, sample, 0);
        if (is_picture(h->list[i].kind))
            continue;
        const int status = at_degrade_sound(pcm, n, h->list[i].kind, h->list[i].level, from, &rng);
        if (status == ATTUNE_E_NOMEM)
            return at_fail_nomem(err);
        if (status < 0)
            return at_fail(err, (attune_status)status, "%s: %s",
                           at_degradations[h->list[i].kind].name,
                           status == ATTUNE_E_ARG ? "there are no recordings to take it from"
                                                  : "FFmpeg here has no encoder for it");
    }
    return ATTUNE_OK;
}
