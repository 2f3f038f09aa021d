/* The search's policy, with a detector that a test dictates: faces that lie in a made-up world, seen
 * when they are large enough for the network, at their own turn surely and at others half so. */
#include "vision/search.h"

#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define at_detector_create fake_create
#define at_detector_free   fake_free
#define at_detector_look   fake_look
#define at_detector_turn   fake_turn

int fake_create(at_detector **out, const at_weight_source *src, at_pool *pool, const at_kernels *kn,
                const at_detect_options *o, attune_error *err);
void fake_free(at_detector **d);
int fake_look(at_detector *d, const attune_picture *p, const at_look *look, at_face *out, int max);
int fake_turn(at_detector *d, int quarters, at_face *out, int max);

#include "vision/search.c"

typedef struct thing {
    float x, y, w; /* middle and width */
    int quarters;
    float far, near; /* score where it is small in what the network sees, and where it is large */
} thing;

static thing world[4];
static int things;
static double pixels;               /* that the network looked at */
static const attune_picture *shown; /* in the last look */
static at_look last;

int fake_create(at_detector **out, const at_weight_source *src, at_pool *pool, const at_kernels *kn,
                const at_detect_options *o, attune_error *err)
{
    static int detector;
    (void)src, (void)pool, (void)kn, (void)o, (void)err;
    *out = (at_detector *)(void *)&detector;
    return ATTUNE_OK;
}

void fake_free(at_detector **d)
{
    *d = NULL;
}

/* A face whose landmarks lie as if it were upright to one who looks turned by quarters. */
static at_face face_of(const thing *t, int quarters, float score)
{
    static const float mark[AT_LANDMARKS][2] = {
        {-0.2F, -0.2F}, {0.2F, -0.2F}, {0, 0}, {-0.2F, 0.25F}, {0.2F, 0.25F}};
    at_face f = {.x = t->x - t->w / 2, .y = t->y - t->w / 2, .w = t->w, .h = t->w, .score = score};

    for (int i = 0; i < AT_LANDMARKS; i++) {
        float u = mark[i][0], v = mark[i][1];
        for (int q = 0; q < quarters; q++) {
            const float first = u;
            u = -v;
            v = first;
        }
        f.landmark[i][0] = t->x + u * t->w;
        f.landmark[i][1] = t->y + v * t->w;
    }
    return f;
}

int fake_look(at_detector *d, const attune_picture *p, const at_look *look, at_face *out, int max)
{
    at_rect r = look->part;
    int n = 0, w, h;

    (void)d;
    shown = p;
    last = *look;
    at_picture_size(p, &w, &h);
    if (!at_rect_cut(&r, w, h))
        return 0;
    const float longer = (float)(r.w > r.h ? r.w : r.h),
                scale = fminf((float)look->side / longer, 2);
    pixels += (double)((float)r.w * scale) * (double)((float)r.h * scale);
    for (int i = 0; i < things && n < max; i++) {
        const thing *t = &world[i];
        const float half = t->w / 2;
        if (t->x - half < (float)r.x || t->x + half > (float)(r.x + r.w) ||
            t->y - half < (float)r.y || t->y + half > (float)(r.y + r.h) || t->w * scale < 21.5F)
            continue;
        const float score = (t->w > longer / 3 ? t->near : t->far) *
                            (look->quarters == t->quarters ? 1 : 0.6F);
        if (score >= look->threshold)
            out[n++] = face_of(t, look->quarters, score);
    }
    return n;
}

int fake_turn(at_detector *d, int quarters, at_face *out, int max)
{
    at_look turned = last;

    turned.quarters = quarters;
    return fake_look(d, shown, &turned, out, max);
}

/* ---- helpers ------------------------------------------------------------------------------ */

static at_search *open_search(int min_face, int most)
{
    const at_search_options o = {.min_face = min_face, .most = most};
    at_search *s = NULL;

    assert_int_equal(at_search_create(&s, NULL, NULL, NULL, &o, NULL), ATTUNE_OK);
    return s;
}

static attune_picture picture_of(int w, int h)
{
    static const uint8_t nothing[3];
    const at_image im = at_image_borrow(nothing, w, h, 3, 3 * (ptrdiff_t)w);
    return at_picture_of(&im); /* nobody reads its pixels */
}

/* The n-th picture of eight a second. */
static int64_t time_of(int n)
{
    return n * INT64_C(125000);
}

static void put(float x, float y, float w, int quarters)
{
    world[things++] = (thing){x, y, w, quarters, 0.9F, 0.9F};
}

static int empty_world(void **state)
{
    (void)state;
    things = 0;
    pixels = 0;
    return 0;
}

/* ---- tests -------------------------------------------------------------------------------- */

/* Wherever they are, also across the borders of tiles. */
static void small_faces_are_found_at_once(void **state)
{
    (void)state;
    static const int size[][2] = {
        {640, 480}, {1280, 720}, {1920, 1080}, {1080, 1920}, {3840, 2160}};

    for (size_t i = 0; i < sizeof size / sizeof *size; i++) {
        for (int k = 0; k < 60; k++) {
            const float w = 24 + (float)(k % 7) * 23;
            const float x = w / 2 + (float)(k * 37 % 60) / 59 * ((float)size[i][0] - w);
            const float y = w / 2 + (float)(k * 23 % 60) / 59 * ((float)size[i][1] - w);
            const attune_picture p = picture_of(size[i][0], size[i][1]);
            at_search *s = open_search(0, 1);
            at_face f;
            things = 0;
            put(x, y, w, 0);
            assert_int_equal(at_search_faces(s, 0, &p, NULL, 0, &f, 1), 1);
            assert_true(fabsf(f.w - w) < 1e-3F);
            at_search_free(&s);
        }
    }
}

/* Who comes later is found in seconds, and no picture costs more than some coarse searches. */
static void who_comes_later_is_found_soon(void **state)
{
    (void)state;
    const attune_picture p = picture_of(3840, 2160);
    const double coarse = 320. * 180;
    at_search *s = open_search(0, 1);
    at_face f;
    int n = 0, seen = 0;

    assert_int_equal(at_search_faces(s, time_of(n++), &p, NULL, 0, &f, 1), 0);
    put(3000, 1700, 24, 0);
    for (; n < 60 * 8 && !seen; n++) {
        pixels = 0;
        seen = at_search_faces(s, time_of(n), &p, NULL, 0, &f, 1);
        assert_true(pixels < 12 * coarse);
    }
    assert_true(seen);
    assert_true(n < 8 * 20);
    at_search_free(&s);
}

/* A small face that is followed is not lost when the whole picture's turn comes. */
static void a_small_face_is_kept(void **state)
{
    (void)state;
    const attune_picture p = picture_of(1920, 1080);
    at_search *s = open_search(0, 1);
    at_face f;

    put(1000, 500, 30, 0);
    assert_int_equal(at_search_faces(s, 0, &p, NULL, 0, &f, 1), 1);
    for (int n = 1; n < 40; n++) {
        const at_face known = f;
        assert_int_equal(at_search_faces(s, time_of(n), &p, &known, 1, &f, 1), 1);
    }
    at_search_free(&s);
}

/* With one large face in view: its neighbourhood, and the whole picture once a second. */
static void a_face_in_view_costs_little(void **state)
{
    (void)state;
    const attune_picture p = picture_of(1920, 1080);
    at_search *s = open_search(0, 1);
    at_face f;

    put(1000, 500, 400, 0);
    assert_int_equal(at_search_faces(s, 0, &p, NULL, 0, &f, 1), 1);
    pixels = 0;
    for (int n = 1; n <= 80; n++) {
        const at_face known = f;
        assert_int_equal(at_search_faces(s, time_of(n), &p, &known, 1, &f, 1), 1);
    }
    assert_true(pixels <= 80 * 192. * 193 + 10 * 320. * 180);
    at_search_free(&s);
}

static void turned_faces_are_read_upright(void **state)
{
    (void)state;
    const attune_picture p = picture_of(1920, 1080);

    for (int quarters = 0; quarters < 4; quarters++) {
        for (float w = 30; w < 500; w *= 2) {
            at_search *s = open_search(0, 1);
            at_face f;
            things = 0;
            put(700, 500, w, quarters);
            assert_int_equal(at_search_faces(s, 0, &p, NULL, 0, &f, 1), 1);
            assert_int_equal(at_face_quarters(&f), quarters);
            for (int n = 1; n < 12; n++) { /* and followed so */
                const at_face known = f;
                assert_int_equal(at_search_faces(s, time_of(n), &p, &known, 1, &f, 1), 1);
                assert_int_equal(at_face_quarters(&f), quarters);
            }
            at_search_free(&s);
        }
    }
}

/* What looks like a face from afar alone is none; what looks half like one has to stay. */
static void answers_are_doubted(void **state)
{
    (void)state;
    const attune_picture p = picture_of(640, 480);
    at_search *s = open_search(0, 1);
    at_face f;

    world[things++] = (thing){300, 200, 100, 0, 0.7F, 0.1F};
    for (int n = 0; n < 20; n++)
        assert_int_equal(at_search_faces(s, time_of(n), &p, NULL, 0, &f, 1), 0);
    world[0].far = 0.5F;
    world[0].near = 0.45F;
    for (int n = 20; n < 22; n++)
        assert_int_equal(at_search_faces(s, time_of(n), &p, NULL, 0, &f, 1), 0);
    assert_int_equal(at_search_faces(s, time_of(22), &p, NULL, 0, &f, 1), 1);
    at_search_free(&s);
}

static void the_smallest_face_is_the_callers(void **state)
{
    (void)state;
    const attune_picture p = picture_of(1920, 1080);
    double cost[2];

    for (int i = 0; i < 2; i++) {
        at_search *s = open_search(i ? 100 : 0, 1);
        at_face f;
        things = 0;
        pixels = 0;
        put(1000, 500, 40, 0);
        assert_int_equal(at_search_faces(s, 0, &p, NULL, 0, &f, 1), !i);
        things = 0;
        pixels = 0;
        at_search_free(&s);
        s = open_search(i ? 100 : 0, 1);
        assert_int_equal(at_search_faces(s, 0, &p, NULL, 0, &f, 1), 0);
        cost[i] = pixels;
        at_search_free(&s);
    }
    assert_true(cost[1] < cost[0] / 5);
    assert_true(at_search_smallest(0, 1920, 1080) == 24);
    assert_true(at_search_smallest(100, 1920, 1080) == 100);
    assert_true(at_search_smallest(0, 3840, 2160) == 24);
    assert_true(at_search_smallest(0, 7680, 4320) == 48);
}

/* What is narrower is none, however surely and closely it is seen; who is followed may walk away. */
static void nothing_smaller_is_reported(void **state)
{
    (void)state;
    static const float width[] = {26, 22, 19, 12};

    for (size_t i = 0; i < sizeof width / sizeof *width; i++) {
        const attune_picture p = picture_of(160, 120); /* of which the network sees twice as much */
        at_search *s = open_search(24, 1);
        at_face f;
        things = 0;
        put(80, 60, width[i], 0);
        for (int n = 0; n < 8; n++)
            assert_int_equal(at_search_faces(s, time_of(n), &p, NULL, 0, &f, 1), width[i] > 21);
        world[0].w = 26;
        assert_int_equal(at_search_faces(s, time_of(8), &p, NULL, 0, &f, 1), 1);
        const at_face known = f;
        world[0].w = 19;
        assert_int_equal(at_search_faces(s, time_of(9), &p, &known, 1, &f, 1), 1);
        at_search_free(&s);
    }
}

/* Refuses what lies left of *user. */
static int refuse_left(void *user, const attune_picture *p, const at_face *f)
{
    (void)p;
    return f->x < *(const float *)user;
}

/* What the caller refuses is none, and keeps nobody else from being found. */
static void who_is_refused_is_none(void **state)
{
    (void)state;
    const attune_picture p = picture_of(640, 480);
    float left = 200;
    const at_search_options o = {.refuse = refuse_left, .user = &left};
    at_search *s = NULL;
    at_face f;

    assert_int_equal(at_search_create(&s, NULL, NULL, NULL, &o, NULL), ATTUNE_OK);
    put(100, 100, 120, 0);
    for (int n = 0; n < 8; n++)
        assert_int_equal(at_search_faces(s, time_of(n), &p, NULL, 0, &f, 1), 0);
    put(500, 300, 120, 0);
    assert_int_equal(at_search_faces(s, time_of(8), &p, NULL, 0, &f, 1), 1);
    assert_true(f.x > left);
    left = 0;
    things = 1;
    assert_int_equal(at_search_faces(s, time_of(9), &p, NULL, 0, &f, 1), 1);
    at_search_free(&s);
}

/* Several faces: each once, up to as many as are wanted. */
static void several_faces(void **state)
{
    (void)state;
    const attune_picture p = picture_of(1280, 720);
    at_search *s = open_search(0, 3);
    at_face f[8], known[8];

    put(300, 300, 200, 0);
    put(800, 300, 30, 0);
    put(1000, 600, 60, 2);
    int n = at_search_faces(s, 0, &p, NULL, 0, f, 8);
    assert_int_equal(n, 3);
    for (int k = 1; k < 20; k++) {
        memcpy(known, f, sizeof f);
        assert_int_equal(at_search_faces(s, time_of(k), &p, known, n, f, 8), 3);
    }
    at_search_free(&s);
}

/* A search that reads what another kept does what the other does: the same looks, and the same belief in the end. */
static void what_is_kept_goes_on(void **state)
{
    (void)state;
    const attune_picture p = picture_of(1280, 720);
    at_search *one = open_search(0, 1), *other = open_search(0, 1);
    at_keep k = {0};
    at_face f, g;

    put(600, 300, 200, 0);
    world[0].far = world[0].near = 0.5F; /* nearly believed */
    at_search_faces(one, time_of(0), &p, NULL, 0, &f, 1);
    at_search_faces(one, time_of(1), &p, NULL, 0, &f, 1);
    assert_int_equal(one->doubts, 1);
    at_search_keep(&k, one);
    at_keep in = {.data = k.data, .size = k.size, .reads = 1};
    at_search_keep(&in, other);
    assert_true(at_keep_is_read(&in));
    for (int n = 2; n < 12; n++) {
        pixels = 0;
        const int found = at_search_faces(one, time_of(n), &p, NULL, 0, &f, 1);
        const double looked_at = pixels;
        pixels = 0;
        assert_int_equal(at_search_faces(other, time_of(n), &p, NULL, 0, &g, 1), found);
        assert_true(pixels == looked_at);
        assert_int_equal(other->step, one->step);
        if (found)
            assert_memory_equal(&f, &g, sizeof f);
    }
    one->step = QUARTERS * steps_of_round(&one->tiles); /* one too far */
    k.size = 0;
    at_search_keep(&k, one);
    in = (at_keep){.data = k.data, .size = k.size, .reads = 1};
    at_search_keep(&in, other);
    assert_int_equal(in.status, ATTUNE_E_FORMAT);
    at_keep_free(&k);
    at_search_free(&one);
    at_search_free(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(small_faces_are_found_at_once, empty_world),
        cmocka_unit_test_setup(who_comes_later_is_found_soon, empty_world),
        cmocka_unit_test_setup(a_small_face_is_kept, empty_world),
        cmocka_unit_test_setup(a_face_in_view_costs_little, empty_world),
        cmocka_unit_test_setup(turned_faces_are_read_upright, empty_world),
        cmocka_unit_test_setup(answers_are_doubted, empty_world),
        cmocka_unit_test_setup(the_smallest_face_is_the_callers, empty_world),
        cmocka_unit_test_setup(nothing_smaller_is_reported, empty_world),
        cmocka_unit_test_setup(who_is_refused_is_none, empty_world),
        cmocka_unit_test_setup(several_faces, empty_world),
        cmocka_unit_test_setup(what_is_kept_goes_on, empty_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
