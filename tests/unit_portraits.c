/* Which moment of whom is kept as a thumbnail, and that there is room for so many. */
#include "runtime/portraits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { W = 160, H = 120, SIDE = 48 };

typedef struct at_scene {
    at_portraits p;
    at_picture_work work;
    uint8_t rgb[W * H * 3];
} at_scene;

static int open_scene(void **state)
{
    at_scene *c = calloc(1, sizeof *c);
    c->p.side = SIDE;
    *state = c;
    return 0;
}

static int close_scene(void **state)
{
    at_scene *c = *state;
    at_portraits_free(&c->p);
    at_picture_work_free(&c->work);
    free(c);
    return 0;
}

/* A picture of one grey, in which somebody is seen so clearly, [0,1], turned by so many degrees. */
static void look(at_scene *c, uint32_t person, int64_t t_us, int grey, float clear, float yaw)
{
    const attune_picture picture = {.w = W, .h = H, .plane = {c->rgb}, .stride = {3 * W}};
    const at_face face = at_align_reference();
    const at_sighting s = {.person = person,
                           .t_us = t_us,
                           .box = {20, 20, 80, 80},
                           .measured.sharpness = clear,
                           .measured.brightness = 0.5F,
                           .measured.contrast = 0.3F,
                           .measured.face_size = 40,
                           .measured.detector_score = 0.9F,
                           .pose = {.yaw = yaw}};
    memset(c->rgb, grey, sizeof c->rgb);
    assert_int_equal(at_portraits_look(&c->p, &c->work, &picture, &face, &s), ATTUNE_OK);
}

static int count(const at_scene *c)
{
    attune_thumbnail t;
    int n = 0;
    while (at_portraits_get(&c->p, n, &t))
        n++;
    return n;
}

static void assert_shown(const at_scene *c, int i, uint32_t number, int64_t t_us, int grey)
{
    attune_thumbnail t;
    assert_int_equal(at_portraits_get(&c->p, i, &t), 1);
    assert_int_equal(t.track, number);
    assert_int_equal(t.t_us, t_us);
    assert_int_equal(t.side, SIDE);
    for (int k = 0; k < SIDE * SIDE * 3; k++)
        assert_in_range(t.rgb[k], grey - 1, grey + 1);
}

static void the_clearest_moment_is_kept(void **state)
{
    at_scene *c = *state;
    look(c, 7, 1, 40, 0.2F, 0);
    assert_int_equal(count(c), 0); /* no window has told of them */
    at_portraits_number(&c->p, 7, 1);
    assert_shown(c, 0, 1, 1, 40);
    look(c, 7, 2, 80, 0.5F, 0);
    assert_shown(c, 0, 1, 2, 80);
    look(c, 7, 3, 120, 0.3F, 0);
    look(c, 7, 4, 160, 0.5F, 40);
    assert_shown(c, 0, 1, 2, 80);
    look(c, 7, 5, 200, 0.501F, 0); /* hardly better is not worth the work */
    assert_shown(c, 0, 1, 2, 80);
}

static void they_come_by_number(void **state)
{
    at_scene *c = *state;
    for (uint32_t person = 1; person <= 3; person++) {
        look(c, person, person, 50 * (int)person, 0.5F, 0);
        at_portraits_number(&c->p, person, 4 - person);
    }
    assert_int_equal(count(c), 3);
    for (int i = 0; i < 3; i++)
        assert_shown(c, i, (uint32_t)i + 1, 3 - i, 50 * (3 - i));
}

static void who_turns_out_to_be_known_has_one(void **state)
{
    at_scene *c = *state;
    look(c, 1, 1, 40, 0.3F, 0);
    at_portraits_number(&c->p, 1, 1);
    look(c, 2, 2, 80, 0.5F, 0);
    look(c, 3, 3, 120, 0.2F, 0);
    at_portraits_become(&c->p, 2, 1);
    assert_int_equal(count(c), 1);
    assert_shown(c, 0, 1, 2, 80); /* the better of the two */
    at_portraits_become(&c->p, 3, 1);
    assert_shown(c, 0, 1, 2, 80);
    look(c, 4, 4, 160, 0.5F, 0);
    at_portraits_become(&c->p, 4, 9); /* of whom there is none */
    at_portraits_number(&c->p, 9, 2);
    assert_shown(c, 1, 2, 4, 160);
}

static void room_is_for_so_many(void **state)
{
    at_scene *c = *state;
    for (uint32_t person = 1; person <= AT_PORTRAITS; person++) {
        look(c, person, person, 100, 0.5F, 0);
        if (person != 5 && person != 9)
            at_portraits_number(&c->p, person, person);
    }
    look(c, 5, 1000, 100, 0.1F, 0); /* seen again: 9 is who was not seen for longer */
    look(c, 100, 1001, 60, 0.5F, 0);
    at_portraits_number(&c->p, 100, 100);
    at_portraits_number(&c->p, 9, 9);
    assert_int_equal(count(c), AT_PORTRAITS - 1);
    assert_shown(c, AT_PORTRAITS - 2, 100, 1001, 60);
    at_portraits_number(&c->p, 5, 5);
    look(c, 101, 1002, 60, 0.5F, 0); /* all have numbers */
    at_portraits_number(&c->p, 101, 101);
    assert_int_equal(count(c), AT_PORTRAITS);
    assert_shown(c, AT_PORTRAITS - 1, 100, 1001, 60);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_clearest_moment_is_kept, open_scene, close_scene),
        cmocka_unit_test_setup_teardown(they_come_by_number, open_scene, close_scene),
        cmocka_unit_test_setup_teardown(who_turns_out_to_be_known_has_one, open_scene, close_scene),
        cmocka_unit_test_setup_teardown(room_is_for_so_many, open_scene, close_scene),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
