/* The numbers that a session gives to the people it sees, through cuts, gaps and the dark. */
#include "session_scene.h"

#include "runtime/state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void faces_are_numbered_in_order_of_first_sight(void **state)
{
    static const fake_face nobody[FAKE_FACES] = {{0}};
    static const fake_face two[FAKE_FACES] = {{200, 100, 100, 2}, {20, 40, 60, 4}};
    attune_options o = {.no_audio = 1, .max_tracks = 4};
    scene *a = scene_open(&o), *b = scene_open(&o);
    scene *both_runs[] = {a, b};
    (void)state;
    for (int i = 0; i < 2; i++) {
        fake_picture(both_runs[i]->rgb, nobody);
        video(both_runs[i], 0);
        fake_picture(both_runs[i]->rgb, two);
        for (int64_t t = 125; t < 2000; t += 125)
            video(both_runs[i], t);
        finish(both_runs[i]);
    }
    assert_int_equal(a->n, 8);
    for (int i = 0; i < a->n; i++)
        assert_int_equal(a->w[i].track, 1 + i % 2);
    assert_true(a->w[0].box[2] > a->w[1].box[2]); /* seen together: the larger one first */
    assert_int_equal(b->n, a->n);
    assert_memory_equal(a->w, b->w, (size_t)a->n * sizeof *a->w);
    scene_close(a);
    scene_close(b);
}

typedef struct seen {
    int n;
    at_sighting last;
    at_face face;
    int side;
} seen;

static void note_sighting(void *user, const at_sighting *s, const at_face *f,
                          const at_image *aligned)
{
    seen *to = user;
    to->n++;
    to->last = *s;
    to->face = *f;
    to->side = aligned->w;
}

typedef struct asked {
    int n, present;
    float condition;
} asked;

static void note_question(void *user, const at_evidence *e, const attune_window *w)
{
    asked *to = user;
    to->n++;
    to->present += e[ATTUNE_FACE].present && !e[ATTUNE_VOICE].present;
    to->condition = w->condition[ATTUNE_FACE];
}

/* Each window's evidence, of each face, with what came of it. */
static void who_watches_is_shown_what_is_asked(void **state)
{
    static const fake_face two[FAKE_FACES] = {{200, 100, 100, 2}, {20, 40, 60, 4}};
    attune_options o = {.no_audio = 1, .max_tracks = 4};
    scene *c = scene_open(&o);
    asked got = {0};
    (void)state;
    at_session_watch(c->s, &(at_watch){.asked = note_question, .user = &got});
    fake_picture(c->rgb, two);
    for (int64_t t = 0; t < 1000; t += 125)
        video(c, t);
    finish(c);
    assert_int_equal(got.n, c->n);
    assert_int_equal(got.present, c->n);
    assert_float_equal(got.condition, c->w[c->n - 1].condition[ATTUNE_FACE], 0);
    scene_close(c);
}

static void who_watches_is_shown_each_sighting(void **state)
{
    static const fake_face two[FAKE_FACES] = {{200, 100, 100, 2}, {20, 40, 60, 4}};
    attune_options o = {.no_audio = 1, .max_tracks = 4};
    scene *c = scene_open(&o);
    seen got = {0};
    (void)state;
    at_session_watch(c->s, &(at_watch){.sighted = note_sighting, .user = &got});
    fake_picture(c->rgb, two);
    for (int64_t t = 0; t < 1000; t += 125)
        video(c, t);
    finish(c);
    assert_int_equal(got.n, 16);
    assert_int_equal(got.last.t_us, 875000);
    assert_int_equal(got.side, AT_FACE_SIDE);
    assert_float_equal(got.face.w, got.last.box[2], 0);
    assert_memory_equal(got.last.box, c->w[c->n - 1].box, sizeof got.last.box);
    scene_close(c);
}

/* A scene: something behind the face and well clear of it, brighter to the one side or the other. */
static void paint_room(scene *c, const fake_face *face, int room)
{
    const int clear = 30;

    fake_picture(c->rgb, face);
    for (int y = 1; y < FAKE_H; y++)
        for (int x = 0; x < FAKE_W; x++)
            if (abs(2 * (x - face->x) - face->side) > face->side + 2 * clear ||
                abs(2 * (y - face->y) - face->side) > face->side + 2 * clear)
                memset(c->rgb + 3 * (y * FAKE_W + x), room ? 200 - x / 2 : x / 2, 3);
}

/* The light falls to one part in so many; the row that says where the face is stays. */
static void dim(scene *c, int parts)
{
    for (int i = 3 * FAKE_W; i < FAKE_W * FAKE_H * 3; i++)
        c->rgb[i] = (unsigned char)(c->rgb[i] / parts);
}

static void watch(scene *c, int64_t from_ms, int64_t to_ms)
{
    for (int64_t t = from_ms; t < to_ms; t += 125)
        video(c, t);
}

static void play(scene *c, int64_t from_ms, int64_t to_ms, const fake_face *face, int room)
{
    paint_room(c, face, room);
    watch(c, from_ms, to_ms);
}

static void play_in_the_dark(scene *c, int64_t from_ms, int64_t to_ms, const fake_face *face,
                             int room)
{
    paint_room(c, face, room);
    dim(c, 10);
    watch(c, from_ms, to_ms);
}

/* Windows of half a second: the last of each four seconds. */
static void assert_people(const scene *c, const uint32_t *person, int n)
{
    assert_int_equal(c->n, 8 * n);
    for (int i = 0; i < n; i++)
        assert_int_equal(c->w[8 * i + 7].track, person[i]);
}

static void a_cut_to_another_face_in_the_same_place_is_another_person(void **state)
{
    static const fake_face a[FAKE_FACES] = {{120, 60, 100, 3}}, b[FAKE_FACES] = {{120, 60, 100, 6}};
    static const uint32_t person[] = {1, 2, 1, 1, 1};
    attune_options o = {.no_audio = 1, .window_s = 0.5};
    scene *c = scene_open(&o);
    (void)state;
    play(c, 0, 4000, a, 0);
    play(c, 4000, 8000, b, 1);
    play(c, 8000, 12000, a, 0);  /* back, and known again */
    play(c, 12000, 16000, a, 1); /* the same face in another room */
    play(c, 16000, 20000, b, 1); /* nothing but the face changes: as a hand before it would */
    finish(c);
    assert_people(c, person, 5);
    scene_close(c);
}

static void who_comes_back_has_the_same_number(void **state)
{
    static const fake_face nobody[FAKE_FACES] = {{0}};
    static const fake_face a[FAKE_FACES] = {{120, 60, 100, 3}}, b[FAKE_FACES] = {{40, 60, 100, 6}};
    static const uint32_t person[] = {1, 0, 2, 0, 1};
    attune_options o = {.no_audio = 1, .window_s = 0.5};
    scene *c = scene_open(&o);
    (void)state;
    play(c, 0, 4000, a, 0);
    play(c, 4000, 8000, nobody, 0);
    play(c, 8000, 12000, b, 0);
    play(c, 12000, 16000, nobody, 0);
    play(c, 16000, 20000, a, 0);
    finish(c);
    assert_people(c, person, 5);
    scene_close(c);
}

/* Whose face it is, and the room it is in. */
static const fake_face alice[FAKE_FACES] = {{120, 60, 100, 3}},
                       bob[FAKE_FACES] = {{120, 60, 100, 6}};

static scene *short_windows(void)
{
    attune_options o = {.no_audio = 1, .window_s = 0.5};
    return scene_open(&o);
}

static void in_the_dark_everybody_keeps_their_number(void **state)
{
    static const uint32_t person[] = {1, 1, 1};
    (void)state;
    for (int room = 0; room < 2; room++) { /* with the lamp alone, and with a cut */
        scene *c = short_windows();
        play(c, 0, 4000, alice, 0);
        play_in_the_dark(c, 4000, 8000, alice, room);
        play(c, 8000, 12000, alice, 0);
        finish(c);
        assert_people(c, person, 3);
        scene_close(c);
    }
}

static void when_the_light_is_back_they_are_judged_again(void **state)
{
    static const uint32_t person[] = {1, 1, 2, 2, 1};
    (void)state;
    for (int room = 0; room < 2; room++) {
        scene *c = short_windows();
        play(c, 0, 4000, alice, 0);
        play_in_the_dark(c, 4000, 8000, bob, room); /* nobody could tell */
        play(c, 8000, 12000, bob, room);
        play_in_the_dark(c, 12000, 16000, alice, room);
        play(c, 16000, 20000, alice, room);
        finish(c);
        assert_people(c, person, 5);
        scene_close(c);
    }
}

/* To and from a twelfth of the light, so slowly that no picture is another than the one before. */
static void fade(scene *c, int64_t from_ms, const fake_face *face, int out)
{
    enum { STEPS = 32, PARTS = 12 };
    for (int i = 0; i < STEPS; i++) {
        const int light = STEPS + (PARTS - 1) * (out ? STEPS - 1 - i : i);
        paint_room(c, face, 0);
        for (int k = 3 * FAKE_W; k < FAKE_W * FAKE_H * 3; k++)
            c->rgb[k] = (unsigned char)(c->rgb[k] * light / (PARTS * STEPS));
        video(c, from_ms + 125 * i);
    }
}

static void after_a_fade_they_are_judged_again(void **state)
{
    static const uint32_t person[] = {1, 1, 2, 2};
    static const fake_face carol[FAKE_FACES] = {{120, 60, 100, 1}};
    scene *c = short_windows();
    (void)state;
    play(c, 0, 4000, alice, 0);
    fade(c, 4000, alice, 1);
    fade(c, 8000, carol, 0);
    play(c, 12000, 16000, carol, 0);
    finish(c);
    assert_people(c, person, 4);
    scene_close(c);
}

/* Known again elsewhere, while her old place still waits for her; then somebody else takes it. */
static void one_person_is_in_one_place(void **state)
{
    static const fake_face left[FAKE_FACES] = {{20, 60, 100, 3}},
                           right[FAKE_FACES] = {{200, 60, 100, 3}},
                           both_sides[FAKE_FACES] = {{200, 60, 100, 3}, {20, 60, 100, 6}};
    attune_options o = {.no_audio = 1, .window_s = 0.5, .max_tracks = 2};
    scene *c = scene_open(&o);
    (void)state;
    play(c, 0, 4000, left, 0);
    play(c, 4000, 4500, right, 0);
    play(c, 4500, 8000, both_sides, 0);
    finish(c);
    const attune_window *last = &c->w[c->n - 2];
    assert_int_equal(last[0].end_us, last[1].end_us);
    assert_int_equal(last[0].track, 1);
    assert_int_equal(last[1].track, 2);
    assert_true(last[0].box[0] > last[1].box[0]);
    scene_close(c);
}

/* Who comes in the dark gets a number, and their own when the light shows that they have one. */
static void who_comes_back_in_the_dark_is_known_in_the_light(void **state)
{
    static const fake_face nobody[FAKE_FACES] = {{0}};
    static const uint32_t person[] = {1, 0, 1, 1}; /* light falls on the dark's last window */
    scene *c = short_windows();
    (void)state;
    play(c, 0, 4000, alice, 0);
    play(c, 4000, 8000, nobody, 0);
    play_in_the_dark(c, 8000, 12000, alice, 0);
    play(c, 12000, 16000, alice, 0);
    finish(c);
    assert_people(c, person, 4);
    assert_int_equal(c->w[8 * 2 + 4].track, 2);
    scene_close(c);
}

/* A face that no window had room for takes no number. */
static void numbers_have_no_gaps(void **state)
{
    static const fake_face nobody[FAKE_FACES] = {{0}};
    static const fake_face small[FAKE_FACES] = {{10, 150, 60, 2}};
    attune_options o = {.no_audio = 1};
    scene *c = scene_open(&o);
    (void)state;
    play(c, 0, 3000, alice, 0);
    play(c, 3000, 3250, small, 1); /* after a cut */
    play(c, 3250, 6000, alice, 0);
    play(c, 6000, 9000, nobody, 0);
    play(c, 9000, 12000, bob, 0);
    finish(c);
    for (int i = 0; i < c->n; i++)
        assert_true(c->w[i].track <= 2);
    assert_int_equal(c->w[11].track, 1);
    assert_int_equal(c->w[c->n - 1].track, 2);
    scene_close(c);
}

/* Nothing of anybody is kept unless it was asked for. */
static void thumbnails_are_kept_when_asked_for(void **state)
{
    static const fake_face two[FAKE_FACES] = {{200, 100, 100, 2}, {20, 40, 60, 4}};
    attune_options o = {.no_audio = 1, .max_tracks = 4, .thumbnails = 64};
    scene *with = scene_open(&o), *without;
    attune_thumbnail t;
    (void)state;
    o.thumbnails = 0;
    without = scene_open(&o);
    for (int64_t ms = 0; ms < 1000; ms += 125) {
        fake_picture(with->rgb, two);
        memcpy(without->rgb, with->rgb, sizeof with->rgb);
        video(with, ms);
        video(without, ms);
    }
    finish(with);
    finish(without);
    assert_int_equal(with->n, without->n);
    assert_memory_equal(with->w, without->w, (size_t)with->n * sizeof *with->w);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(attune_session_thumbnail(with->s, i, &t), 1);
        assert_int_equal(t.track, i + 1);
        assert_int_equal(t.side, 64);
        assert_true(t.t_us >= 0 && t.t_us < 1000000);
        assert_non_null(t.rgb);
    }
    assert_int_equal(attune_session_thumbnail(with->s, 2, &t), 0);
    assert_int_equal(attune_session_thumbnail(with->s, -1, &t), 0);
    assert_int_equal(attune_session_thumbnail(without->s, 0, &t), 0);
    scene_close(with);
    scene_close(without);
}

typedef struct told {
    int n;
    attune_sighting x[64];
    int windows[64]; /* that were taken before it */
    const scene *scene;
} told;

static void note_told(void *user, const attune_sighting *s)
{
    told *to = user;
    assert_true(to->n < 64);
    to->windows[to->n] = to->scene ? to->scene->n : 0;
    to->x[to->n++] = *s;
}

/* Every picture once, in order: its faces by the numbers that windows give them, or that there is none. The
 * last picture comes after the last window. */
static void each_picture_is_told_of(void **state)
{
    static const fake_face nobody[FAKE_FACES] = {{0}};
    static const fake_face two[FAKE_FACES] = {{200, 100, 100, 2}, {20, 40, 60, 4}};
    told got = {0};
    attune_options o = {
        .no_audio = 1, .max_tracks = 4, .on_sighting = note_told, .on_sighting_user = &got};
    scene *c = scene_open(&o);
    (void)state;
    got.scene = c;
    for (int64_t ms = 0; ms <= 2000; ms += 125) {
        fake_picture(c->rgb, ms < 500 ? nobody : two);
        video(c, ms);
    }
    finish(c);
    assert_int_equal(got.n, 4 + 13 * 2);
    for (int i = 0; i < got.n; i++) {
        const attune_sighting *x = &got.x[i];
        const int picture = i < 4 ? i : 4 + (i - 4) / 2;
        assert_int_equal(x->picture, picture + 1);
        assert_int_equal(x->t_us, picture * 125000);
        assert_int_equal(x->track, i < 4 ? 0 : 1 + i % 2);
    }
    assert_memory_equal(got.x[got.n - 1].box, c->w[c->n - 1].box, sizeof c->w->box);
    for (int i = 4; i < got.n; i++) {
        const attune_sighting *x = &got.x[i];
        assert_true(x->quality.detector_score > 0 && isnan(x->quality.snr_db));
        /* the fake network's logit */
        assert_float_equal(x->emotion7[two[(i - 4) % 2].expression], 6, 1e-3);
        for (int k = 0; k < ATTUNE_LANDMARKS; k++)
            assert_true(x->landmark[k][0] > x->box[0] &&
                        x->landmark[k][0] < x->box[0] + x->box[2] &&
                        x->landmark[k][1] > x->box[1] && x->landmark[k][1] < x->box[1] + x->box[3]);
        assert_true(x->landmark[0][0] < x->landmark[1][0]); /* the right eye is on the left */
        assert_true(x->landmark[0][1] < x->landmark[2][1] && x->landmark[2][1] < x->landmark[3][1]);
    }
    assert_int_equal(got.windows[0], 0); /* before the window that tells of it */
    assert_true(got.windows[got.n - 1] > 4);
    scene_close(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(faces_are_numbered_in_order_of_first_sight),
        cmocka_unit_test(who_watches_is_shown_each_sighting),
        cmocka_unit_test(who_watches_is_shown_what_is_asked),
        cmocka_unit_test(a_cut_to_another_face_in_the_same_place_is_another_person),
        cmocka_unit_test(who_comes_back_has_the_same_number),
        cmocka_unit_test(in_the_dark_everybody_keeps_their_number),
        cmocka_unit_test(when_the_light_is_back_they_are_judged_again),
        cmocka_unit_test(after_a_fade_they_are_judged_again),
        cmocka_unit_test(one_person_is_in_one_place),
        cmocka_unit_test(who_comes_back_in_the_dark_is_known_in_the_light),
        cmocka_unit_test(numbers_have_no_gaps),
        cmocka_unit_test(thumbnails_are_kept_when_asked_for),
        cmocka_unit_test(each_picture_is_told_of),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
