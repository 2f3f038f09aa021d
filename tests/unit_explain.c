/* Grad-CAM against its closed form, where its cells lie, how a map is shared out among the parts of a
 * face, which windows are chosen, and how a map looks. */
#include "eval/heat.h"
#include "eval/telling.h"
#include "made_face_net.h"
#include "one_thread_case.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { SIDE = AT_FACE_SIDE, CELLS = 16, HOP = 500000, WINDOW = 3000000 };

/* ---- a network ------------------------------------------------------------------------------- */

typedef struct net {
    at_params p; /* with batch norm */
    at_weights *w;
    uint8_t face[SIDE * SIDE * 3];
} net;

static int make_net(void **state)
{
    net *n = calloc(1, sizeof *n);
    at_rng rng;
    assert_non_null(n);
    n->w = made_face_net(&n->p);
    at_rng_seed(&rng, 12, 0);
    for (size_t k = 0; k < sizeof n->face; k++)
        n->face[k] = (uint8_t)at_rng_below(&rng, 256);
    *state = n;
    return 0;
}

static int free_net(void **state)
{
    net *n = *state;
    at_weights_free(&n->w);
    at_params_free(&n->p);
    free(n);
    return 0;
}

/* Of the network's own face. */
static at_cam_map map_of(const net *n, int class, int threads, float *logit)
{
    at_grad_cam *cam;
    at_pool *pool;
    at_cam_map map, again;
    assert_int_equal(at_pool_create(&pool, threads, NULL), 0);
    assert_int_equal(at_grad_cam_create(&cam, n->w, pool, NULL), 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(at_grad_cam_run(cam, n->face, SIDE, class, i ? &again : &map, logit), 0);
    assert_memory_equal(&map, &again, sizeof map);
    at_grad_cam_free(&cam);
    at_pool_free(&pool);
    return map;
}

static at_tensor *picture(at_graph *g, const net *n, int with_grad)
{
    at_tensor *x = at_tensor_new(g, 4, (int[]){1, SIDE, SIDE, 3}, with_grad);
    for (int i = 0; i < SIDE * SIDE * 3; i++)
        x->data[i] = ((float)n->face[i] - 127.5f) / 127.5f;
    return x;
}

/* ---- Grad-CAM -------------------------------------------------------------------------------- */

/* With a linear head on the mean over positions, the gradient is the head's column by the number of
 * positions (Zhou 2016). */
static void test_closed_form(void **state)
{
    net *n = *state;
    const at_visual_options plain = {0};
    at_visual_out out;
    at_graph *g;
    float logit[AT_FACE_CLASSES];
    int lit = 0, dark = 0;
    const at_param *head = at_params_find(&n->p, "visual.expression.weight");
    assert_int_equal(at_graph_create(&g, NULL, at_kernels_best(), NULL), 0);
    at_graph_begin(g, AT_INFER, 0);
    at_visual_forward(g, &n->p, picture(g, n, 0), &plain, &out);
    assert_int_equal(at_graph_status(g), 0);
    assert_int_equal(at_tensor_rows(out.features), CELLS);
    for (int class = 0; class < AT_FACE_CLASSES; class ++) {
        const at_cam_map map = map_of(n, class, 1, logit);
        for (int i = 0; i < CELLS; i++) {
            double sum = 0, size = 0;
            for (int k = 0; k < AT_VISUAL_EMBED; k++) {
                const double one = (double)head->value.data[k * AT_FACE_CLASSES + class] / CELLS *
                                   (double)out.features->data[i * AT_VISUAL_EMBED + k];
                sum += one;
                size += fabs(one);
            }
            assert_true(fabs((double)map.cell[i] - fmax(sum, 0)) < 1e-4 * size);
            lit += map.cell[i] > 0;
            dark += map.cell[i] == 0;
        }
        for (int k = 0; k < AT_FACE_CLASSES; k++)
            assert_true(fabsf(logit[k] - out.expression->data[k]) < 1e-3f);
    }
    assert_true(lit > CELLS && dark > CELLS);
    at_graph_free(&g);
}

static void test_threads(void **state)
{
    const at_cam_map one = map_of(*state, 3, 1, NULL), five = map_of(*state, 3, 5, NULL);
    assert_memory_equal(&one, &five, sizeof one);
}

/* The middle of what cell (i, i) of a side x side picture looks at, along its width: of the gradient
 * of its features with respect to the picture. */
static double seen_by(const net *n, int side, int i)
{
    const at_visual_options plain = {0};
    static float zero[AT_VISUAL_EMBED];
    at_params p = {0};
    at_visual_out out;
    at_graph *g;
    at_rng rng;
    double sum = 0, where = 0;
    assert_int_equal(at_visual_fold(&p, n->w, NULL), 0);
    assert_int_equal(at_graph_create(&g, NULL, at_kernels_best(), NULL), 0);
    at_graph_begin(g, AT_TRACE, 0);
    at_tensor *x = at_tensor_new(g, 4, (int[]){1, side, side, 3}, 1);
    at_rng_seed(&rng, 5, 0);
    for (int k = 0; k < side * side * 3; k++)
        x->data[k] = at_rng_range(&rng, -1, 1);
    at_visual_forward(g, &p, x, &plain, &out);
    const int cells = out.features->dim[1], row = i * cells + i;
    at_tensor *rows = at_reshape(g, out.features, 2, (int[]){cells * cells, AT_VISUAL_EMBED});
    at_graph_backward(g, at_mse(g, at_slice_rows(g, rows, row, row + 1), zero, NULL));
    assert_int_equal(at_graph_status(g), 0);
    for (int k = 0; k < side * side * 3; k++) {
        const double d = (double)x->grad[k] * (double)x->grad[k];
        sum += d;
        where += d * (k / 3 % side);
    }
    at_graph_free(&g);
    at_params_free(&p);
    return where / sum;
}

/* Evenly spread, the middle ones of eight cells would lie at 112 and 144 of 256 pixels, and those of
 * four at 42 and 70 of 112. (What a cell looks at reaches far, and the picture's border cuts it.) */
static void test_where_cells_lie(void **state)
{
    const net *n = *state;
    const at_cam_map map = map_of(n, 0, 1, NULL);
    assert_int_equal(map.side, 4);
    assert_float_equal(map.first, 15, 0);
    assert_float_equal(map.step, 32, 0);
    assert_float_equal(seen_by(n, 256, 3), 127, 7);
    assert_float_equal((seen_by(n, SIDE, 1) + seen_by(n, SIDE, 2)) / 2, 63, 3);
}

static at_cam_map made_map(int side, float first, float step)
{
    at_cam_map map = {.side = side, .first = first, .step = step};
    for (int i = 0; i < side * side; i++)
        map.cell[i] = (float)(i % side + 10 * (i / side));
    return map;
}

static void test_between_cells(void **state)
{
    const at_cam_map map = made_map(4, 15, 32);
    (void)state;
    assert_float_equal(at_cam_at(&map, 15, 15), 0, 0);
    assert_float_equal(at_cam_at(&map, 47, 79), 21, 1e-5);
    assert_float_equal(at_cam_at(&map, 31, 15), 0.5, 1e-5);
    assert_float_equal(at_cam_at(&map, 47, 63), 16, 1e-5);
    assert_float_equal(at_cam_at(&map, 55, 87), 1.25 + 22.5, 1e-4);
    assert_float_equal(at_cam_at(&map, -3, 0), 0, 0);        /* beyond the first centres */
    assert_float_equal(at_cam_at(&map, 111.5f, 500), 33, 0); /* and the last */
    assert_float_equal(at_cam_peak(&map), 33, 0);
}

/* ---- parts of a face ------------------------------------------------------------------------- */

static at_regions regions_of_reference(void)
{
    const at_face face = at_align_reference();
    at_regions r;
    at_regions_of(&r, face.landmark);
    return r;
}

static float sum_of(const float share[ATTUNE_REGIONS])
{
    float sum = 0;
    for (int k = 0; k < ATTUNE_REGIONS; k++)
        sum += share[k];
    return sum;
}

static void test_regions(void **state)
{
    const at_face face = at_align_reference();
    const at_regions r = regions_of_reference();
    (void)state;
    for (int i = 0; i < 2; i++)
        assert_int_equal(at_region_at(&r, face.landmark[i][0], face.landmark[i][1]),
                         ATTUNE_REGION_EYES);
    for (int i = 3; i < 5; i++)
        assert_int_equal(at_region_at(&r, face.landmark[i][0], face.landmark[i][1]),
                         ATTUNE_REGION_MOUTH);
    assert_int_equal(at_region_at(&r, face.landmark[2][0], face.landmark[2][1]),
                     ATTUNE_REGION_FACE);
    assert_int_equal(at_region_at(&r, 56, 20), ATTUNE_REGION_FACE); /* forehead */
    assert_int_equal(at_region_at(&r, 2, 2), ATTUNE_REGION_OUTSIDE);
    assert_int_equal(at_region_at(&r, 109, 100), ATTUNE_REGION_OUTSIDE);
    assert_int_equal(at_region_at(&r, 38, 40),
                     ATTUNE_REGION_EYES); /* a brow; below there is cheek */
    assert_int_equal(at_region_at(&r, 38, 65), ATTUNE_REGION_FACE);
}

/* Upside down all lies upside down. */
static void test_regions_turn(void **state)
{
    const at_regions upright = regions_of_reference();
    at_face face = at_align_reference();
    at_regions turned;
    int differ = 0;
    (void)state;
    for (int i = 0; i < AT_LANDMARKS; i++)
        for (int k = 0; k < 2; k++)
            face.landmark[i][k] = SIDE - 1 - face.landmark[i][k];
    /* in C11 an array of arrays does not become one of const by itself */
    at_regions_of(&turned, ((const at_face *)&face)->landmark);
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++)
            differ += at_region_at(&upright, (float)x, (float)y) !=
                      at_region_at(&turned, (float)(SIDE - 1 - x), (float)(SIDE - 1 - y));
    assert_true(differ < 4); /* on the borders */
}

static void test_shares(void **state)
{
    const at_regions r = regions_of_reference();
    at_cam_map map = {.side = 8, .first = 7, .step = 14};
    float share[ATTUNE_REGIONS], area[ATTUNE_REGIONS];
    (void)state;
    at_region_shares(&r, &map, SIDE, share, area);
    assert_true(isnan(share[ATTUNE_REGION_EYES]) && isnan(share[ATTUNE_REGION_OUTSIDE]));
    assert_float_equal(sum_of(area), 1, 1e-5);
    for (int i = 0; i < 64; i++)
        map.cell[i] = 2;
    at_region_shares(&r, &map, SIDE, share, area); /* of an even map */
    for (int k = 0; k < ATTUNE_REGIONS; k++) {
        assert_float_equal(share[k], area[k], 1e-5);
        assert_true(area[k] > 0.04f);
    }
    memset(map.cell, 0, sizeof map.cell);
    map.cell[6 * 8 + 3] = 1; /* round (49, 91) */
    at_region_shares(&r, &map, SIDE, share, area);
    assert_float_equal(sum_of(share), 1, 1e-5);
    assert_true(share[ATTUNE_REGION_MOUTH] > 0.8f && share[ATTUNE_REGION_EYES] == 0);
    map.cell[6 * 8 + 3] = 0;
    map.cell[0] = 1;
    at_region_shares(&r, &map, SIDE, share, area);
    assert_float_equal(share[ATTUNE_REGION_OUTSIDE], 1, 0);
}

/* ---- how it looks ---------------------------------------------------------------------------- */

static void test_heat(void **state)
{
    const at_regions r = regions_of_reference();
    at_cam_map map = {.side = 4, .first = 15, .step = 32};
    at_image face = {0}, out = {0};
    int coloured = 0;
    (void)state;
    assert_int_equal(at_image_reserve(&face, SIDE, SIDE, 3), 0);
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++)
            memcpy(at_image_at(&face, x, y), (uint8_t[]){200, 140, 90}, 3);
    assert_int_equal(at_heat_draw(&out, 2 * SIDE, &face, &map, &r), 0);
    assert_int_equal(out.w, 2 * SIDE);
    for (int i = 0; i < out.w * out.h; i++)
        coloured += abs(out.data[3 * i] - out.data[3 * i + 2]) > 1;
    assert_int_equal(coloured, 0); /* nothing speaks: a face in grey */
    map.cell[2 * 4 + 3] = 5;
    assert_int_equal(at_heat_draw(&out, 2 * SIDE, &face, &map, &r), 0);
    const uint8_t *peak = at_image_at(&out, 222, 159), *other = at_image_at(&out, 30, 40);
    assert_true(peak[0] > 200 && peak[0] > peak[2] + 80); /* yellow */
    assert_true(abs(other[0] - other[2]) <= 1);
    at_image_free(&face);
    at_image_free(&out);
}

/* ---- moments --------------------------------------------------------------------------------- */

static void see(at_moments *m, uint32_t person, int64_t t_us, float box, float happy)
{
    static uint8_t rgb[SIDE * SIDE * 3];
    const at_image aligned = at_image_borrow(rgb, SIDE, SIDE, 3, 3 * SIDE);
    const at_face face = at_align_reference();
    at_sighting s = {.person = person, .t_us = t_us, .box = {box, 1, 2, 3}};
    s.measured = (attune_quality){.sharpness = 1,
                                  .brightness = 0.5f,
                                  .contrast = 1,
                                  .face_size = 40,
                                  .detector_score = box == 50 ? 0.1f : 1};
    s.visual.expression[1] = happy;
    rgb[0] = (uint8_t)box;
    at_moments_see(m, &s, &face, &aligned);
}

static void test_moments(void **state)
{
    const attune_options o = {.rate = 2};
    attune_window w = {.start_us = 1000000, .end_us = 4000000, .box = {50, 1, 2, 3}};
    at_moments m;
    (void)state;
    assert_int_equal(at_moments_open(&m, &o), 0);
    assert_null(at_moments_of(&m, &w, HOP));
    see(&m, 7, 900000, 5, 3.2f); /* before the window */
    see(&m, 6, 1000000, 10, 1);
    see(&m, 6, 2000000, 20, 4);
    at_moments_recognise(&m, 6, 7);
    see(&m, 8, 2000000, 60, 3.2f); /* somebody else */
    see(&m, 7, 3000000, 30, 5);
    see(&m, 7, 3500000, 50, -20);                        /* hardly a face: counts for little */
    see(&m, 7, 4000000, 40, 3.2f);                       /* after the window */
    const at_moment *found = at_moments_of(&m, &w, HOP); /* together 3.3 */
    assert_non_null(found);
    assert_int_equal(found->t_us, 2000000);
    assert_int_equal(found->face[0], 20);
    assert_float_equal(found->landmark[3][1], at_face_template[3][1], 1e-3);
    see(&m, 7, 2400000, 25, 9); /* in the middle */
    assert_int_equal(at_moments_of(&m, &w, HOP)->t_us, 2400000);
    assert_int_equal(at_moments_of(&m, &w, 1200000)->t_us, 3000000); /* together 4.75 */
    w.box[0] = 60;                                                   /* of the other */
    assert_int_equal(at_moments_of(&m, &w, HOP)->person, 8);
    w.box[0] = 61;
    assert_null(at_moments_of(&m, &w, HOP));
    w.box[0] = 50;
    for (int i = 0; i < m.capacity - 1; i++)
        see(&m, 9, 5000000 + i, 90, 0);
    assert_null(at_moments_of(&m, &w, HOP)); /* overwritten */
    at_moments_free(&m);
}

/* ---- telling windows ------------------------------------------------------------------------- */

enum { MANY = 400, WANTED = 4 };

static at_telling open_telling(int others)
{
    const attune_options o = {0};
    at_telling t;
    assert_int_equal(at_telling_open(&t, WANTED, others, &o), 0);
    return t;
}

static void offer_moment(at_telling *t, int k, uint32_t track, float score, int64_t moment_us)
{
    static at_moment m;
    const attune_window w = {
        .track = track, .start_us = (int64_t)k * HOP, .end_us = (int64_t)k * HOP + WINDOW};
    m.t_us = moment_us;
    at_telling_offer(t, score, &w, &m);
}

static void offer(at_telling *t, int k, uint32_t track, float score)
{
    offer_moment(t, k, track, score, (int64_t)k * HOP + WINDOW - 1);
}

/* The best that is left and overlaps none before it, of all windows. */
static void choose_of_all(const float *score, const int *left_out, int best[WANTED])
{
    for (int n = 0; n < WANTED; n++) {
        best[n] = -1;
        for (int k = 0; k < MANY; k++) {
            int free = !left_out[k];
            for (int i = 0; i < n; i++)
                free &= abs(best[i] - k) >= WINDOW / HOP;
            if (free && (best[n] < 0 || score[k] > score[best[n]]))
                best[n] = k;
        }
    }
}

/* What is kept is enough: the choice is the same as among all windows. */
static void test_telling_is_as_if_all_were_kept(void **state)
{
    const at_told *chosen[WANTED];
    float score[MANY];
    int best[WANTED];
    at_rng rng;
    (void)state;
    at_rng_seed(&rng, 3, 0);
    for (int round = 0; round < 20; round++) {
        int left_out[MANY] = {0};
        at_telling t = open_telling(2);
        assert_true(t.capacity < MANY / 4);
        for (int k = 0; k < MANY; k++) { /* smooth, so that the best lie side by side */
            score[k] = sinf((float)(k + 17 * round) * 0.04f) + at_rng_range(&rng, 0, 0.05f);
            offer(&t, k, 1, score[k]);
        }
        choose_of_all(score, left_out, best);
        for (int i = 0; i < 2; i++) { /* taken by others */
            at_told shown = {.window = {.track = 1, .end_us = (int64_t)best[i] * HOP + WINDOW}};
            left_out[best[i]] = 1;
            at_telling_leave(&t, &shown);
        }
        choose_of_all(score, left_out, best);
        assert_int_equal(at_telling_choose(&t, chosen), WANTED);
        for (int i = 0; i < WANTED; i++)
            assert_int_equal(chosen[i]->window.start_us, (int64_t)best[i] * HOP);
        at_telling_free(&t);
    }
}

static void test_telling_of_little(void **state)
{
    const at_told *chosen[WANTED];
    at_telling t = open_telling(0);
    (void)state;
    assert_int_equal(at_telling_choose(&t, chosen), 0);
    for (int k = 0; k < 7; k++)
        offer(&t, k, 1, (float)k);
    offer(&t, 6, 2, -1); /* another face: overlaps nobody */
    assert_int_equal(at_telling_choose(&t, chosen), WANTED);
    assert_int_equal(chosen[0]->window.start_us, 6 * HOP);
    assert_int_equal(chosen[1]->window.start_us, 0);
    assert_int_equal(chosen[2]->window.track, 2);
    assert_int_equal(chosen[3]->window.start_us, 3 * HOP); /* half a window from its neighbours */
    at_telling_free(&t);
}

static void test_telling_shows_no_moment_twice(void **state)
{
    const at_told *chosen[WANTED];
    at_told shown = {.window = {.track = 1, .end_us = 1}};
    at_telling t = open_telling(1);
    (void)state;
    for (int k = 0; k < 5; k++) /* two by two of one moment */
        offer_moment(&t, k, 1, (float)-k, k / 2);
    offer_moment(&t, 0, 2, -9, 2);
    shown.moment.t_us = 1;
    at_telling_leave(&t, &shown);
    assert_int_equal(at_telling_choose(&t, chosen), 3);
    assert_int_equal(chosen[0]->window.start_us, 0);
    assert_int_equal(chosen[1]->window.track, 2);
    assert_int_equal(chosen[2]->window.start_us, 4 * HOP);
    at_telling_free(&t);
}

/* What was recorded beside lives no longer than the session. */
static void test_telling_keeps_what_is_beside(void **state)
{
    static at_moment m;
    const at_told *chosen[WANTED];
    at_telling t = open_telling(0);
    (void)state;
    for (int k = 0; k < 3; k++) {
        attune_beside *beside = calloc(1, sizeof *beside);
        const attune_window w = {
            .track = 1, .end_us = (int64_t)k * 2 * WINDOW, .beside = k ? beside : NULL};
        beside->messages = k;
        at_telling_offer(&t, (float)k, &w, &m);
        free(beside);
        m.t_us++;
    }
    assert_int_equal(at_telling_choose(&t, chosen), 3);
    assert_int_equal(chosen[0]->beside.messages, 2);
    assert_int_equal(chosen[1]->beside.messages, 1);
    assert_null(chosen[2]->window.beside);
    at_telling_free(&t);
}

static void test_telling_of_equals(void **state)
{
    const at_told *chosen[WANTED];
    at_telling t = open_telling(0);
    (void)state;
    offer(&t, 0, 1, 1);
    offer(&t, 1, 1, 1);
    assert_int_equal(at_telling_choose(&t, chosen), 2);
    assert_int_equal(chosen[0]->window.start_us, 0); /* the earlier of equals */
    at_telling_free(&t);
}

/* ---- names ----------------------------------------------------------------------------------- */

static void test_classes(void **state)
{
    attune_error err;
    (void)state;
    assert_int_equal(attune_explain_class_check("Happy", NULL), 0);
    assert_int_equal(attune_explain_class_check("contempt", NULL), 0);
    assert_int_equal(attune_explain_class_check("bored", &err), ATTUNE_E_ARG);
    assert_non_null(strstr(err.text, "there is no class 'bored'; there are neutral, happy, "));
    assert_string_equal(attune_region_name(ATTUNE_REGION_OUTSIDE), "outside");
    assert_null(attune_region_name(ATTUNE_REGIONS));
    assert_null(attune_overlay_kind_name(-1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        one_thread_case(test_closed_form),
        cmocka_unit_test(test_threads),
        one_thread_case(test_where_cells_lie),
        one_thread_case(test_between_cells),
        one_thread_case(test_regions),
        one_thread_case(test_regions_turn),
        one_thread_case(test_shares),
        one_thread_case(test_heat),
        one_thread_case(test_moments),
        one_thread_case(test_telling_is_as_if_all_were_kept),
        one_thread_case(test_telling_of_little),
        one_thread_case(test_telling_shows_no_moment_twice),
        one_thread_case(test_telling_keeps_what_is_beside),
        one_thread_case(test_telling_of_equals),
        one_thread_case(test_classes),
    };
    return cmocka_run_group_tests(tests, make_net, free_net);
}
