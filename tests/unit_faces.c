/* Face pictures for training: loaded as they are on the disk, rendered as the run time would see
 * them, varied without losing what they show. */
#include "base/mem.h"
#include "data/faces.h"
#include "drawn_faces.h"
#include "temp_folder.h"
#include "vision/face_input.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SIDE = 48 };

/* Everything at once. */
static const at_face_augment wild = {.flip = 0.5f,
                                     .shift = 0.08f,
                                     .turn = 15,
                                     .zoom = 0.15f,
                                     .light = 0.4f,
                                     .grey = 0.3f,
                                     .occlude = 0.7f,
                                     .blur = 0.7f,
                                     .small = 0.5f,
                                     .compress = 0.7f,
                                     .dark = 0.7f,
                                     .strength = 1};

static at_pool *pool_of(int threads)
{
    at_pool *pool = NULL;
    assert_int_equal(at_pool_create(&pool, threads, NULL), ATTUNE_OK);
    return pool;
}

/* ---- loading ------------------------------------------------------------------------------ */

static void pictures_are_loaded_as_they_are(void **state)
{
    (void)state;
    at_faces f = drawn_faces_load(2);
    uint8_t expected[3 * DRAWN_MAX_SIDE * DRAWN_MAX_SIDE];
    assert_int_equal(f.count, DRAWN_FACES);
    assert_int_equal(f.unreadable, 0);
    assert_int_equal(f.found, 0);
    for (int i = 0; i < f.count; i++) {
        const at_face_sample *s = &f.list[i];
        int w, h;
        drawn_face(i, expected, &w, &h);
        assert_int_equal(s->image.w, w);
        assert_int_equal(s->image.h, h);
        assert_int_equal(s->image.channels, 3);
        for (int y = 0; y < h; y++)
            assert_memory_equal(at_image_at(&s->image, 0, y), expected + 3 * w * y, (size_t)w * 3);
        assert_int_equal(s->label.expression, i);
        assert_int_equal(s->found, 0);
    }
    at_faces_free(&f);
    assert_null(f.list);
    at_faces_free(&f);
}

/* Two corpora: samples tell which they are of, and live on without them. */
static void what_cannot_be_read_is_left_out(void **state)
{
    (void)state;
    at_corpus c[2] = {{0}};
    at_faces f;
    at_pool *pool = pool_of(3);
    const char *good[] = {drawn_face_write(0), drawn_face_write(1)};
    const char *broken = put_text("broken.png", "this is no picture");
    assert_non_null(at_corpus_add(&c[0], in_folder("broken.png.not")));
    at_sample *first = at_corpus_add(&c[0], good[0]);
    assert_non_null(first);
    first->expression = 5;
    snprintf(first->person, sizeof first->person, "someone");
    assert_non_null(at_corpus_add(&c[0], broken));
    assert_non_null(at_corpus_add(&c[1], good[1]));
    assert_int_equal(at_faces_load(&f, c, 2, NULL, pool, NULL, NULL), ATTUNE_OK);
    at_corpus_free(&c[0]);
    at_corpus_free(&c[1]);
    assert_int_equal(f.count, 2);
    assert_int_equal(f.unreadable, 2);
    assert_int_equal(f.list[0].corpus, 0);
    assert_int_equal(f.list[0].label.expression, 5);
    assert_string_equal(f.list[0].label.person, "someone");
    assert_string_equal(f.list[0].label.path, good[0]);
    assert_int_equal(f.list[1].corpus, 1);
    assert_string_equal(f.list[1].label.path, good[1]);
    at_faces_free(&f);
    at_pool_free(&pool);
}

/* ---- rendering ---------------------------------------------------------------------------- */

static int biggest_difference(const at_image *a, const at_image *b, double *mean)
{
    int most = 0;
    double sum = 0;
    assert_int_equal(a->w, b->w);
    assert_int_equal(a->h, b->h);
    for (int y = 0; y < a->h; y++)
        for (int x = 0; x < 3 * a->w; x++) {
            int d = abs(at_image_at(a, 0, y)[x] - at_image_at(b, 0, y)[x]);
            most = d > most ? d : most;
            sum += d;
        }
    *mean = sum / (3. * a->w * a->h);
    return most;
}

static void same_picture(const at_image *a, const at_image *b)
{
    double mean;
    assert_int_equal(biggest_difference(a, b, &mean), 0);
}

/* Without augmentation a face is what the session's own alignment makes of it, to the bit. */
static void plain_is_the_aligned_face(void **state)
{
    (void)state;
    at_faces f = drawn_faces_load(1);
    at_picture_work work = {0};
    at_image got = {0}, expected = {0};
    float m[6];
    for (int i = 0; i < f.count; i++) { /* not found: the whole picture */
        assert_int_equal(at_face_render(&f.list[i], AT_FACE_SIDE, NULL, 1, 2, &got, NULL),
                         ATTUNE_OK);
        const attune_picture whole = at_picture_of(&f.list[i].image);
        at_align_whole_matrix(whole.w, whole.h, m);
        assert_int_equal(at_face_input_by(&expected, &work, &whole, m, AT_FACE_SIDE), ATTUNE_OK);
        same_picture(&got, &expected);
    }
    at_face_sample *s = &f.list[0]; /* found: by its landmarks, at the picture's edge */
    s->face = at_align_reference();
    for (int k = 0; k < AT_LANDMARKS; k++) {
        s->face.landmark[k][0] = -12 + 0.5f * s->face.landmark[k][0] + 0.02f * (float)(k * k);
        s->face.landmark[k][1] = 25 + 0.5f * s->face.landmark[k][1];
    }
    s->found = 1;
    assert_int_equal(at_align_matrix(&s->face, s->m), ATTUNE_OK);
    assert_int_equal(at_face_render(s, AT_FACE_SIDE, NULL, 1, 2, &got, NULL), ATTUNE_OK);
    const attune_picture p = at_picture_of(&s->image);
    assert_int_equal(at_face_input(&expected, &work, &p, &s->face), ATTUNE_OK);
    same_picture(&got, &expected);
    at_picture_work_free(&work);
    at_image_free(&got);
    at_image_free(&expected);
    at_faces_free(&f);
}

/* An augmentation of all zeros is none: the matrix takes another way, by at most a rounding. */
static void zero_augmentation_changes_nothing(void **state)
{
    const at_face_augment none = {0};
    (void)state;
    at_faces f = drawn_faces_load(1);
    at_image plain = {0}, got = {0};
    for (int i = 0; i < f.count; i++)
        for (uint64_t seed = 0; seed < 4; seed++) {
            double mean;
            assert_int_equal(at_face_render(&f.list[i], AT_FACE_SIDE, NULL, 0, 0, &plain, NULL), 0);
            assert_int_equal(at_face_render(&f.list[i], AT_FACE_SIDE, &none, seed, 9, &got, NULL),
                             0);
            assert_true(biggest_difference(&plain, &got, &mean) <= 1);
            assert_true(mean < 0.01);
        }
    at_image_free(&plain);
    at_image_free(&got);
    at_faces_free(&f);
}

static void flip_mirrors(void **state)
{
    const at_face_augment flip = {.flip = 1};
    (void)state;
    at_faces f = drawn_faces_load(1);
    at_image plain = {0}, got = {0};
    for (int i = 0; i < f.count; i++) {
        double mean;
        assert_int_equal(at_face_render(&f.list[i], AT_FACE_SIDE, NULL, 0, 0, &plain, NULL), 0);
        assert_int_equal(at_face_render(&f.list[i], AT_FACE_SIDE, &flip, 3, 4, &got, NULL), 0);
        biggest_difference(&plain, &got, &mean);
        assert_true(mean > 5); /* the drawings are lopsided, */
        at_image_mirror(&plain);
        assert_true(biggest_difference(&plain, &got, &mean) <= 2); /* and this is their mirror */
        assert_true(mean < 0.1);
    }
    at_image_free(&plain);
    at_image_free(&got);
    at_faces_free(&f);
}

/* Half of the draws where the probability is a half; the rest is left as it is. */
static void flip_keeps_its_probability(void **state)
{
    const at_face_augment flip = {.flip = 0.5f};
    enum { DRAWS = 200 };
    int mirrored = 0;
    (void)state;
    at_faces f = drawn_faces_load(1);
    at_image plain = {0}, got = {0};
    assert_int_equal(at_face_render(&f.list[0], SIDE, NULL, 0, 0, &plain, NULL), 0);
    for (uint64_t stream = 0; stream < DRAWS; stream++) {
        double mean;
        assert_int_equal(at_face_render(&f.list[0], SIDE, &flip, 7, stream, &got, NULL), 0);
        biggest_difference(&plain, &got, &mean);
        mirrored += mean > 1;
    }
    assert_in_range(mirrored, DRAWS * 2 / 5, DRAWS * 3 / 5); /* 2.8 deviations */
    at_image_free(&plain);
    at_image_free(&got);
    at_faces_free(&f);
}

/* The covered share is 0 on a bare face and grows to about what the occlusion was to hide. */
static void covered_share_is_told(void **state)
{
    at_face_augment a = {.occlude = 1, .strength = 0.2f};
    enum { DRAWS = 60 };
    double mean[3] = {0, 0, 0}, most = 0;
    at_face_drawn drawn = {.covered = 1};
    (void)state;
    at_faces f = drawn_faces_load(1);
    at_image got = {0};
    assert_int_equal(at_face_render(&f.list[0], SIDE, NULL, 0, 0, &got, &drawn), 0);
    assert_float_equal(drawn.covered, 0, 0);
    for (int strong = 0; strong < 3; strong++) {
        a.strength = strong ? 1 : 0.2f;
        a.covers = strong > 1 ? 0.9f : 0;
        for (uint64_t stream = 0; stream < DRAWS; stream++) {
            assert_int_equal(at_face_render(&f.list[0], SIDE, &a, 3, stream, &got, &drawn), 0);
            assert_true(drawn.covered >= 0 && drawn.covered <= 1);
            mean[strong] += (double)drawn.covered / DRAWS;
            most = fmax(most, (double)drawn.covered);
        }
        assert_true(strong > 1 ? most > 0.75 : most < 0.65);
    }
    assert_true(mean[0] > 0.01 && mean[0] < 0.2); /* 2..10 % of the square asked for */
    assert_true(mean[1] > 0.2 && mean[1] < 0.6);  /* 10..50 % */
    assert_true(mean[2] > mean[1] + 0.1);         /* 10..90 % */
    at_image_free(&got);
    at_faces_free(&f);
}

static void grey_has_no_colour(void **state)
{
    const at_face_augment grey = {.grey = 1};
    (void)state;
    at_faces f = drawn_faces_load(1);
    at_image got = {0};
    assert_int_equal(at_face_render(&f.list[0], SIDE, &grey, 0, 0, &got, NULL), 0);
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) {
            const uint8_t *p = at_image_at(&got, x, y);
            assert_true(p[0] == p[1] && p[1] == p[2]);
        }
    at_image_free(&got);
    at_faces_free(&f);
}

/* An aligned face, black, with an 8 x 8 dot of one colour channel about (x + 4, y + 4) - 0.5. */
static void put_dot(at_face_sample *s, int x, int y, int channel)
{
    static const float identity[6] = {1, 0, 0, 0, 1, 0};
    if (s->image.data == NULL) {
        assert_int_equal(at_image_reserve(&s->image, AT_FACE_SIDE, AT_FACE_SIDE, 3), ATTUNE_OK);
        memset(s->image.data, 0, (size_t)s->image.stride * AT_FACE_SIDE);
        memcpy(s->m, identity, sizeof identity);
    }
    for (int v = y; v < y + 8; v++)
        for (int u = x; u < x + 8; u++)
            at_image_at(&s->image, u, v)[channel] = 255;
}

/* Centre of a channel's mass. */
static void find_dot(const at_image *im, int channel, double at[2])
{
    double mass = 0, mx = 0, my = 0;
    for (int y = 0; y < im->h; y++)
        for (int x = 0; x < im->w; x++) {
            double v = at_image_at(im, x, y)[channel];
            mass += v;
            mx += v * x;
            my += v * y;
        }
    assert_true(mass > 0);
    at[0] = mx / mass;
    at[1] = my / mass;
}

/* The middle of the face stays within what shift allows. */
static void shift_is_bounded(void **state)
{
    const at_face_augment shift = {.shift = 0.1f};
    double furthest = 0;
    (void)state;
    at_image got = {0};
    at_face_sample s = {0};
    put_dot(&s, 52, 52, 0);
    for (uint64_t stream = 0; stream < 50; stream++) {
        double at[2];
        assert_int_equal(at_face_render(&s, AT_FACE_SIDE, &shift, 1, stream, &got, NULL), 0);
        find_dot(&got, 0, at);
        double d = fmax(fabs(at[0] - 55.5), fabs(at[1] - 55.5));
        assert_true(d < 11.3);
        furthest = fmax(furthest, d);
    }
    assert_true(furthest > 8); /* and the range is used */
    at_image_free(&s.image);
    at_image_free(&got);
}

/* Turned, scaled and mirrored, a right angle about the middle stays one, with equal sides. */
static void faces_are_never_sheared(void **state)
{
    const at_face_augment a = {.flip = 0.5f, .turn = 25, .zoom = 0.2f};
    double least = 99, most = 0;
    int mirrored = 0;
    (void)state;
    at_image got = {0};
    at_face_sample s = {0};
    put_dot(&s, 82, 52, 0); /* 30 to the right of the middle, */
    put_dot(&s, 52, 82, 1); /* 30 below */
    for (uint64_t stream = 0; stream < 50; stream++) {
        double p[2], q[2];
        assert_int_equal(at_face_render(&s, AT_FACE_SIDE, &a, 1, stream, &got, NULL), 0);
        find_dot(&got, 0, p);
        find_dot(&got, 1, q);
        for (int k = 0; k < 2; k++) {
            p[k] -= 55.5;
            q[k] -= 55.5;
        }
        double right = hypot(p[0], p[1]), below = hypot(q[0], q[1]);
        assert_true(fabs(right - below) < 0.3);
        assert_true(fabs(p[0] * q[0] + p[1] * q[1]) < 0.02 * right * below);
        assert_true(fabs(atan2(q[0], q[1])) < 25.5 * acos(-1) / 180); /* never upside down */
        mirrored += p[0] < 0;
        least = fmin(least, right);
        most = fmax(most, right);
    }
    assert_in_range(mirrored, 10, 40);
    assert_true(least > 30 * exp(-0.2) - 0.3 && least < 28);
    assert_true(most < 30 * exp(0.2) + 0.3 && most > 32);
    at_image_free(&s.image);
    at_image_free(&got);
}

/* Sides other than the aligned face's show the same, pixel centres where they belong. */
static void any_side_shows_the_same(void **state)
{
    (void)state;
    at_image got = {0};
    at_face_sample s = {0};
    put_dot(&s, 24, 64, 0); /* about (27.5, 67.5), that is a quarter and 17/28 of the way */
    for (int side = 56; side <= 224; side *= 2) {
        double at[2];
        assert_int_equal(at_face_render(&s, side, NULL, 0, 0, &got, NULL), 0);
        assert_int_equal(got.w, side);
        find_dot(&got, 0, at);
        assert_true(fabs((at[0] + 0.5) / side - 28. / 112) < 0.001);
        assert_true(fabs((at[1] + 0.5) / side - 68. / 112) < 0.001);
    }
    at_image_free(&s.image);
    at_image_free(&got);
}

/* ---- batches -------------------------------------------------------------------------------- */

enum { BATCH = 24, FLOATS = BATCH * SIDE * SIDE * 3 };

static float *render_batch(const at_faces *f, const at_face_augment *a, uint64_t seed, int threads)
{
    int index[BATCH];
    float *x = at_alloc(FLOATS, sizeof *x);
    at_pool *pool = pool_of(threads);
    assert_non_null(x);
    for (int i = 0; i < BATCH; i++)
        index[i] = (5 * i + 1) % f->count;
    assert_int_equal(at_faces_render(f, index, BATCH, SIDE, a, seed, pool, x, NULL), ATTUNE_OK);
    at_pool_free(&pool);
    return x;
}

/* Loading and rendering alike. */
static void same_bits_for_any_threads(void **state)
{
    (void)state;
    float *x[4] = {NULL};
    for (int t = 1; t <= 3; t++) {
        at_faces f = drawn_faces_load(t);
        x[t] = render_batch(&f, &wild, 11, t);
        at_faces_free(&f);
    }
    assert_memory_equal(x[1], x[2], FLOATS * sizeof *x[1]);
    assert_memory_equal(x[1], x[3], FLOATS * sizeof *x[1]);
    for (int t = 1; t <= 3; t++)
        at_free(x[t]);
}

static void batch_is_the_samples_scaled(void **state)
{
    (void)state;
    at_faces f = drawn_faces_load(1);
    at_image im = {0};
    float *x = render_batch(&f, &wild, 11, 1);
    for (int i = 0; i < BATCH; i++) {
        int which = (5 * i + 1) % f.count;
        const float *got = x + (size_t)i * SIDE * SIDE * 3;
        assert_int_equal(
            at_face_render(&f.list[which], SIDE, &wild, 11, (uint64_t)which, &im, NULL), ATTUNE_OK);
        for (int y = 0; y < SIDE; y++)
            for (int k = 0; k < 3 * SIDE; k++, got++) {
                float v = at_image_at(&im, 0, y)[k];
                assert_true(fabsf(*got - (v - 127.5f) / 127.5f) < 1e-6f);
                assert_true(*got >= -1 && *got <= 1);
            }
    }
    at_free(x);
    at_image_free(&im);
    at_faces_free(&f);
}

static void randomness_follows_seed_and_sample(void **state)
{
    (void)state;
    at_faces f = drawn_faces_load(1);
    at_image a = {0}, b = {0};
    double mean;
    float *x = render_batch(&f, &wild, 11, 1), *again = render_batch(&f, &wild, 11, 1),
          *other = render_batch(&f, &wild, 12, 1);
    assert_memory_equal(x, again, FLOATS * sizeof *x);
    assert_memory_not_equal(x, other, FLOATS * sizeof *x);
    assert_int_equal(at_face_render(&f.list[0], SIDE, &wild, 1, 0, &a, NULL), 0);
    assert_int_equal(at_face_render(&f.list[0], SIDE, &wild, 1, 1, &b, NULL), 0);
    assert_true(biggest_difference(&a, &b, &mean) > 10);
    at_free(x);
    at_free(again);
    at_free(other);
    at_image_free(&a);
    at_image_free(&b);
    at_faces_free(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pictures_are_loaded_as_they_are),
        cmocka_unit_test(what_cannot_be_read_is_left_out),
        cmocka_unit_test(plain_is_the_aligned_face),
        cmocka_unit_test(zero_augmentation_changes_nothing),
        cmocka_unit_test(flip_mirrors),
        cmocka_unit_test(flip_keeps_its_probability),
        cmocka_unit_test(covered_share_is_told),
        cmocka_unit_test(grey_has_no_colour),
        cmocka_unit_test(shift_is_bounded),
        cmocka_unit_test(faces_are_never_sheared),
        cmocka_unit_test(any_side_shows_the_same),
        cmocka_unit_test(same_bits_for_any_threads),
        cmocka_unit_test(batch_is_the_samples_scaled),
        cmocka_unit_test(randomness_follows_seed_and_sample),
    };
    return cmocka_run_group_tests_name("faces", tests, make_folder, remove_folder);
}
