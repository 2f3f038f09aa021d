#include "annotate/draw.h"

#include "base/error.h"
#include "base/mem.h"
#include "report/paint.h"

#include <math.h>
#include <string.h>

#define LEGEND_EMS 43.0 /* that the names of all colours take */
#define LEAST_EM   7.0  /* pixels */

static const double shade = 0.62; /* of what letters stand on */

struct at_drawer {
    cairo_surface_t *canvas;
    cairo_t *cr;
    int w, h;
    double em; /* size of letters; everything follows it */
};

int at_late_pixels(attune_error *err); /* made by base/late.py */

int at_drawer_create(at_drawer **out, attune_error *err)
{
    int rc = at_paint_load(err);

    *out = NULL;
    rc = rc < 0 ? rc : at_late_pixels(err);
    if (rc < 0)
        return rc;
    *out = at_calloc(1, sizeof **out);
    return *out ? ATTUNE_OK : at_fail_nomem(err);
}

static void drop_canvas(at_drawer *d)
{
    if (d->cr)
        cairo_destroy(d->cr);
    if (d->canvas)
        cairo_surface_destroy(d->canvas);
    d->cr = NULL;
    d->canvas = NULL;
}

void at_drawer_free(at_drawer **d)
{
    if (!*d)
        return;
    drop_canvas(*d);
    at_free(*d);
    *d = NULL;
}

/* ---- pixels --------------------------------------------------------------------------------- */

static int make_canvas(at_drawer *d, int w, int h, attune_error *err)
{
    if (d->canvas && d->w == w && d->h == h)
        return ATTUNE_OK;
    drop_canvas(d);
    d->w = w;
    d->h = h;
    d->em = fmax(9, fmin(w, h) / 30.0);
    d->canvas = cairo_image_surface_create(CAIRO_FORMAT_RGB24, w, h);
    d->cr = cairo_create(d->canvas);
    return cairo_status(d->cr) == CAIRO_STATUS_SUCCESS ? ATTUNE_OK : at_fail_nomem(err);
}

/* cairo's pixels are 0xXXRRGGBB in the machine's byte order. */
static void take_picture(at_drawer *d, const at_image *picture)
{
    unsigned char *data = cairo_image_surface_get_data(d->canvas);
    const int stride = cairo_image_surface_get_stride(d->canvas);

    for (int y = 0; y < d->h; y++) {
        const uint8_t *from = at_image_at(picture, 0, y);
        uint32_t *to = (uint32_t *)(void *)(data + (ptrdiff_t)y * stride);
        for (int x = 0; x < d->w; x++, from += 3)
            to[x] = (uint32_t)from[0] << 16 | (uint32_t)from[1] << 8 | from[2];
    }
    cairo_surface_mark_dirty(d->canvas);
}

static void give_picture(at_drawer *d, at_image *picture)
{
    const unsigned char *data;
    const int stride = cairo_image_surface_get_stride(d->canvas);

    cairo_surface_flush(d->canvas);
    data = cairo_image_surface_get_data(d->canvas);
    for (int y = 0; y < d->h; y++) {
        const uint32_t *from = (const uint32_t *)(const void *)(data + (ptrdiff_t)y * stride);
        uint8_t *to = at_image_at(picture, 0, y);
        for (int x = 0; x < d->w; x++, to += 3) {
            to[0] = (uint8_t)(from[x] >> 16);
            to[1] = (uint8_t)(from[x] >> 8);
            to[2] = (uint8_t)from[x];
        }
    }
}

/* ---- parts ---------------------------------------------------------------------------------- */

static int likeliest(const float *p, int n)
{
    int best = 0;

    for (int i = 1; i < n; i++)
        best = p[i] > p[best] ? i : best;
    return best;
}

static void dark(const at_drawer *d, double x, double y, double w, double h)
{
    cairo_set_source_rgba(d->cr, 0, 0, 0, shade);
    cairo_rectangle(d->cr, x, y, w, h);
    cairo_fill(d->cr);
}

/* "face 1: happy 71 %, partial" */
static void put_words(char *out, size_t size, const attune_window *w)
{
    const int emotion = likeliest(w->emotion7, ATTUNE_EMOTIONS);
    char who[24] = "voice";

    if (w->track)
        snprintf(who, sizeof who, "face %u", (unsigned)w->track);
    if (w->abstain)
        snprintf(out, size, "%s: withheld", w->track || w->used ? who : "nobody");
    else
        snprintf(out, size, "%s: %s %.0f %%%s%s", who, attune_emotion_names[emotion],
                 100 * (double)w->emotion7[emotion], w->has_state ? ", " : "",
                 w->has_state
                     ? attune_engagement_names[likeliest(w->engagement3, ATTUNE_ENGAGEMENTS)]
                     : "");
}

/* One over the other from the left: shares of n classes. */
static void put_band(const at_drawer *d, double x, double y, double w, double h, const float *share,
                     const at_paint *paint, int n)
{
    double sum = 0;

    for (int i = 0; i < n; i++)
        sum += (double)share[i];
    for (int i = 0; i < n && sum > 0; i++) {
        const double part = w * (double)share[i] / sum;
        at_paint_box(d->cr, x, y, part, h, paint[i].fill);
        x += part;
    }
}

/* What is said of a window: words, the bands of expressions and of weights. x, y: its left top. */
static void put_panel(const at_drawer *d, const attune_window *w, double x, double y, double width)
{
    const at_type type = {d->em, 1, AT_PAPER};
    char words[96];
    double wide;

    put_words(words, sizeof words, w);
    wide = fmax(width, at_paint_width(d->cr, &type, words) + d->em);
    x = fmax(0, fmin(x, d->w - wide));
    dark(d, x, y, wide, 2.6 * d->em);
    at_paint_text(d->cr, &type, x + d->em / 2, y + 1.15 * d->em, 0, words);
    if (!w->abstain)
        put_band(d, x, y + 1.5 * d->em, wide, 0.6 * d->em, w->emotion7, at_paint_emotion,
                 ATTUNE_EMOTIONS);
    put_band(d, x, y + 2.2 * d->em, wide, 0.4 * d->em, w->weight, at_paint_modality,
             ATTUNE_MODALITIES);
}

static void put_box(const at_drawer *d, const attune_window *w, const float box[4])
{
    const int emotion = likeliest(w->emotion7, ATTUNE_EMOTIONS);
    const double dashes[] = {d->em / 2, d->em / 3};

    cairo_rectangle(d->cr, (double)box[0], (double)box[1], (double)box[2], (double)box[3]);
    cairo_set_source_rgba(d->cr, 0, 0, 0, shade);
    cairo_set_line_width(d->cr, d->em / 3);
    cairo_stroke_preserve(d->cr);
    if (w->abstain)
        cairo_set_dash(d->cr, dashes, 2, 0);
    at_paint_colour(d->cr, w->abstain ? AT_LINE : at_paint_emotion[emotion].fill);
    cairo_set_line_width(d->cr, d->em / 6);
    cairo_stroke(d->cr);
    cairo_set_dash(d->cr, NULL, 0, 0);
}

/* Under the face; above it, or over it, where there is no room. */
static void put_face(const at_drawer *d, const attune_window *w, const float box[4])
{
    const double height = 2.6 * d->em, foot = 1.6 * d->em; /* the legend's */
    double y = (double)box[1] + (double)box[3] + d->em / 4;

    put_box(d, w, box);
    if (y + height > d->h - foot)
        y = (double)box[1] - height - d->em / 4;
    if (y < 0)
        y = d->h - foot - height;
    put_panel(d, w, (double)box[0], y, (double)box[2]);
}

static double put_key(const at_drawer *d, double em, double x, const at_paint *paint,
                      const char *name)
{
    const at_type type = {0.8 * em, 0, AT_PAPER};
    const double y = d->h - 0.4 * em;

    at_paint_box(d->cr, x, y - 0.65 * em, 0.7 * em, 0.7 * em, paint->fill);
    at_paint_text(d->cr, &type, x + em, y, 0, name);
    return x + em + at_paint_width(d->cr, &type, name) + 0.8 * em;
}

/* Which colour is what, along the foot of the picture, if letters can be read there. */
static void put_legend(const at_drawer *d)
{
    const double em = fmin(d->em, d->w / LEGEND_EMS);
    double x = em / 2;

    if (em < LEAST_EM)
        return;
    dark(d, 0, d->h - 1.4 * em, d->w, 1.4 * em);
    for (int i = 0; i < ATTUNE_EMOTIONS; i++)
        x = put_key(d, em, x, &at_paint_emotion[i], attune_emotion_names[i]);
    x += em;
    for (int m = 0; m < ATTUNE_MODALITIES; m++)
        x = put_key(d, em, x, &at_paint_modality[m], attune_modality_name(m));
}

/* ---- a picture ------------------------------------------------------------------------------ */

static void put_all(const at_drawer *d, const at_marks *m, int64_t t_us)
{
    double y = d->em / 2; /* of what is told of nobody in view */
    float box[4];

    put_legend(d);
    for (int i = 0; i < m->now.n; i++) {
        if (at_marks_box(m, i, t_us, box)) {
            put_face(d, &m->now.w[i], box);
        } else {
            put_panel(d, &m->now.w[i], d->em / 2, y, 12 * d->em);
            y += 3 * d->em;
        }
    }
}

int at_drawer_draw(at_drawer *d, at_image *picture, const at_marks *m, int64_t t_us,
                   attune_error *err)
{
    int rc = make_canvas(d, picture->w, picture->h, err);

    if (rc < 0)
        return rc;
    take_picture(d, picture);
    put_all(d, m, t_us);
    if (cairo_status(d->cr) != CAIRO_STATUS_SUCCESS)
        return at_fail_nomem(err);
    give_picture(d, picture);
    return ATTUNE_OK;
}
