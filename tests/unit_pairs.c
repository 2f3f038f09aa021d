/* Label-matched pairs: of one emotion, all in turn, the same from the same seed; balance; and parts that
 * share nobody. */
#include "data/pairs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { FACES = 9, VOICES = 6, PAIRS = 24 };

static const int faces[FACES] = {0, 1, 1, 2, -1, 1, 0, 3, 1};
static const int voices[VOICES] = {1, 0, -1, 1, 5, 0};

static void test_match(void **state)
{
    at_pair a[PAIRS], b[PAIRS];
    int met[FACES] = {0}, heard[VOICES] = {0}, of[ATTUNE_EMOTIONS] = {0};
    (void)state;
    assert_int_equal(at_pairs_match(a, PAIRS, faces, FACES, voices, VOICES, 3, NULL), ATTUNE_OK);
    for (int i = 0; i < PAIRS; i++) {
        assert_int_equal(faces[a[i].face], a[i].emotion);
        assert_int_equal(voices[a[i].voice], a[i].emotion);
        met[a[i].face]++;
        heard[a[i].voice]++;
        of[a[i].emotion]++;
    }
    assert_int_equal(of[0], PAIRS / 2); /* 2, 3 and 5 have no partner */
    assert_int_equal(of[1], PAIRS / 2);
    assert_int_equal(met[0], 6); /* two faces share twelve pairs */
    assert_int_equal(met[6], 6);
    for (int i = 0; i < FACES; i++)
        if (faces[i] == 1)
            assert_int_equal(met[i], 3);
    for (int i = 0; i < VOICES; i++) /* two voices of each of the two emotions */
        assert_int_equal(heard[i], voices[i] == 0 || voices[i] == 1 ? 6 : 0);
    assert_int_equal(at_pairs_match(b, PAIRS, faces, FACES, voices, VOICES, 3, NULL), ATTUNE_OK);
    assert_memory_equal(a, b, sizeof a);
    assert_int_equal(at_pairs_match(b, PAIRS, faces, FACES, voices, VOICES, 4, NULL), ATTUNE_OK);
    assert_true(memcmp(a, b, sizeof a) != 0);
}

static void test_no_match(void **state)
{
    static const int none[2] = {-1, 6};
    at_pair a[1];
    attune_error err;
    (void)state;
    assert_int_equal(at_pairs_match(a, 1, faces, FACES, none, 2, 1, &err), ATTUNE_E_ARG);
    assert_non_null(strstr(err.text, "no emotion"));
}

static at_corpus corpus(const char *dataset, at_head head, int n, const char *person)
{
    at_corpus c = {.dataset = dataset, .head = head};
    for (int i = 0; i < n; i++) {
        char path[32];
        snprintf(path, sizeof path, "%s/%d", person, i);
        at_sample *s = at_corpus_add(&c, path);
        assert_non_null(s);
        s->expression = i % at_heads[head].classes;
        snprintf(s->person, sizeof s->person, "%s", person);
    }
    return c;
}

static void test_labels(void **state)
{
    at_sample s = {.expression = -1};
    (void)state;
    assert_int_equal(at_labelled_emotion(&s, AT_HEAD_FACE8), -1);
    s.expression = 7; /* contempt, in FER+ */
    assert_int_equal(at_labelled_emotion(&s, AT_HEAD_FACE8), -1);
    assert_int_equal(at_labelled_emotion(&s, AT_HEAD_VOICE8), ATTUNE_SURPRISED);
    s.expression = 1; /* calm, in RAVDESS */
    assert_int_equal(at_labelled_emotion(&s, AT_HEAD_VOICE8), ATTUNE_NEUTRAL);
    assert_int_equal(at_labelled_emotion(&s, AT_HEAD_EMOTION7), ATTUNE_HAPPY);
    assert_int_equal(at_labelled_emotion(&s, AT_HEAD_STATE4), -1);
}

static void test_balance(void **state)
{
    int of[ATTUNE_EMOTIONS] = {0};
    at_corpus c = corpus("a", AT_HEAD_FACE8, 80, "x"), all = corpus("a", AT_HEAD_FACE8, 80, "x");
    (void)state;
    for (int i = 8; i < 80; i += 8) /* one neutral is left, nine are contempt */
        c.list[i].expression = 7;
    assert_int_equal(at_corpus_balance(&c, 21, 1), ATTUNE_OK);
    for (int i = 0; i < c.count; i++)
        of[at_labelled_emotion(&c.list[i], c.head)]++;
    assert_int_equal(of[ATTUNE_NEUTRAL], 1);
    for (int e = 1; e < ATTUNE_EMOTIONS; e++)
        assert_int_equal(of[e], 3);
    assert_int_equal(at_corpus_balance(&all, 0, 1), ATTUNE_OK);
    assert_int_equal(all.count, 70);
    assert_int_equal(at_corpus_balance(&all, 9, 1), ATTUNE_OK);
    assert_int_equal(all.count, 9); /* at most, though 7 do not divide it */
    at_corpus_free(&c);
    at_corpus_free(&all);
}

static void test_apart(void **state)
{
    at_corpus ann = corpus("a", AT_HEAD_FACE8, 3, "ann"),
              bob = corpus("a", AT_HEAD_FACE8, 3, "bob");
    at_corpus other = corpus("b", AT_HEAD_VOICE8, 3, "cy");
    attune_error err;
    (void)state;
    assert_int_equal(at_parts_apart(&ann, &bob, 1, NULL), ATTUNE_OK);
    snprintf(bob.list[2].person, sizeof bob.list[2].person, "ann");
    assert_int_equal(at_parts_apart(&ann, &bob, 1, &err), ATTUNE_E_ARG);
    assert_non_null(strstr(err.text, "ann"));
    snprintf(other.list[1].person, sizeof other.list[1].person, "ann"); /* another set's ann */
    assert_int_equal(at_parts_apart(&ann, &other, 1, NULL), ATTUNE_OK);
    for (int i = 0; i < 3; i++)
        ann.list[i].person[0] = bob.list[i].person[0] = '\0'; /* nobody is named */
    assert_int_equal(at_parts_apart(&ann, &bob, 1, NULL), ATTUNE_OK);
    assert_int_equal(at_parts_apart(&ann, &ann, 1, &err), ATTUNE_E_ARG);
    assert_non_null(strstr(err.text, "ann/0"));
    at_corpus_free(&ann);
    at_corpus_free(&bob);
    at_corpus_free(&other);
}

/* Parts of two streams may lie in two folders. */
static void test_apart_in_two_folders(void **state)
{
    at_corpus face = corpus("ravdess", AT_HEAD_EMOTION7, 3, "7"),
              voice = corpus("ravdess", AT_HEAD_VOICE8, 3, "7");
    (void)state;
    for (int i = 0; i < 3; i++)
        voice.list[i].path[0] = '_';
    assert_int_equal(at_parts_apart(&face, &voice, 0, NULL), ATTUNE_E_ARG);
    face.dataset = voice.dataset = "manifest"; /* anybody's seventh person */
    assert_int_equal(at_parts_apart(&face, &voice, 0, NULL), ATTUNE_OK);
    assert_int_equal(at_parts_apart(&face, &voice, 1, NULL), ATTUNE_E_ARG);
    at_corpus_free(&face);
    at_corpus_free(&voice);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_match),  cmocka_unit_test(test_no_match),
        cmocka_unit_test(test_labels), cmocka_unit_test(test_balance),
        cmocka_unit_test(test_apart),  cmocka_unit_test(test_apart_in_two_folders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
