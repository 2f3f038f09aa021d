/* Whose voice it is, on made-up series. */
#include "runtime/speaker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { STEPS = 24, ROWS = 300, FACES = 3 };

typedef struct scene {
    int64_t face_us[STEPS], voice_us[ROWS];
    float mouth[FACES][STEPS], speech[ROWS];
    at_activity face[FACES], voice;
    const at_activity *list[FACES];
} scene;

/* Three seconds: someone speaks but for the pause from 1 s to 2 s; no mouth moves. */
static scene quiet(void)
{
    scene s = {0};

    for (int i = 0; i < STEPS; i++)
        s.face_us[i] = i * 125000;
    for (int i = 0; i < ROWS; i++) {
        s.voice_us[i] = i * 10000;
        s.speech[i] = i < 100 || i >= 200;
    }
    return s;
}

static int speaker(scene *s, int faces)
{
    for (int i = 0; i < faces; i++) {
        s->face[i] = (at_activity){STEPS, s->face_us, s->mouth[i]};
        s->list[i] = &s->face[i];
    }
    s->voice = (at_activity){ROWS, s->voice_us, s->speech};
    return at_speaker_of(s->list, faces, &s->voice);
}

static void move(scene *s, int face, float spoken, float silent)
{
    for (int i = 0; i < STEPS; i++)
        s->mouth[face][i] = i >= 8 && i < 16 ? silent : spoken;
}

static void who_is_alone_speaks(void **state)
{
    scene s = quiet();
    (void)state;
    assert_int_equal(speaker(&s, 1), 0);
}

static void who_moves_with_the_voice_speaks(void **state)
{
    (void)state;
    for (int face = 0; face < FACES; face++) {
        scene s = quiet();
        for (int i = 0; i < FACES; i++)
            move(&s, i, i == face ? 0.1F : 0.01F, 0.01F);
        assert_int_equal(speaker(&s, FACES), face);
    }
}

static void in_doubt_it_is_nobody(void **state)
{
    scene s = quiet();
    (void)state;

    assert_int_equal(speaker(&s, 2), -1); /* nobody moves */
    move(&s, 0, 0.02F, 0);
    assert_int_equal(speaker(&s, 2), -1); /* hardly */
    move(&s, 0, 0.05F, 0.1F);
    assert_int_equal(speaker(&s, 2), -1); /* one, when the voice pauses */
    assert_int_equal(speaker(&s, 0), -1);
}

/* However much more lively the one is: the voice may be the other's. */
static void of_two_that_speak_it_is_nobodys(void **state)
{
    scene s = quiet();
    (void)state;

    move(&s, 0, 0.20F, 0);
    move(&s, 1, 0.04F, 0);
    assert_int_equal(speaker(&s, 2), -1);
    move(&s, 1, 0.04F, 0.04F); /* nor is one who moves all the time a listener */
    assert_int_equal(speaker(&s, 2), -1);
    move(&s, 1, 0.02F, 0.02F);
    assert_int_equal(speaker(&s, 2), 0);
    move(&s, 0, 0.034F, 0); /* but they must differ clearly */
    move(&s, 1, 0.03F, 0);
    assert_int_equal(speaker(&s, 2), -1);
}

/* Between words a mouth moves on: short pauses are none. */
static void short_pauses_count_as_speech(void **state)
{
    scene s = quiet();
    (void)state;

    for (int i = 0; i < ROWS; i++)
        s.speech[i] = i % 40 < 10;
    move(&s, 1, 0.08F, 0.08F);
    assert_int_equal(speaker(&s, 2), 1);
}

static void without_pauses_motion_is_enough(void **state)
{
    scene s = quiet();
    (void)state;

    for (int i = 0; i < ROWS; i++)
        s.speech[i] = 1;
    move(&s, 1, 0.08F, 0.1F);
    assert_int_equal(speaker(&s, 2), 1);
}

static void a_face_hardly_seen_does_not_speak(void **state)
{
    scene s = quiet();
    (void)state;

    move(&s, 0, 0.1F, 0);
    assert_int_equal(speaker(&s, 2), 0);
    s.face[0].n = 4;
    assert_int_equal(at_speaker_of(s.list, 2, &s.voice), -1);
    s.face[0].n = s.face[1].n = 0;
    s.voice.n = 0;
    assert_int_equal(at_speaker_of(s.list, 2, &s.voice), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_alone_speaks),
        cmocka_unit_test(who_moves_with_the_voice_speaks),
        cmocka_unit_test(in_doubt_it_is_nobody),
        cmocka_unit_test(of_two_that_speak_it_is_nobodys),
        cmocka_unit_test(short_pauses_count_as_speech),
        cmocka_unit_test(without_pauses_motion_is_enough),
        cmocka_unit_test(a_face_hardly_seen_does_not_speak),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
