/* unit_picture.c - pictures as they come: every format, turn, stride and size against the RGB picture
 * that shows the same. */
#include "base/upright.h"
#include "vision/picture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { W = 61, H = 47, MARGIN = 7 /* bytes at the end of a row that are not the picture's */ };

/* Smooth, so that coarser chroma holds it; coloured, so that swapped channels show. */
static void colour_at(double x, double y, double rgb[3])
{
    rgb[0] = 40 + 150 * x / W;
    rgb[1] = 200 - 120 * y / H;
    rgb[2] = 90 + 60 * sin(3 * x / W + 2 * y / H);
}

static void draw_rgb(at_image *im, int w, int h)
{
    double rgb[3];
    assert_int_equal(at_image_reserve(im, w, h, 3), ATTUNE_OK);
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            colour_at(x + 0.5, y + 0.5, rgb);
            for (int k = 0; k < 3; k++)
                at_image_at(im, x, y)[k] = (uint8_t)lround(rgb[k]);
        }
}

/* Y, U, V in [0,1], [-1/2,1/2], by the definitions of the standards. */
static void yuv_of(const double rgb[3], attune_matrix matrix, double yuv[3])
{
    static const double kr[] = {0.299, 0.2126, 0.2627}, kb[] = {0.114, 0.0722, 0.0593};
    const double r = kr[matrix], b = kb[matrix];
    yuv[0] = (r * rgb[0] + (1 - r - b) * rgb[1] + b * rgb[2]) / 255;
    yuv[1] = (rgb[2] / 255 - yuv[0]) / (2 * (1 - b));
    yuv[2] = (rgb[0] / 255 - yuv[0]) / (2 * (1 - r));
}

/* A picture that owns its memory. */
typedef struct made {
    attune_picture p;
    uint8_t *memory[3];
} made;

static void made_free(made *m)
{
    for (int i = 0; i < 3; i++)
        free(m->memory[i]);
}

static uint8_t *plane(made *m, int i, int w, int h, int channels, int upside_down)
{
    const ptrdiff_t stride = (ptrdiff_t)w * channels + MARGIN;
    m->memory[i] = malloc((size_t)stride * (size_t)h);
    memset(m->memory[i], 0xA5, (size_t)stride * (size_t)h);
    m->p.plane[i] = upside_down ? m->memory[i] + (h - 1) * stride : m->memory[i];
    m->p.stride[i] = upside_down ? -stride : stride;
    return m->memory[i] + (m->p.plane[i] - m->memory[i]);
}

static made draw(int w, int h, attune_format format, attune_matrix matrix, attune_range range,
                 int upside_down)
{
    made m = {{.format = format, .w = w, .h = h, .matrix = matrix, .range = range}, {0}};
    const int across = format == ATTUNE_NV12 || format == ATTUNE_I420 || format == ATTUNE_I422;
    const int down = format == ATTUNE_NV12 || format == ATTUNE_I420;
    const int size = format <= ATTUNE_BGR ? 3 : format <= ATTUNE_BGRA ? 4 : 1;
    const int full = range == ATTUNE_RANGE_FULL || (format == ATTUNE_GREY && !range);
    double rgb[3], yuv[3];
    uint8_t *first = plane(&m, 0, w, h, size, upside_down);
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            uint8_t *at = first + y * m.p.stride[0] + x * size;
            colour_at(x + 0.5, y + 0.5, rgb);
            yuv_of(rgb, matrix, yuv);
            for (int k = 0; k < size && size > 1; k++)
                at[k] = k == 3 ? 17 : (uint8_t)lround(rgb[format % 2 ? 2 - k : k]);
            if (size == 1)
                *at = (uint8_t)lround(full ? 255 * yuv[0] : 16 + 219 * yuv[0]);
        }
    if (format < ATTUNE_NV12)
        return m;
    const int cw = (w + across) >> across, ch = (h + down) >> down;
    const int step = format == ATTUNE_NV12 ? 2 : 1;
    uint8_t *u = plane(&m, 1, cw, ch, step, upside_down);
    uint8_t *v = step == 2 ? u + 1 : plane(&m, 2, cw, ch, 1, upside_down);
    for (int y = 0; y < ch; y++)
        for (int x = 0; x < cw; x++) {
            const double scale = full ? 255 : 224;
            colour_at((x + 0.5) * (1 + across), (y + 0.5) * (1 + down), rgb);
            yuv_of(rgb, matrix, yuv);
            u[y * m.p.stride[1] + x * step] = (uint8_t)lround(128 + scale * yuv[1]);
            v[y * m.p.stride[step == 2 ? 1 : 2] + x * step] = (uint8_t)lround(128 + scale * yuv[2]);
        }
    return m;
}

static int worst(const at_image *a, const at_image *b, int grey)
{
    int most = 0;
    assert_true(a->w == b->w && a->h == b->h && a->channels == 3 && b->channels == 3);
    for (int y = 0; y < a->h; y++)
        for (int x = 0; x < a->w; x++) {
            const uint8_t *p = at_image_at(a, x, y), *q = at_image_at(b, x, y);
            const int luma = (int)lround(0.299 * q[0] + 0.587 * q[1] + 0.114 * q[2]);
            for (int k = 0; k < 3; k++)
                most = abs(p[k] - (grey ? luma : q[k])) > most ? abs(p[k] - (grey ? luma : q[k]))
                                                               : most;
        }
    return most;
}

static const struct {
    at_rect r;
    int w, h, slack;
} parts[] = {
    {{0, 0, W, H}, W, H, 0},      /* as it is */
    {{0, 0, W, H}, 20, 15, 0},    /* smaller */
    {{0, 0, W, H}, 7, 5, 3},      /* so small that it is halved first, without an odd last line */
    {{11, 3, 30, 28}, 30, 28, 0}, /* a part that begins between two chroma samples */
    {{11, 3, 31, 27}, 80, 70, 0}, /* larger */
    {{W - 1, H - 1, 1, 1}, 3, 2, 0}, /* the last pixel */
};
enum { PARTS = sizeof parts / sizeof parts[0] };

static const struct {
    float m[6];
    int slack;
} warps[] = {
    {{1, 0, 0, 0, 1, 0}, 0},
    {{0.9F, 0.3F, -4, -0.3F, 0.9F, 6}, 0},
    {{0.3F, 0, 2, 0, 0.3F, 2}, 8},         /* halved on the way, which drops an odd last line */
    {{2.2F, 0.4F, 30, -0.4F, 2.2F, 9}, 0}, /* the edge repeated */
};
enum { WARPS = sizeof warps / sizeof warps[0] };

/* Whatever is asked of p is what is asked of the RGB picture, to within some levels. */
static void same_as(const attune_picture *p, const at_image *rgb, int tolerance)
{
    const attune_picture plain = at_picture_of(rgb);
    const int grey = p->format == ATTUNE_GREY;
    at_picture_work work = {0}, plain_work = {0};
    at_image got = {0}, expected = {0};

    assert_int_equal(at_picture_check(p), ATTUNE_OK);
    for (int i = 0; i < PARTS; i++) {
        at_rect r = parts[i].r;
        if (!at_rect_cut(&r, rgb->w, rgb->h))
            continue;
        assert_int_equal(at_picture_part(&got, &work, p, &r, parts[i].w, parts[i].h), ATTUNE_OK);
        assert_int_equal(
            at_picture_part(&expected, &plain_work, &plain, &r, parts[i].w, parts[i].h), ATTUNE_OK);
        assert_true(worst(&got, &expected, grey) <= tolerance + parts[i].slack);
    }
    for (int i = 0; i < WARPS; i++) {
        assert_int_equal(at_picture_warp(&got, &work, p, warps[i].m, 40, 33), ATTUNE_OK);
        assert_int_equal(at_picture_warp(&expected, &plain_work, &plain, warps[i].m, 40, 33),
                         ATTUNE_OK);
        assert_true(worst(&got, &expected, grey) <= tolerance + warps[i].slack);
    }
    at_picture_work_free(&work);
    at_picture_work_free(&plain_work);
    at_image_free(&got);
    at_image_free(&expected);
}

/* Rounding to 8 bits costs up to half a level of Y, U and V each, and their use up to two. */
enum { ROUNDING = 4 };

static void every_format_shows_the_same(void **state)
{
    static const int sizes[][2] = {{W, H}, {W - 1, H - 1}, {64, 1}, {1, 50}, {2, 2}, {1, 1}};
    (void)state;
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        const int w = sizes[s][0], h = sizes[s][1];
        at_image rgb = {0};
        draw_rgb(&rgb, w, h);
        for (int f = 0; f < ATTUNE_FORMATS; f++)
            for (int k = 0; k < ATTUNE_MATRICES * 3 * 2; k++) {
                const attune_matrix matrix = f == ATTUNE_GREY ? 0 : k / 6;
                made m = draw(w, h, f, matrix, k / 2 % 3, k % 2);
                same_as(&m.p, &rgb, f < ATTUNE_GREY ? 0 : ROUNDING);
                made_free(&m);
            }
        at_image_free(&rgb);
    }
}

/* stored(u, v) of the upright picture im, by what EXIF says of rows and columns. */
static void store(at_image *stored, const at_image *im, int orientation)
{
    const int turned = orientation >= 5;
    assert_int_equal(at_image_reserve(stored, turned ? im->h : im->w, turned ? im->w : im->h, 3),
                     ATTUNE_OK);
    for (int v = 0; v < stored->h; v++)
        for (int u = 0; u < stored->w; u++) {
            const int right = im->w - 1, bottom = im->h - 1;
            const int x[9] = {0, u, right - u, right - u, u, v, right - v, right - v, v};
            const int y[9] = {0, v, v, bottom - v, bottom - v, u, u, bottom - u, bottom - u};
            memcpy(at_image_at(stored, u, v), at_image_at(im, x[orientation], y[orientation]), 3);
        }
}

static void turned_pictures_come_upright(void **state)
{
    at_image rgb = {0}, stored = {0};
    (void)state;
    draw_rgb(&rgb, W, H);
    for (int orientation = 1; orientation <= 8; orientation++) {
        store(&stored, &rgb, orientation);
        attune_picture p = at_picture_of(&stored);
        int w, h;
        p.orientation = orientation;
        at_picture_size(&p, &w, &h);
        assert_true(w == W && h == H);
        assert_int_equal(at_orientation_of(at_turn_of(orientation)), orientation);
        same_as(&p, &rgb, 1);
    }
    assert_true(at_turn_of(9).transpose == 0 && at_turn_of(-1).flip_u == 0);
    at_image_free(&rgb);
    at_image_free(&stored);
}

/* Turned chroma planes are turned with their luma. */
static void turned_yuv(void **state)
{
    at_image rgb = {0}, stored = {0};
    (void)state;
    draw_rgb(&rgb, W, H);
    for (int orientation = 1; orientation <= 8; orientation++) {
        made m = draw(W, H, ATTUNE_I420, ATTUNE_BT709, 0, 0);
        at_image upright = {0};
        at_picture_work work = {0};
        const at_rect all = {0, 0, orientation < 5 ? W : H, orientation < 5 ? H : W};
        m.p.orientation = orientation;
        assert_int_equal(at_picture_part(&upright, &work, &m.p, &all, all.w, all.h), ATTUNE_OK);
        store(&stored, &upright, orientation);
        assert_true(worst(&stored, &rgb, 0) <= ROUNDING);
        same_as(&m.p, &upright, ROUNDING);
        at_picture_work_free(&work);
        at_image_free(&upright);
        made_free(&m);
    }
    at_image_free(&rgb);
    at_image_free(&stored);
}

/* Sizes at which a turned side does not end at 0 to the last bit. */
static void turned_oblong_pixels(void **state)
{
    enum { WIDE = 768, HIGH = 576, BYTES = 3 * WIDE * HIGH };
    uint8_t *stripes = malloc(BYTES);
    attune_picture p = {.format = ATTUNE_RGB,
                        .w = WIDE,
                        .h = HIGH,
                        .plane = {stripes},
                        .stride = {3 * WIDE},
                        .aspect_num = 16,
                        .aspect_den = 11};
    at_picture_work work = {0};
    at_image plain = {0}, turned = {0};
    at_rect all = {0};
    int w, h;

    (void)state;
    assert_non_null(stripes);
    for (int i = 0; i < BYTES; i++)
        stripes[i] = i / 3 % 2 ? 255 : 0;
    at_picture_size(&p, &w, &h);
    all.w = w;
    all.h = h;
    assert_int_equal(at_picture_part(&plain, &work, &p, &all, w, h), ATTUNE_OK);
    p.orientation = 3;
    assert_int_equal(at_picture_part(&turned, &work, &p, &all, w, h), ATTUNE_OK);
    for (int x = 0; x < w; x++) {
        const uint8_t *there = plain.data + 3 * (w - 1 - x), *here = turned.data + 3 * x;
        assert_in_range(*here + 2, *there, *there + 4);
    }
    at_picture_work_free(&work);
    at_image_free(&plain);
    at_image_free(&turned);
    free(stripes);
}

static void oblong_pixels_become_square(void **state)
{
    at_image rgb = {0}, wide = {0};
    made m = draw(W, H, ATTUNE_I420, ATTUNE_BT601, 0, 0);
    int w, h;
    (void)state;
    m.p.aspect_num = 2;
    m.p.aspect_den = 1;
    at_picture_size(&m.p, &w, &h);
    assert_true(w == 2 * W && h == H);
    draw_rgb(&rgb, W, H);
    assert_int_equal(at_image_resize(&wide, &rgb, 2 * W, H), ATTUNE_OK);
    same_as(&m.p, &wide, ROUNDING + 2);
    m.p.orientation = 6;
    at_picture_size(&m.p, &w, &h);
    assert_true(w == H && h == 2 * W);
    m.p.aspect_num = 16; /* as good as square */
    m.p.aspect_den = 15;
    at_picture_size(&m.p, &w, &h);
    assert_true(w == H && h == W);
    m.p.aspect_num = 1;
    m.p.aspect_den = 2;
    at_picture_size(&m.p, &w, &h);
    assert_true(w == 2 * H && h == W);
    made_free(&m);
    at_image_free(&rgb);
    at_image_free(&wide);
}

static void hostile_pictures_are_refused(void **state)
{
    static const uint8_t byte[16];
    const attune_picture good = {
        .format = ATTUNE_I420, .w = 3, .h = 3, .plane = {byte, byte, byte}, .stride = {3, 2, -2}};
    attune_picture bad[20];
    int n = 0;
    (void)state;
    assert_int_equal(at_picture_check(&good), ATTUNE_OK);
    for (int i = 0; i < 20; i++)
        bad[i] = good;
    bad[n++].format = ATTUNE_FORMATS;
    bad[n++].format = (attune_format)-1;
    bad[n++].matrix = ATTUNE_MATRICES;
    bad[n++].matrix = (attune_matrix)-1;
    bad[n++].range = (attune_range)3;
    bad[n++].range = (attune_range)-1;
    bad[n++].w = 0;
    bad[n++].h = -3;
    bad[n++].w = AT_IMAGE_MAX_SIDE + 1;
    bad[n++].h = INT32_MAX;
    bad[n++].plane[0] = NULL;
    bad[n++].plane[2] = NULL;
    bad[n++].stride[0] = 2;
    bad[n++].stride[1] = 1;
    bad[n++].stride[2] = -1;
    bad[n++].stride[0] = PTRDIFF_MIN;
    bad[n++].orientation = 9;
    bad[n++].orientation = -1;
    bad[n++].aspect_num = -1;
    bad[n++].aspect_den = INT32_MIN;
    assert_int_equal(n, 20);
    for (int i = 0; i < n; i++)
        assert_int_equal(at_picture_check(&bad[i]), ATTUNE_E_ARG);
    assert_int_equal(at_picture_check(NULL), ATTUNE_E_ARG);
}

static void parts_outside_are_refused(void **state)
{
    made m = draw(W, H, ATTUNE_NV12, 0, 0, 0);
    at_picture_work work = {0};
    at_image out = {0};
    static const at_rect outside[] = {{-1, 0, 5, 5},
                                      {0, 0, W + 1, 5},
                                      {W, 0, 1, 1},
                                      {3, 3, 0, 4},
                                      {3, 3, 4, -2},
                                      {INT32_MIN, 0, INT32_MAX, 1},
                                      {1, INT32_MAX, 1, INT32_MAX}};
    (void)state;
    for (size_t i = 0; i < sizeof outside / sizeof outside[0]; i++)
        assert_int_equal(at_picture_part(&out, &work, &m.p, &outside[i], 4, 4), ATTUNE_E_ARG);
    const at_rect all = {0, 0, W, H};
    assert_int_equal(at_picture_part(&out, &work, &m.p, &all, 0, 4), ATTUNE_E_ARG);
    assert_int_equal(at_picture_part(&out, &work, &m.p, &all, 4, AT_IMAGE_MAX_SIDE + 1),
                     ATTUNE_E_ARG);
    const float flat[6] = {1, 1, 0, 1, 1, 0};
    assert_int_equal(at_picture_warp(&out, &work, &m.p, flat, 4, 4), ATTUNE_E_ARG);
    made_free(&m);
    at_picture_work_free(&work);
    at_image_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_format_shows_the_same),
        cmocka_unit_test(turned_pictures_come_upright),
        cmocka_unit_test(turned_yuv),
        cmocka_unit_test(turned_oblong_pixels),
        cmocka_unit_test(oblong_pixels_become_square),
        cmocka_unit_test(hostile_pictures_are_refused),
        cmocka_unit_test(parts_outside_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
