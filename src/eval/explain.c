/* explain.c - the telling windows of a recording, each with where its face speaks for the answer.
 *
 * The session's sightings are watched as they come and kept for as long as their window may be made;
 * of the windows those are kept that may be chosen in the end, with the face of their moment. */
#include "base/error.h"
#include "base/mem.h"
#include "eval/heat.h"
#include "eval/telling.h"
#include "fusion/fusion.h"
#include "runtime/analyze.h"

#include <attune/explain.h>
#include <stdio.h>
#include <string.h>

enum { OVERLAY_SIDE = 2 * AT_FACE_SIDE };

/* ---- classes --------------------------------------------------------------------------------- */

static const at_head_info *expressions(void)
{
    return &at_heads[AT_HEAD_FACE8];
}

/* As windows call it, where they have it. */
static const char *class_name(int class)
{
    const int emotion = expressions()->emotion[class];
    return emotion >= 0 ? attune_emotion_names[emotion] : expressions()->class_names[class];
}

static int class_of_emotion(int emotion)
{
    int class = 0;
    while (expressions()->emotion[class] != emotion)
        class ++;
    return class;
}

static int fail_unknown(const char *name, attune_error *err)
{
    char list[160] = "";
    for (int k = 0; k < AT_FACE_CLASSES; k++) {
        const size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, "%s%s", k ? ", " : "", class_name(k));
    }
    return at_fail(err, ATTUNE_E_ARG, "there is no class '%.40s'; there are %s", name, list);
}

int attune_explain_class_check(const char *name, attune_error *err)
{
    return at_class_by_name(AT_HEAD_FACE8, name) < 0 ? fail_unknown(name, err) : ATTUNE_OK;
}

/* ---- watching -------------------------------------------------------------------------------- */

typedef struct explaining {
    const attune_explain_options *o;
    const char *path;
    int wanted, class; /* class -1: each window's own */
    at_moments moments;
    at_telling telling[ATTUNE_OVERLAY_KINDS];
    at_weights *weights;
    at_fusion *fusion;
    at_pool *pool;
    at_grad_cam *cam;
    at_image overlay;
} explaining;

static int open_telling(explaining *x)
{
    const attune_options *o = &x->o->session;
    int status = at_moments_open(&x->moments, o);
    for (int k = 0; k < ATTUNE_OVERLAY_KINDS && status == ATTUNE_OK; k++)
        status = at_telling_open(&x->telling[k], x->wanted, k * x->wanted, o);
    return status;
}

static void offer(explaining *x, const attune_window *w, const at_moment *m)
{
    const float unreliable = -w->reliability[ATTUNE_FACE];
    if (w->abstain) {
        at_telling_offer(&x->telling[ATTUNE_WITHHELD_WINDOW], unreliable, w, m);
        return;
    }
    if (w->used & 1u << ATTUNE_FACE)
        at_telling_offer(&x->telling[ATTUNE_MOST_CONFIDENT],
                         w->emotion7[at_likeliest(w->emotion7, ATTUNE_EMOTIONS)], w, m);
    at_telling_offer(&x->telling[ATTUNE_LEAST_RELIABLE], unreliable, w, m);
}

static int on_window(void *user, const attune_window *w)
{
    explaining *x = user;
    const at_moment *m = w->track ? at_moments_of(&x->moments, w, x->telling[0].hop_us) : NULL;
    if (m)
        offer(x, w, m);
    return x->o->window ? x->o->window(x->o->user, w) : 0;
}

static int on_progress(void *user, double done_s, double total_s)
{
    explaining *x = user;
    return x->o->progress ? x->o->progress(x->o->user, done_s, total_s) : 0;
}

static int has_pictures(void *user, const char *path, const at_media_options *o, attune_error *err)
{
    (void)user;
    return o->no_video ? at_fail(err, ATTUNE_E_UNSUPPORTED,
                                 "%s: has no picture: there is no face to explain", path)
                       : ATTUNE_OK;
}

static int watch(explaining *x, const attune_model *m, attune_input_info *info, attune_error *err)
{
    const attune_sink sink = {.user = x, .window = on_window, .progress = on_progress};
    const at_analyze_change change = {.open = has_pictures,
                                      .user = x,
                                      .watch = {.sighted = at_moments_see,
                                                .recognised = at_moments_recognise,
                                                .user = &x->moments}};
    attune_options o = x->o->session;
    o.causal = 1; /* a window's moments are kept until it is told, and no longer */
    return at_analyze_changed(m, x->path, &o, &sink, &change, info, err);
}

/* ---- explaining ------------------------------------------------------------------------------ */

/* What the window answers; where it has nothing to go on, what the face by itself looks like. */
static int class_for(const explaining *x, const attune_window *w, const float *logit)
{
    if (x->class >= 0)
        return x->class;
    return w->used ? class_of_emotion(at_likeliest(w->emotion7, ATTUNE_EMOTIONS))
                   : at_likeliest(logit, AT_FACE_CLASSES);
}

/* The map of the class that told's window asks for. A window without anything used asks for what the
 * network says, which a first run tells. */
static int run_cam(explaining *x, const at_told *told, int *class, at_cam_map *map, float *logit)
{
    const uint8_t *face = told->moment.face;
    int status = ATTUNE_OK;
    if (x->class < 0 && !told->window.used)
        status = at_grad_cam_run(x->cam, face, AT_FACE_SIDE, 0, map, logit);
    if (status < 0)
        return status;
    *class = class_for(x, &told->window, logit);
    return at_grad_cam_run(x->cam, face, AT_FACE_SIDE, *class, map, logit);
}

static int explain_one(explaining *x, int kind, const at_told *told, attune_error *err)
{
    const at_image face = at_image_borrow(told->moment.face, AT_FACE_SIDE, AT_FACE_SIDE, 3,
                                          3 * (ptrdiff_t)AT_FACE_SIDE);
    float logit[AT_FACE_CLASSES], p[AT_FACE_CLASSES];
    at_cam_map map;
    at_regions regions;
    int class;
    at_regions_of(&regions, told->moment.landmark);
    if (run_cam(x, told, &class, &map, logit) < 0 ||
        at_heat_draw(&x->overlay, OVERLAY_SIDE, &face, &map, &regions) < 0)
        return at_fail_nomem(err);
    at_fusion_native(x->fusion, ATTUNE_FACE, logit, p);
    attune_overlay out = {.kind = kind,
                          .window = told->window,
                          .t_us = told->moment.t_us,
                          .class_name = class_name(class),
                          .probability = p[class],
                          .face_side = AT_FACE_SIDE,
                          .side = OVERLAY_SIDE,
                          .face = told->moment.face,
                          .overlay = x->overlay.data};
    out.window.beside = told->window.beside ? &told->beside : NULL;
    at_region_shares(&regions, &map, AT_FACE_SIDE, out.share, out.area);
    return x->o->overlay(x->o->user, &out)
               ? at_fail(err, ATTUNE_E_INTERRUPTED, "%s: stopped", x->path)
               : ATTUNE_OK;
}

static int explain_kind(explaining *x, int kind, attune_error *err)
{
    const at_told *chosen[ATTUNE_MAX_OVERLAYS];
    const int n = at_telling_choose(&x->telling[kind], chosen);
    int status = ATTUNE_OK;
    for (int i = 0; i < n && status == ATTUNE_OK; i++) {
        for (int k = kind + 1; k < ATTUNE_OVERLAY_KINDS; k++)
            at_telling_leave(&x->telling[k], chosen[i]);
        status = explain_one(x, kind, chosen[i], err);
    }
    return status;
}

static int open_network(explaining *x, const attune_model *m, attune_error *err)
{
    attune_model_facts facts;
    attune_model_describe(m, &facts);
    if (!facts.has_visual || !facts.has_detector)
        return at_fail(err, ATTUNE_E_UNSUPPORTED, "%s: knows no faces", facts.path);
    int status = at_weights_load(&x->weights, facts.path, err);
    if (status == ATTUNE_OK)
        status = at_fusion_load(&x->fusion, x->weights, err);
    if (status == ATTUNE_OK)
        status = at_pool_create(&x->pool, x->o->session.threads, err);
    return status < 0 ? status : at_grad_cam_create(&x->cam, x->weights, x->pool, err);
}

static int explain_all(explaining *x, attune_error *err)
{
    int found = 0, status = ATTUNE_OK;
    for (int k = 0; k < ATTUNE_OVERLAY_KINDS; k++)
        found += x->telling[k].n;
    if (!found)
        return at_fail(err, ATTUNE_E_UNSUPPORTED,
                       "%s: no face was found: there is nothing to explain", x->path);
    for (int k = 0; k < ATTUNE_OVERLAY_KINDS && x->o->overlay && status == ATTUNE_OK; k++)
        status = explain_kind(x, k, err);
    return status;
}

/* ---- the call -------------------------------------------------------------------------------- */

static int read_options(explaining *x, attune_error *err)
{
    x->wanted = x->o->windows ? x->o->windows : ATTUNE_DEFAULT_OVERLAYS;
    x->class = -1;
    if (x->wanted < 1 || x->wanted > ATTUNE_MAX_OVERLAYS)
        return at_fail(err, ATTUNE_E_ARG, "windows of a kind are 1 to %d", ATTUNE_MAX_OVERLAYS);
    if (!x->o->class_name)
        return ATTUNE_OK;
    x->class = at_class_by_name(AT_HEAD_FACE8, x->o->class_name);
    return x->class < 0 ? fail_unknown(x->o->class_name, err) : ATTUNE_OK;
}

static void close_all(explaining *x)
{
    at_image_free(&x->overlay);
    at_grad_cam_free(&x->cam);
    at_pool_free(&x->pool);
    at_fusion_free(&x->fusion);
    at_weights_free(&x->weights);
    for (int k = 0; k < ATTUNE_OVERLAY_KINDS; k++)
        at_telling_free(&x->telling[k]);
    at_moments_free(&x->moments);
}

int attune_explain_file(const attune_model *m, const char *path, const attune_explain_options *o,
                        attune_input_info *info, attune_error *err)
{
    const attune_explain_options none = {0};
    explaining x = {.o = o ? o : &none, .path = path};
    int status = read_options(&x, err);
    if (info)
        memset(info, 0, sizeof *info);
    if (status == ATTUNE_OK)
        status = open_network(&x, m, err);
    if (status == ATTUNE_OK && open_telling(&x) < 0)
        status = at_fail_nomem(err);
    if (status == ATTUNE_OK)
        status = watch(&x, m, info, err);
    if (status == ATTUNE_OK || status == ATTUNE_E_INTERRUPTED) {
        const int told = explain_all(&x, status == ATTUNE_OK ? err : NULL);
        status = status == ATTUNE_OK ? told : status;
    }
    close_all(&x);
    return status;
}
