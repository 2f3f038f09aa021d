/* What is drawn into a clip: which windows tell of a moment, where boxes lie between them, what is hidden. */
#include "annotate/draw.h"
#include "annotate/hide.h"
#include "at_config.h"
#include "made_windows.h"
#include "temp_folder.h"

#include <attune/sink.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { SIDE = 120 };

static const char *path;

static attune_window face_at(int n, uint32_t track, float x)
{
    attune_window w = made_window(n, ATTUNE_HAPPY, track);
    w.box[0] = x;
    w.box[1] = 40;
    w.box[2] = 20;
    w.box[3] = 30;
    return w;
}

/* Four seconds: face 1 moves to the right by 10 pixels a hop, and is away in the fifth; face 2 comes in the
 * fourth. */
static int make_timeline(void **state)
{
    if (make_folder(state) != 0)
        return -1;
    attune_report_options o = {
        .dir = temp_folder, .sinks = "jsonl,summary", .input = "x", .session = {.max_tracks = 2}};
    const attune_input_info info = {.duration_s = 4, .has_video = 1};
    attune_report *r;
    path = made_in_folder("timeline.jsonl");
    made_in_folder("summary.json");
    assert_int_equal(attune_report_open(&r, &o, NULL), ATTUNE_OK);
    for (int i = 1; i <= 8; i++) {
        attune_window one = face_at(i, 1, 10.0f * (float)i), two = face_at(i, 2, 90);
        one.seen[ATTUNE_FACE] = i == 5 ? 0.05f : 1;
        assert_int_equal(attune_report_window(r, &one, NULL), ATTUNE_OK);
        if (i >= 4)
            assert_int_equal(attune_report_window(r, &two, NULL), ATTUNE_OK);
    }
    assert_int_equal(attune_report_finish(r, &info, 0, NULL), ATTUNE_OK);
    attune_report_free(&r);
    return 0;
}

static void boxes_move_from_window_to_window(void **state)
{
    at_marks m = {0};
    float box[4];
    (void)state;
    assert_int_equal(at_timeline_open(&m.timeline, path, NULL), ATTUNE_OK);
    assert_int_equal(at_marks_go_to(&m, 0, NULL), ATTUNE_OK);
    assert_int_equal(m.now.n, 1);
    assert_true(m.now.end_us == 500000);
    assert_int_equal(at_marks_box(&m, 0, 0, box), 1);
    assert_true(fabsf(box[0] - 10) < 1e-3f); /* nothing before it to come from */
    assert_int_equal(at_marks_go_to(&m, 500000, NULL), ATTUNE_OK);
    assert_true(m.now.end_us == 1000000);
    assert_int_equal(at_marks_box(&m, 0, 750000, box), 1);
    assert_true(fabsf(box[0] - 15) < 1e-3f && fabsf(box[3] - 30) < 1e-3f);
    assert_int_equal(at_marks_go_to(&m, 1999999, NULL), ATTUNE_OK);
    assert_int_equal(m.now.n, 2);
    assert_int_equal(at_marks_box(&m, 1, 1700000, box), 1); /* it has just come */
    assert_true(fabsf(box[0] - 90) < 1e-3f);
    assert_int_equal(at_marks_go_to(&m, 2100000, NULL), ATTUNE_OK);
    assert_int_equal(at_marks_box(&m, 0, 2100000, box), 0); /* away */
    assert_int_equal(at_marks_box(&m, 1, 2100000, box), 1);
    assert_int_equal(at_marks_go_to(&m, 3999999, NULL), ATTUNE_OK);
    assert_int_equal(m.now.n, 2);
    assert_int_equal(at_marks_go_to(&m, 4000000, NULL), ATTUNE_OK);
    assert_int_equal(m.now.n, 0); /* the report ends before the clip */
    at_timeline_close(&m.timeline);
}

static at_image made_picture(void)
{
    at_image im = {0};
    assert_int_equal(at_image_reserve(&im, SIDE, SIDE, 3), ATTUNE_OK);
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++)
            memset(at_image_at(&im, x, y), (x * 37 + y * 91) % 256, 3);
    return im;
}

static int colours_in(const at_image *im, int x0, int y0, int x1, int y1)
{
    char seen[256] = {0};
    int n = 0;
    for (int y = y0; y < y1; y++)
        for (int x = x0; x < x1; x++)
            seen[*at_image_at(im, x, y)] = 1;
    for (int i = 0; i < 256; i++)
        n += seen[i];
    return n;
}

static void hidden_faces_are_sixteen_colours(void **state)
{
    const float box[4] = {40, 40, 30, 40}, outside[4] = {-20, 100, 40, 40};
    at_sighted_faces all = {0};
    at_image im = made_picture(), whole = made_picture();
    (void)state;
    assert_int_equal(at_sighted_add(&all, 5000000, box), ATTUNE_OK);
    assert_int_equal(at_sighted_add(&all, 1000000, outside), ATTUNE_OK);
    at_sighted_sort(&all);
    at_hide_faces(&im, 3000000, &all);
    assert_memory_equal(im.data, whole.data, (size_t)im.stride * SIDE);
    at_hide_faces(&im, 5600001, &all);
    assert_memory_equal(im.data, whole.data, (size_t)im.stride * SIDE);
    at_hide_faces(&im, 5600000, &all); /* the square of 60 pixels round (55, 60) */
    assert_true(colours_in(&im, 25, 30, 85, 90) <= 16);
    assert_true(colours_in(&im, 26, 31, 39, 44) == 1);
    assert_int_equal(*at_image_at(&im, 24, 60), *at_image_at(&whole, 24, 60));
    assert_int_equal(*at_image_at(&im, 85, 60), *at_image_at(&whole, 85, 60));
    at_image_free(&im);
    im = made_picture();
    at_hide_faces(&im, 4400000, &all); /* before it is found, too */
    assert_true(colours_in(&im, 25, 30, 85, 90) <= 16);
    at_hide_faces(&im, 1000000, &all); /* partly outside the picture */
    assert_true(colours_in(&im, 0, 95, 30, SIDE) <= 16);
    at_image_free(&im);
    at_image_free(&whole);
    at_sighted_free(&all);
}

static void many_sightings_are_kept_in_order(void **state)
{
    at_sighted_faces all = {0};
    const float box[4] = {0, 0, 10, 10};
    (void)state;
    for (int i = 0; i < 1000; i++)
        assert_int_equal(at_sighted_add(&all, (i * 7919) % 1000, box), ATTUNE_OK);
    at_sighted_sort(&all);
    for (int i = 0; i < 1000; i++)
        assert_true(all.list[i].t_us == i);
    at_sighted_free(&all);
}

static void boxes_and_bands_are_drawn(void **state)
{
    at_marks m = {0};
    at_drawer *d;
    at_image im = made_picture();
    const uint8_t *edge;
    (void)state;
    if (!AT_HAVE_CAIRO) {
        assert_int_equal(at_drawer_create(&d, NULL), ATTUNE_E_UNSUPPORTED);
        return;
    }
    assert_int_equal(at_timeline_open(&m.timeline, path, NULL), ATTUNE_OK);
    assert_int_equal(at_marks_go_to(&m, 2600000, NULL), ATTUNE_OK);
    assert_int_equal(at_drawer_create(&d, NULL), ATTUNE_OK);
    assert_int_equal(at_drawer_draw(d, &im, &m, 2999999, NULL), ATTUNE_OK);
    edge = at_image_at(&im, 60, 55); /* of face 1, which is happy: yellow */
    assert_true(edge[0] > 180 && edge[1] > 160 && edge[2] < 120);
    assert_int_equal(*at_image_at(&im, 70, 55), (70 * 37 + 55 * 91) % 256);
    at_drawer_free(&d);
    at_timeline_close(&m.timeline);
    at_image_free(&im);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(boxes_move_from_window_to_window, make_timeline,
                                        remove_folder),
        cmocka_unit_test(hidden_faces_are_sixteen_colours),
        cmocka_unit_test(many_sightings_are_kept_in_order),
        cmocka_unit_test_setup_teardown(boxes_and_bands_are_drawn, make_timeline, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
