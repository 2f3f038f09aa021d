/* head_picture.c - see head_picture.h.
 *
 * Everything is drawn in the head's own coordinates: the origin between the eyes, x to the
 * picture's right, y down, the head about 240 units high and 165 wide. Light comes from the upper
 * left. Soft shading is radial gradients on top of each other, clipped to the face.
 */
#include "head_picture.h"

#include "base/rng.h"

#include <math.h>

static const double pi = 3.14159265358979323846;

const head_face head_expressions[ATTUNE_EMOTIONS] = {
    [ATTUNE_NEUTRAL] = {0},
    [ATTUNE_HAPPY] = {.cheek = .9, .smile = 1, .open = .25, .brow_outer = .1, .lid_tight = .1},
    [ATTUNE_SAD] = {.brow_inner = 1,
                    .brow_lower = .35,
                    .lid_upper = -.3,
                    .smile = -.75,
                    .chin = .7,
                    .gaze_y = .5},
    [ATTUNE_ANGRY] = {.brow_lower = 1,
                      .lid_upper = .35,
                      .lid_tight = .7,
                      .press = .7,
                      .smile = -.25,
                      .nose = .25},
    [ATTUNE_FEARFUL] = {.brow_inner = .95,
                        .brow_outer = .55,
                        .brow_lower = .35,
                        .lid_upper = .9,
                        .stretch = .85,
                        .open = .32,
                        .smile = -.25},
    [ATTUNE_DISGUSTED] = {.nose = 1,
                          .lip_upper = 1,
                          .brow_lower = .55,
                          .lid_tight = .65,
                          .cheek = .35,
                          .smile = -.45,
                          .chin = .3},
    [ATTUNE_SURPRISED] =
        {.brow_inner = 1, .brow_outer = 1, .lid_upper = .95, .open = .85, .stretch = -.35},
};

head_face head_blend(const head_face *a, const head_face *b, double t)
{
#define MIX(field) .field = a->field + (b->field - a->field) * t
    return (head_face){MIX(brow_inner), MIX(brow_outer), MIX(brow_lower), MIX(lid_upper),
                       MIX(cheek),      MIX(lid_tight),  MIX(nose),       MIX(lip_upper),
                       MIX(smile),      MIX(stretch),    MIX(press),      MIX(chin),
                       MIX(open),       MIX(gaze_x),     MIX(gaze_y)};
#undef MIX
}

/* ---- paint -------------------------------------------------------------------------------- */

typedef struct colour {
    double r, g, b;
} colour;

static const colour skin = {.86, .66, .54}, skin_light = {.97, .83, .73},
                    skin_dark = {.55, .33, .25}, skin_deep = {.36, .19, .14},
                    blush = {.85, .42, .36}, hair = {.19, .125, .085}, hair_light = {.46, .31, .20},
                    lip = {.72, .36, .33}, lip_dark = {.45, .18, .17}, cloth = {.22, .33, .45},
                    cloth_dark = {.11, .17, .26};

static void ink(cairo_t *cr, colour c, double alpha)
{
    cairo_set_source_rgba(cr, c.r, c.g, c.b, alpha);
}

static colour between(colour a, colour b, double t)
{
    return (colour){a.r + (b.r - a.r) * t, a.g + (b.g - a.g) * t, a.b + (b.b - a.b) * t};
}

/* A soft spot: full in the middle, nothing at the rim of the ellipse. */
static void spot(cairo_t *cr, double x, double y, double rx, double ry, colour c, double alpha)
{
    cairo_save(cr);
    cairo_translate(cr, x, y);
    cairo_scale(cr, rx, ry);
    cairo_pattern_t *p = cairo_pattern_create_radial(0, 0, 0, 0, 0, 1);
    for (int i = 0; i <= 8; i++) {
        double t = i / 8.0, fall = (1 - t * t) * (1 - t * t);
        cairo_pattern_add_color_stop_rgba(p, t, c.r, c.g, c.b, alpha * fall);
    }
    cairo_set_source(cr, p);
    cairo_arc(cr, 0, 0, 1, 0, 2 * pi);
    cairo_fill(cr);
    cairo_pattern_destroy(p);
    cairo_restore(cr);
}

static void ellipse(cairo_t *cr, double x, double y, double rx, double ry)
{
    cairo_save(cr);
    cairo_translate(cr, x, y);
    cairo_scale(cr, rx, ry);
    cairo_new_sub_path(cr);
    cairo_arc(cr, 0, 0, 1, 0, 2 * pi);
    cairo_restore(cr);
}

/* Fills the path with a vertical blend and forgets the path. */
static void fill_between(cairo_t *cr, double y0, colour c0, double y1, colour c1)
{
    cairo_pattern_t *p = cairo_pattern_create_linear(0, y0, 0, y1);
    cairo_pattern_add_color_stop_rgb(p, 0, c0.r, c0.g, c0.b);
    cairo_pattern_add_color_stop_rgb(p, 1, c1.r, c1.g, c1.b);
    cairo_set_source(cr, p);
    cairo_fill(cr);
    cairo_pattern_destroy(p);
}

/* A stroke drawn several times, each wider and fainter: a crease in skin. */
static void crease(cairo_t *cr, double width, double alpha)
{
    cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
    for (int i = 3; i >= 1; i--) {
        ink(cr, skin_deep, alpha / 3);
        cairo_set_line_width(cr, width * i);
        if (i > 1)
            cairo_stroke_preserve(cr);
        else
            cairo_stroke(cr);
    }
}

/* ---- the room ----------------------------------------------------------------------------- */

void head_draw_room(cairo_t *cr, int w, int h)
{
    const colour wall = {.74, .73, .69}, wall_far = {.52, .53, .52}, wood = {.45, .34, .25},
                 leaf = {.30, .42, .28}, pane = {.88, .91, .92};
    cairo_rectangle(cr, 0, 0, w, h);
    fill_between(cr, 0, wall, h, wall_far);
    cairo_save(cr);
    cairo_scale(cr, w / 640.0, h / 480.0);
    spot(cr, 90, 110, 330, 300, pane, .55); /* light from a window outside the picture */
    cairo_rectangle(cr, 520, 150, 130, 10);
    ink(cr, wood, .8);
    cairo_fill(cr);
    static const struct {
        double x, w, h;
        colour c;
    } books[] = {{528, 14, 62, {.50, .25, .22}},
                 {543, 18, 70, {.25, .33, .44}},
                 {562, 11, 55, {.62, .55, .38}},
                 {574, 20, 66, {.30, .40, .36}},
                 {596, 15, 72, {.42, .36, .44}}};
    for (int i = 0; i < 5; i++) {
        cairo_rectangle(cr, books[i].x, 150 - books[i].h, books[i].w, books[i].h);
        ink(cr, books[i].c, .75);
        cairo_fill(cr);
    }
    for (int i = 0; i < 9; i++)
        spot(cr, 40 + 17 * (i % 3) + 6 * (i / 3), 350 + 26 * (i / 3) - 9 * (i % 2), 30, 24, leaf,
             .55);
    cairo_restore(cr);
}

/* ---- behind the face ---------------------------------------------------------------------- */

static void draw_body(cairo_t *cr)
{
    /* shirt */
    cairo_move_to(cr, -52, 158);
    cairo_curve_to(cr, -110, 178, -168, 186, -192, 240);
    cairo_line_to(cr, -225, 640);
    cairo_line_to(cr, 225, 640);
    cairo_line_to(cr, 192, 240);
    cairo_curve_to(cr, 168, 186, 110, 178, 52, 158);
    cairo_close_path(cr);
    cairo_path_t *shirt = cairo_copy_path(cr);
    fill_between(cr, 150, cloth, 360, cloth_dark);
    cairo_save(cr);
    cairo_append_path(cr, shirt);
    cairo_clip(cr);
    spot(cr, -130, 200, 110, 70, between(cloth, skin_light, .35), .5);
    spot(cr, 120, 260, 120, 150, cloth_dark, .7);
    spot(cr, 0, 190, 90, 60, cloth_dark, .8);
    cairo_restore(cr);
    cairo_path_destroy(shirt);

    /* neck and what of the chest the collar leaves */
    cairo_move_to(cr, -46, 70);
    cairo_curve_to(cr, -46, 130, -48, 150, -62, 164);
    cairo_curve_to(cr, -40, 200, -18, 222, 0, 232);
    cairo_curve_to(cr, 18, 222, 40, 200, 62, 164);
    cairo_curve_to(cr, 48, 150, 46, 130, 46, 70);
    cairo_close_path(cr);
    cairo_path_t *neck = cairo_copy_path(cr);
    fill_between(cr, 90, between(skin, skin_dark, .45), 230, between(skin, skin_light, .1));
    cairo_save(cr);
    cairo_append_path(cr, neck);
    cairo_clip(cr);
    spot(cr, 0, 112, 66, 46, skin_deep, .6); /* the chin's shadow */
    spot(cr, 44, 150, 34, 70, skin_dark, .6);
    spot(cr, -14, 176, 20, 30, skin_light, .35);
    cairo_restore(cr);
    cairo_path_destroy(neck);

    /* collar */
    for (int side = -1; side <= 1; side += 2) {
        cairo_move_to(cr, side * 60, 150);
        cairo_curve_to(cr, side * 46, 190, side * 22, 216, 0, 234);
        cairo_line_to(cr, side * 26, 262);
        cairo_curve_to(cr, side * 60, 232, side * 84, 200, side * 90, 172);
        cairo_close_path(cr);
        fill_between(cr, 150, between(cloth, skin_light, side < 0 ? .28 : .12), 262,
                     between(cloth, cloth_dark, .4));
    }
}

static void hair_mass(cairo_t *cr)
{
    cairo_move_to(cr, -84, 26);
    cairo_curve_to(cr, -104, -40, -92, -104, -40, -128);
    cairo_curve_to(cr, 4, -148, 58, -138, 80, -96);
    cairo_curve_to(cr, 98, -62, 96, -16, 84, 26);
    cairo_close_path(cr);
    fill_between(cr, -140, between(hair, hair_light, .25), 20, hair);
}

static void draw_ears(cairo_t *cr)
{
    for (int side = -1; side <= 1; side += 2) {
        ellipse(cr, side * 80, 14, 11, 25);
        fill_between(cr, -10, side < 0 ? skin : between(skin, skin_dark, .35), 40,
                     between(skin, skin_dark, side < 0 ? .3 : .6));
        spot(cr, side * 82, 12, 6, 17, skin_deep, .45);
        spot(cr, side * 80, 30, 6, 8, blush, .3);
    }
}

/* ---- the face ----------------------------------------------------------------------------- */

static void face_path(cairo_t *cr, double jaw)
{
    double chin = 130 + 13 * jaw, cheek = 5 * jaw;
    cairo_move_to(cr, -76, -20);
    cairo_curve_to(cr, -79, 22, -76, 58, -59, 90 + cheek);
    cairo_curve_to(cr, -46, 114 + cheek, -24, chin, 0, chin);
    cairo_curve_to(cr, 24, chin, 46, 114 + cheek, 59, 90 + cheek);
    cairo_curve_to(cr, 76, 58, 79, 22, 76, -20);
    cairo_curve_to(cr, 80, -80, 46, -112, 0, -112);
    cairo_curve_to(cr, -46, -112, -80, -80, -76, -20);
    cairo_close_path(cr);
}

static void shade_face(cairo_t *cr, const head_face *f, double dx, double dy)
{
    double chin = 118 + 13 * f->open;
    cairo_pattern_t *p = cairo_pattern_create_radial(-26 + dx, -20 + dy, 20, 0, 10, 150);
    colour stops[] = {skin_light, skin, between(skin, skin_dark, .55), skin_dark};
    const double at[] = {0, .45, .82, 1};
    for (int i = 0; i < 4; i++)
        cairo_pattern_add_color_stop_rgb(p, at[i], stops[i].r, stops[i].g, stops[i].b);
    cairo_set_source(cr, p);
    cairo_paint(cr);
    cairo_pattern_destroy(p);

    spot(cr, 78, 30, 46, 110, skin_dark, .65); /* the side away from the light */
    spot(cr, -84, 40, 26, 100, skin_dark, .35);
    spot(cr, 0, -100, 90, 42, skin_dark, .45); /* under the hair */
    spot(cr, -18 + dx, -52 + dy, 50, 28, skin_light, .55);
    for (int side = -1; side <= 1; side += 2) {
        spot(cr, side * 37 + dx, 0 + dy, 30, 21, skin_dark, side < 0 ? .42 : .52); /* sockets */
        spot(cr, side * 15 + dx, -4 + dy, 12, 18, skin_dark, side < 0 ? .25 : .42);
        double up = 7 * f->cheek;
        spot(cr, side * 46 + dx, 48 - up + dy, 30, 24, blush, .22 + .15 * f->cheek);
        spot(cr, side * 44 + dx, 36 - up + dy, 22, 13, skin_light,
             (side < 0 ? .5 : .22) + .2 * f->cheek);
        spot(cr, side * 52 + dx, 78 + dy, 18, 30, skin_dark, side < 0 ? .22 : .34); /* hollow */
    }
    spot(cr, -2 + dx, chin - 4 - 3 * f->chin, 24, 15, skin_light, .42);
    spot(cr, 0, chin + 14, 70, 18, skin_dark, .55); /* jaw turning under */
    if (f->chin > 0)
        for (int i = 0; i < 7; i++)
            spot(cr, -15 + 5 * i + dx, chin - 6 + 3 * (i % 2), 4, 4, skin_dark, .3 * f->chin);
}

static void draw_creases(cairo_t *cr, const head_face *f)
{
    double smile = fmax(f->smile, 0), fold = .08 + .24 * smile + .2 * f->lip_upper + .1 * f->nose;
    for (int side = -1; side <= 1; side += 2) {
        cairo_move_to(cr, side * 20, 42 - 4 * f->nose);
        cairo_curve_to(cr, side * (28 + 5 * smile), 50, side * (36 + 8 * smile), 60 - 3 * smile,
                       side * (39 + 8 * smile), 80 - 4 * smile);
        crease(cr, 2, fold);
        spot(cr, side * (40 + 9 * smile), 58, 12, 18, skin_light, (side < 0 ? .3 : .15) * smile);
        if (f->brow_lower > 0.05) { /* frown lines */
            cairo_move_to(cr, side * 5, -32);
            cairo_curve_to(cr, side * 4, -27, side * 4, -22, side * 6, -16);
            crease(cr, 1.4, .55 * f->brow_lower);
        }
        if (f->nose > 0.05)
            for (int i = 0; i < 3; i++) {
                cairo_move_to(cr, side * 3, -4 + 6 * i);
                cairo_curve_to(cr, side * 7, -6 + 6 * i, side * 11, -4 + 6 * i, side * 13,
                               1 + 6 * i);
                crease(cr, 1.1, .45 * f->nose);
            }
        if (f->cheek > 0.05) /* crow's feet and the fold under the eye */
            for (int i = 0; i < 2; i++) {
                cairo_move_to(cr, side * 58, 1 + 4 * i);
                cairo_line_to(cr, side * 65, -2 + 8 * i);
                crease(cr, .9, .35 * f->cheek);
            }
    }
    double raised = f->brow_inner * (.4 + .6 * f->brow_outer);
    for (int i = 0; i < 3 && raised > 0.05; i++) {
        cairo_move_to(cr, -40, -58 - 10 * i);
        cairo_curve_to(cr, -16, -64 - 10 * i, 16, -64 - 10 * i, 40, -58 - 10 * i);
        crease(cr, 1.2, .3 * raised);
    }
}

/* ---- eyes --------------------------------------------------------------------------------- */

typedef struct eye_shape {
    double inner, outer, inner_y, outer_y, top, bottom; /* heights of the lids' middles */
} eye_shape;

static void lid_curve(cairo_t *cr, const eye_shape *e, double y)
{
    double third = (e->outer - e->inner) / 3, peak = y * 4 / 3;
    cairo_curve_to(cr, e->inner + .8 * third, peak, e->inner + 2.1 * third, peak, e->outer,
                   e->outer_y);
}

static void draw_iris(cairo_t *cr, double x, double y)
{
    const double radius = 7.6;
    ellipse(cr, x, y, radius, radius);
    cairo_pattern_t *p = cairo_pattern_create_radial(x, y + 2, 1, x, y, radius);
    cairo_pattern_add_color_stop_rgb(p, 0, .48, .40, .26);
    cairo_pattern_add_color_stop_rgb(p, .6, .34, .26, .16);
    cairo_pattern_add_color_stop_rgb(p, .85, .22, .15, .10);
    cairo_pattern_add_color_stop_rgb(p, 1, .09, .06, .05);
    cairo_set_source(cr, p);
    cairo_fill(cr);
    cairo_pattern_destroy(p);
    ellipse(cr, x, y, 3.3, 3.3);
    cairo_set_source_rgb(cr, .02, .02, .02);
    cairo_fill(cr);
    ellipse(cr, x - 2.6, y - 2.8, 1.9, 1.7);
    cairo_set_source_rgba(cr, 1, 1, 1, .95);
    cairo_fill(cr);
    ellipse(cr, x + 2.4, y + 2.6, 1, .9);
    cairo_set_source_rgba(cr, 1, 1, 1, .35);
    cairo_fill(cr);
}

static void draw_eye(cairo_t *cr, const head_face *f, int side)
{
    double open = 1 + (f->lid_upper > 0 ? .38 : 1) * f->lid_upper;
    double tight = fmin(1, f->lid_tight + .8 * f->cheek);
    eye_shape e = {.inner = -15.5, .outer = 16.5, .inner_y = 2.5, .outer_y = -1.5};
    e.top = -8.6 * open * (1 - .2 * f->lid_tight);
    e.bottom = 5.2 - 3.3 * tight + .6 * fmax(f->lid_upper, 0);
    if (open <= 0.08)
        e.top = e.bottom - 1.2;

    cairo_save(cr);
    cairo_translate(cr, side * 37, 0);
    cairo_scale(cr, side, 1); /* the inner corner is at -x on both sides */

    cairo_move_to(cr, e.inner, e.inner_y);
    lid_curve(cr, &e, e.top);
    cairo_curve_to(cr, e.outer - 9, e.bottom * 4 / 3, e.inner + 8, e.bottom * 4 / 3, e.inner,
                   e.inner_y);
    cairo_save(cr);
    cairo_clip(cr);
    cairo_set_source_rgb(cr, .93, .91, .89);
    cairo_paint(cr);
    spot(cr, e.inner, e.inner_y, 7, 5, blush, .6); /* the caruncle */
    spot(cr, e.outer, e.outer_y, 10, 9, skin_dark, .4);
    cairo_scale(cr, side, 1);
    draw_iris(cr, 4.5 * f->gaze_x, -1.2 + 2.8 * f->gaze_y);
    cairo_scale(cr, side, 1);
    spot(cr, 1, e.top - 1, 20, 7.5, skin_deep, .75); /* shadow of the upper lid */
    cairo_restore(cr);

    cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
    cairo_move_to(cr, e.inner, e.inner_y);
    lid_curve(cr, &e, e.top);
    ink(cr, (colour){.12, .07, .05}, .92);
    cairo_set_line_width(cr, 2.3);
    cairo_stroke(cr);
    cairo_move_to(cr, e.inner + 2, e.inner_y + .5);
    cairo_curve_to(cr, e.inner + 8, e.bottom * 4 / 3, e.outer - 9, e.bottom * 4 / 3, e.outer,
                   e.outer_y);
    ink(cr, skin_deep, .6);
    cairo_set_line_width(cr, 1.1);
    cairo_stroke(cr);
    /* lashes at the outer half, the lid's fold above, the bag below */
    for (int i = 0; i < 6; i++) {
        double t = .5 + .5 * i / 5.0, x = e.inner + (e.outer - e.inner) * t;
        double y = e.top * (1 - (2 * t - 1) * (2 * t - 1)) + e.outer_y * t * t;
        cairo_move_to(cr, x, y);
        cairo_line_to(cr, x + 2.2 + 1.4 * t, y - 2.6);
    }
    ink(cr, (colour){.1, .06, .05}, .7);
    cairo_set_line_width(cr, .9);
    cairo_stroke(cr);
    double fold = fmin(e.top, -4) - 5.2 + 2.2 * f->lid_tight - 1.5 * f->lid_upper;
    cairo_move_to(cr, e.inner + 2, e.inner_y - 4);
    cairo_curve_to(cr, e.inner + 9, fold * 1.22, e.outer - 10, fold * 1.22, e.outer + 2,
                   e.outer_y - 2.5);
    crease(cr, 1.2, .55);
    cairo_move_to(cr, e.inner + 3, e.bottom + 6);
    cairo_curve_to(cr, e.inner + 10, e.bottom + 11, e.outer - 10, e.bottom + 11, e.outer - 1,
                   e.bottom + 5);
    crease(cr, 1.1, .2 + .3 * tight);
    cairo_restore(cr);
}

static void draw_brow(cairo_t *cr, const head_face *f, int side)
{
    double inner_x = 13 - 5 * f->brow_lower, inner_y = -21 - 9 * f->brow_inner + 8 * f->brow_lower;
    double mid_y = -31 - 5 * f->brow_inner - 8 * f->brow_outer + 7 * f->brow_lower;
    double outer_y = -22 - 8 * f->brow_outer + 3 * f->brow_inner + 1 * f->brow_lower;
    at_rng rng;
    at_rng_seed(&rng, 7, (uint64_t)(side + 2));
    cairo_save(cr);
    cairo_scale(cr, side, 1);
    cairo_move_to(cr, inner_x + 4, inner_y - 3);
    cairo_curve_to(cr, 27, mid_y - 3, 44, mid_y - 4, 60, outer_y);
    cairo_curve_to(cr, 44, mid_y + 3, 28, mid_y + 5, inner_x + 3, inner_y + 4);
    cairo_curve_to(cr, inner_x - 1, inner_y + 3, inner_x, inner_y - 2, inner_x + 4, inner_y - 3);
    cairo_close_path(cr);
    ink(cr, hair, .66);
    cairo_fill(cr);
    cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
    for (int i = 0; i < 70; i++) { /* single hairs: upright inside, lying outside */
        double t = at_rng_float(&rng), u = 1 - t, s = at_rng_range(&rng, -1, 1);
        double x = u * u * u * inner_x + 3 * u * u * t * 27 + 3 * u * t * t * 44 + t * t * t * 60;
        double y = u * u * u * inner_y + 3 * u * t * (mid_y + .5) + t * t * t * outer_y;
        double thick = 3.6 * (1 - .75 * t);
        cairo_move_to(cr, x, y + s * thick);
        cairo_rel_line_to(cr, 2 + 5 * t, -3.4 * (1 - t) + 1.2 * t);
        ink(cr, between(hair, hair_light, .3F * at_rng_float(&rng)), .7);
        cairo_set_line_width(cr, 1);
        cairo_stroke(cr);
    }
    cairo_restore(cr);
}

/* ---- nose and mouth ----------------------------------------------------------------------- */

static void draw_nose(cairo_t *cr, const head_face *f)
{
    double up = 4 * f->nose, wide = 1 + .10 * f->nose + .05 * fmax(f->smile, 0);
    spot(cr, 13, 22, 9, 30, skin_dark, .5); /* the far side */
    spot(cr, -12, 24, 6, 26, skin_dark, .2);
    spot(cr, -2.5, 10, 5, 34, skin_light, .65);
    spot(cr, -3, 42 - up, 9, 8, skin_light, .75);
    spot(cr, 4, 60 - up, 20, 7, skin_deep, .42); /* its shadow on the lip */
    for (int side = -1; side <= 1; side += 2) {
        cairo_save(cr);
        cairo_translate(cr, side * 15 * wide, 46 - up);
        spot(cr, 0, 0, 9, 9, between(skin, skin_light, side < 0 ? .3 : 0), .7);
        cairo_restore(cr);
        ellipse(cr, side * 8.2 * wide, 53.5 - up, 4.6, 2.6);
        ink(cr, skin_deep, .85);
        cairo_fill(cr);
        cairo_move_to(cr, side * 18 * wide, 38 - up);
        cairo_curve_to(cr, side * 24 * wide, 44 - up, side * 22 * wide, 55 - up, side * 13 * wide,
                       54.5 - up);
        crease(cr, 1.3, side < 0 ? .5 : .65);
    }
    cairo_move_to(cr, -6, 55.5 - up);
    cairo_curve_to(cr, -2, 58.5 - up, 2, 58.5 - up, 6, 55.5 - up);
    crease(cr, 1.3, .5);
}

typedef struct mouth_shape {
    double w, corner, upper, lower; /* half width; heights of corners and of the inner lips */
    double thick_up, thick_low;
} mouth_shape;

static mouth_shape mouth_of(const head_face *f)
{
    mouth_shape m;
    double smile = fmax(f->smile, 0), down = fmax(-f->smile, 0);
    m.w = 27 + 10 * smile + 6 * f->stretch + 1.5 * down - 3 * f->open * (1 - smile);
    m.corner = -10.5 * smile + 6 * down + 1.5 * f->stretch;
    m.upper = -2.5 * smile * (f->open > 0.05) - 5 * f->lip_upper - 3.5 * f->open;
    m.lower = m.upper + 30 * f->open + 3.5 * f->lip_upper;
    m.thick_up = (7.2 - 2.6 * smile - 1.5 * f->open) * (1 - .55 * f->press);
    m.thick_low = (10 - 2.6 * smile - 1 * f->open + 1.5 * f->chin) * (1 - .5 * f->press);
    m.lower -= 2 * f->chin;
    if (m.lower < m.upper)
        m.lower = m.upper;
    return m;
}

static void inner_mouth(cairo_t *cr, const mouth_shape *m)
{
    double w = m->w * .9;
    cairo_move_to(cr, -w, m->corner);
    cairo_curve_to(cr, -w * .5, m->upper + .25 * m->corner - .5, -5, m->upper - .5, 0,
                   m->upper + .8);
    cairo_curve_to(cr, 5, m->upper - .5, w * .5, m->upper + .25 * m->corner - .5, w, m->corner);
    cairo_curve_to(cr, w * .62, m->lower + .2 * m->corner, w * .35, m->lower + .8, 0,
                   m->lower + .8);
    cairo_curve_to(cr, -w * .35, m->lower + .8, -w * .62, m->lower + .2 * m->corner, -w, m->corner);
    cairo_close_path(cr);
}

static void draw_teeth(cairo_t *cr, const mouth_shape *m, const head_face *f)
{
    double gap = m->lower - m->upper, y = m->upper - 3;
    double length = 8 + 2.5 * fmax(f->smile, 0) + 2 * f->lip_upper;
    if (gap < 1.5)
        return;
    spot(cr, 0, m->lower + 2, m->w * .62, gap * .55, (colour){.66, .30, .29}, .9); /* the tongue */
    for (int i = -4; i <= 3; i++) {
        double x = i * 6.1, far = fabs(i + .5) / 4.5;
        cairo_move_to(cr, x + .2, y);
        cairo_line_to(cr, x + 5.9, y);
        cairo_curve_to(cr, x + 6, y + length * (1 - .3 * far), x + 5,
                       y + length * (1.05 - .3 * far), x + 3, y + length * (1.05 - .3 * far));
        cairo_curve_to(cr, x + 1, y + length * (1.05 - .3 * far), x, y + length * (1 - .3 * far),
                       x + .2, y);
        cairo_set_source_rgb(cr, .95 - .28 * far, .93 - .29 * far, .88 - .30 * far);
        cairo_fill(cr);
    }
    spot(cr, 0, m->upper - 1, m->w, 5, lip_dark, .6); /* shadow of the lip */
}

static void draw_mouth(cairo_t *cr, const head_face *f)
{
    mouth_shape m = mouth_of(f);
    double top = m.upper - m.thick_up, bottom = m.lower + m.thick_low;
    cairo_save(cr);
    cairo_translate(cr, 0, 84);
    spot(cr, 0, top - 9, 5, 9, skin_dark, .28);    /* philtrum */
    spot(cr, 2, bottom + 7, 23, 7, skin_dark, .6); /* under the lower lip */
    for (int side = -1; side <= 1; side += 2)
        spot(cr, side * (m.w + 1), m.corner + 1, 7, 7, skin_dark, .45);

    /* both lips in one piece, the opening on top */
    cairo_move_to(cr, -m.w, m.corner);
    cairo_curve_to(cr, -m.w * .62, m.corner * .5 + m.upper - m.thick_up * .55, -11, top - 1.2, -6,
                   top);
    cairo_curve_to(cr, -3, top + .4, -2, top + 1.9, 0, top + 2);
    cairo_curve_to(cr, 2, top + 1.9, 3, top + .4, 6, top);
    cairo_curve_to(cr, 11, top - 1.2, m.w * .62, m.corner * .5 + m.upper - m.thick_up * .55, m.w,
                   m.corner);
    cairo_curve_to(cr, m.w * .66, m.corner * .4 + bottom * .82, 13, bottom + .8, 0, bottom);
    cairo_curve_to(cr, -13, bottom + .8, -m.w * .66, m.corner * .4 + bottom * .82, -m.w, m.corner);
    cairo_close_path(cr);
    cairo_path_t *outline = cairo_copy_path(cr);
    fill_between(cr, top, between(lip, lip_dark, .45), bottom, lip);
    cairo_save(cr);
    cairo_append_path(cr, outline);
    cairo_clip(cr);
    spot(cr, -5, (m.lower + bottom) / 2 - .5, 14, 4, (colour){.95, .68, .64}, .6);
    spot(cr, 18, (m.lower + bottom) / 2, 14, 8, lip_dark, .35);
    spot(cr, -7, top + 1.5, 8, 2.2, (colour){.9, .6, .55}, .4);
    cairo_restore(cr);
    cairo_path_destroy(outline);

    inner_mouth(cr, &m);
    cairo_save(cr);
    cairo_clip_preserve(cr);
    cairo_set_source_rgb(cr, .17, .05, .05);
    cairo_fill(cr);
    draw_teeth(cr, &m, f);
    cairo_restore(cr);
    inner_mouth(cr, &m);
    ink(cr, lip_dark, .85);
    cairo_set_line_width(cr, 1.3);
    cairo_stroke(cr);
    cairo_restore(cr);
}

/* ---- over the face ------------------------------------------------------------------------ */

static void draw_fringe(cairo_t *cr)
{
    cairo_move_to(cr, -85, 20);
    cairo_curve_to(cr, -104, -44, -92, -106, -40, -129);
    cairo_curve_to(cr, 4, -149, 60, -139, 82, -96);
    cairo_curve_to(cr, 99, -60, 96, -14, 85, 20);
    cairo_curve_to(cr, 82, 2, 80, -18, 74, -34);
    cairo_curve_to(cr, 66, -62, 42, -80, 8, -84);
    cairo_curve_to(cr, -22, -86, -36, -92, -42, -100);
    cairo_curve_to(cr, -52, -78, -66, -60, -73, -36);
    cairo_curve_to(cr, -79, -18, -81, 2, -85, 20);
    cairo_close_path(cr);
    cairo_path_t *outline = cairo_copy_path(cr);
    fill_between(cr, -145, between(hair, hair_light, .3), 10, hair);
    cairo_save(cr);
    cairo_append_path(cr, outline);
    cairo_clip(cr);
    spot(cr, -30, -118, 52, 24, hair_light, .55);
    at_rng rng;
    at_rng_seed(&rng, 11, 1);
    for (int i = 0; i < 260; i++) { /* strands, combed from the parting */
        double t = at_rng_float(&rng), bright = at_rng_float(&rng);
        int left = at_rng_float(&rng) < .34F;
        double x0 = -42 + at_rng_range(&rng, -3, 3), y0 = -128 + 30 * t;
        double x1 = left ? -84 - 12 * (1 - t) : 84 + 12 * (1 - t), y1 = 24 - 26 * t;
        double lift = left ? -26 * (1 - t) : -40 * (1 - t) + 6 * t;
        cairo_move_to(cr, x0, y0);
        cairo_curve_to(cr, x0 + (left ? -22 : 50), y0 + lift * .6, x1 + (left ? -2 : 4),
                       y0 + 20 + 30 * t, x1, y1);
        ink(cr, between(hair, hair_light, bright * bright), .38);
        cairo_set_line_width(cr, .8 + 1.2 * (1 - bright));
        cairo_stroke(cr);
    }
    cairo_restore(cr);
    cairo_path_destroy(outline);
}

/* One finger from its knuckle (0, 0) along -y. */
static void draw_finger(cairo_t *cr, double length, double width)
{
    double r = width / 2;
    cairo_move_to(cr, -r, 6);
    cairo_curve_to(cr, -r * 1.05, -length * .4, -r * .95, -length * .7, -r * .85, -length + r);
    cairo_curve_to(cr, -r * .8, -length - r * .3, r * .8, -length - r * .3, r * .85, -length + r);
    cairo_curve_to(cr, r * .95, -length * .7, r * 1.05, -length * .4, r, 6);
    cairo_pattern_t *p = cairo_pattern_create_linear(-r, 0, r, 0);
    colour a = between(skin, skin_dark, .15), b = between(skin, skin_light, .55),
           c = between(skin, skin_dark, .75);
    cairo_pattern_add_color_stop_rgb(p, 0, a.r, a.g, a.b);
    cairo_pattern_add_color_stop_rgb(p, .35, b.r, b.g, b.b);
    cairo_pattern_add_color_stop_rgb(p, 1, c.r, c.g, c.b);
    cairo_set_source(cr, p);
    cairo_fill_preserve(cr);
    cairo_pattern_destroy(p);
    ink(cr, skin_deep, .55);
    cairo_set_line_width(cr, 1);
    cairo_stroke(cr);
    for (int joint = 0; joint < 2; joint++) {
        double y = -length * (joint ? .68 : .38);
        cairo_move_to(cr, -r * .6, y);
        cairo_curve_to(cr, -r * .2, y + 2, r * .2, y + 2, r * .6, y);
        crease(cr, .9, .4);
    }
    ellipse(cr, 0, -length + r * .75, r * .55, r * .75);
    ink(cr, (colour){.95, .78, .72}, .85);
    cairo_fill(cr);
}

/* A right hand held over the mouth and the face's right side, coming from below. away: how far it
 * is yet from there. */
static void draw_hand(cairo_t *cr, double away)
{
    cairo_save(cr);
    cairo_translate(cr, 22 + 150 * away, 116 + 260 * away);
    cairo_rotate(cr, -.42);
    cairo_scale(cr, 1.12, 1.12);
    cairo_move_to(cr, -34, 76); /* sleeve */
    cairo_curve_to(cr, -10, 84, 14, 84, 40, 74);
    cairo_line_to(cr, 70, 420);
    cairo_line_to(cr, -60, 420);
    cairo_close_path(cr);
    fill_between(cr, 60, cloth, 300, cloth_dark);
    static const double length[] = {80, 94, 90, 70}, turn[] = {-.15, -.05, .05, .16};
    for (int i = 3; i >= 0; i--) {
        cairo_save(cr);
        cairo_translate(cr, -32 + 21 * i, -14 + 4 * fabs(i - 1.3));
        cairo_rotate(cr, turn[i]);
        draw_finger(cr, length[i], 24 - (i == 3) * 3);
        cairo_restore(cr);
    }
    cairo_save(cr); /* thumb */
    cairo_translate(cr, -34, 34);
    cairo_rotate(cr, -.62);
    draw_finger(cr, 60, 27);
    cairo_restore(cr);
    /* the back of the hand, running over into the fingers */
    cairo_move_to(cr, -32, 80);
    cairo_curve_to(cr, -40, 40, -50, 18, -44, -14);
    cairo_curve_to(cr, -36, -24, -30, -16, -22, -20);
    cairo_curve_to(cr, -12, -28, -6, -20, 0, -22);
    cairo_curve_to(cr, 8, -26, 14, -16, 20, -18);
    cairo_curve_to(cr, 30, -20, 36, -10, 42, -10);
    cairo_curve_to(cr, 48, 14, 44, 44, 36, 80);
    cairo_curve_to(cr, 14, 88, -10, 88, -32, 80);
    cairo_path_t *back = cairo_copy_path(cr);
    fill_between(cr, -30, between(skin, skin_light, .3), 84, between(skin, skin_dark, .45));
    cairo_append_path(cr, back);
    cairo_clip(cr);
    cairo_path_destroy(back);
    spot(cr, 40, 30, 30, 70, skin_dark, .6);
    spot(cr, -46, 30, 14, 50, skin_dark, .4);
    for (int i = 0; i < 4; i++) {
        spot(cr, -32 + 21 * i, -10 + 4 * fabs(i - 1.3), 10, 9, skin_light, .45);
        cairo_move_to(cr, -31 + 20 * i, 0);
        cairo_line_to(cr, -18 + 11 * i, 60);
        crease(cr, 2, .10);
    }
    cairo_restore(cr);
}

/* ---- all together ------------------------------------------------------------------------- */

void head_draw(cairo_t *cr, const head_pose *pose, const head_face *f)
{
    double dx = 7 * pose->yaw, dy = 6 * pose->pitch;
    cairo_save(cr);
    cairo_translate(cr, pose->x, pose->y);
    cairo_scale(cr, pose->scale, pose->scale);
    draw_body(cr);
    cairo_translate(cr, 0, 120); /* the head turns on the neck */
    cairo_rotate(cr, pose->tilt);
    cairo_translate(cr, 0, -120);
    cairo_translate(cr, -.3 * dx, 0);
    hair_mass(cr);
    draw_ears(cr);

    cairo_save(cr);
    face_path(cr, f->open);
    cairo_clip(cr);
    shade_face(cr, f, dx, dy);
    cairo_translate(cr, .8 * dx, .8 * dy);
    draw_creases(cr, f);
    draw_eye(cr, f, -1);
    draw_eye(cr, f, 1);
    draw_brow(cr, f, -1);
    draw_brow(cr, f, 1);
    draw_mouth(cr, f);
    cairo_translate(cr, .5 * dx, .3 * dy);
    draw_nose(cr, f);
    cairo_restore(cr);

    face_path(cr, f->open);
    ink(cr, skin_deep, .35);
    cairo_set_line_width(cr, 1.2);
    cairo_stroke(cr);
    draw_fringe(cr);
    if (pose->hand > 0)
        draw_hand(cr, 1 - pose->hand);
    cairo_restore(cr);
}
