/* From measures to trust: what each measure of a face's picture and of a voice's sound is worth, and
 * how the sightings of a window become one piece of evidence. */
#include "runtime/face_evidence.h"
#include "runtime/ramp.h"
#include "runtime/voice.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static at_sighting clean(void)
{
    return (at_sighting){.measured.sharpness = 0.9f,
                         .measured.brightness = 0.5f,
                         .measured.contrast = 0.4f,
                         .measured.face_size = 40,
                         .measured.detector_score = 0.9f,
                         .measured.coverage = 0.1f};
}

static void ramps(void **state)
{
    (void)state;
    assert_float_equal(at_ramp(1, 2, 4), 0, 0);
    assert_float_equal(at_ramp(3, 2, 4), 0.5, 1e-6);
    assert_float_equal(at_ramp(5, 2, 4), 1, 0);
    assert_float_equal(at_ramp(0.7f, 0.9f, 0.5f), 0.5, 1e-6); /* falling */
    assert_float_equal(at_ramp(1, 0.9f, 0.5f), 0, 0);
}

/* Each measure by itself: half bad is half trusted, wholly bad is not. */
static void every_measure_counts(void **state)
{
    const struct {
        size_t member;
        float half, useless;
    } cases[] = {
        {offsetof(at_sighting, measured.sharpness), 0.3f, 0.05f},
        {offsetof(at_sighting, measured.brightness), 0.115f, 0.03f},
        {offsetof(at_sighting, measured.brightness), 0.95f, 1.0f},
        {offsetof(at_sighting, measured.contrast), 0.085f, 0.02f},
        {offsetof(at_sighting, measured.face_size), 12, 4},
        {offsetof(at_sighting, measured.coverage), 0.575f, 0.9f},
        {offsetof(at_sighting, measured.detector_score), 0.525f, 0.3f},
    };
    at_sighting s = clean();

    (void)state;
    assert_float_equal(at_sighting_quality(&s), 1, 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        s = clean();
        memcpy((char *)&s + cases[i].member, &cases[i].half, sizeof(float));
        assert_float_equal(at_sighting_quality(&s), 0.5, 1e-4);
        memcpy((char *)&s + cases[i].member, &cases[i].useless, sizeof(float));
        assert_float_equal(at_sighting_quality(&s), 0, 1e-6);
    }
}

/* A sharp frame and one of half its worth: logits are weighed, measures are not. */
static void good_frames_count_for_more(void **state)
{
    at_sighting sharp = clean(), blurred = clean();
    at_face_evidence e = {0};

    (void)state;
    blurred.measured.sharpness = 0.3f;
    sharp.visual.expression[1] = 3;
    sharp.visual.embedding[7] = 6;
    sharp.box[0] = 1;
    blurred.box[0] = 2;
    at_face_evidence_add(&e, &sharp, 0);
    at_face_evidence_add(&e, &blurred, 0);
    at_face_evidence_finish(&e);
    assert_int_equal(e.sightings, 2);
    assert_float_equal(e.visual.expression[1], 2, 1e-3);
    assert_float_equal(e.visual.embedding[7], 4, 1e-3);
    assert_float_equal(e.measured.sharpness, 0.6, 1e-4);
    assert_float_equal(e.quality, 0.75, 1e-4);
    assert_float_equal(e.box[0], 2, 0); /* of the latest */
}

/* A speaker's open mouth is not surprise: of the expression, and of nothing else, a frame with a mouth that
 * has just opened tells little beside one with a mouth at rest. */
static void resting_mouth_tells_most(void **state)
{
    at_sighting closed = clean(), open = clean();
    at_face_evidence e = {0};

    (void)state;
    assert_string_equal(attune_units[AT_UNIT_JAW_OPEN].name, "jawOpen");
    open.visual.units[AT_UNIT_JAW_OPEN] = 0.5f;
    open.visual.expression[AT_FACE_CLASSES - 1] = open.visual.basic[AT_BASIC_CLASSES - 1] = 1;
    open.visual.expression[0] = open.visual.basic[0] = 1;
    open.visual.embedding[7] = open.visual.state[0] = 1;
    at_face_evidence_add(&e, &closed, 0);
    at_face_evidence_add(&e, &open, 0.5f);
    at_face_evidence_finish(&e);
    const double share = exp(-4) / (1 + exp(-4));
    assert_float_equal(e.visual.expression[0], share, 1e-5);
    assert_float_equal(e.visual.expression[AT_FACE_CLASSES - 1], share, 1e-5);
    assert_float_equal(e.visual.basic[0], share, 1e-5);
    assert_float_equal(e.visual.basic[AT_BASIC_CLASSES - 1], share, 1e-5);
    assert_float_equal(e.visual.embedding[7], 0.5, 1e-5);
    assert_float_equal(e.visual.state[0], 0.5, 1e-5);
    assert_float_equal(e.visual.units[AT_UNIT_JAW_OPEN], 0.25, 1e-5);

    memset(&e, 0, sizeof e); /* a model that does not know of mouths */
    at_face_evidence_add(&e, &closed, NAN);
    at_face_evidence_add(&e, &open, NAN);
    at_face_evidence_finish(&e);
    assert_float_equal(e.visual.expression[0], 0.5, 1e-5);
    assert_float_equal(at_rest(0), 1, 0);
    assert_float_equal(at_rest(-1), 1, 0);
}

/* Where every frame is bad, bad frames have to do. */
static void bad_frames_have_to_do(void **state)
{
    at_sighting dark = clean();
    at_face_evidence e = {0};

    (void)state;
    dark.measured.brightness = 0;
    dark.visual.expression[2] = 5;
    at_face_evidence_add(&e, &dark, 0);
    at_face_evidence_finish(&e);
    assert_float_equal(e.quality, 0, 0);
    assert_float_equal(e.visual.expression[2], 5, 1e-4);

    memset(&e, 0, sizeof e); /* and none is none */
    at_face_evidence_finish(&e);
    assert_float_equal(e.quality, 0, 0);
}

static void what_is_outside_is_covered(void **state)
{
    (void)state;
    assert_float_equal(at_face_coverage(-20, 0), 0, 1e-6);
    assert_float_equal(at_face_coverage(-20, 0.4f), 0.4, 1e-6);
    assert_float_equal(at_face_coverage(0, 0.4f), 0.7, 1e-6); /* half of the rest */
    assert_float_equal(at_face_coverage(20, 0), 1, 1e-6);
}

static void sound_is_as_good_as_its_worst(void **state)
{
    (void)state;
    assert_float_equal(at_voice_quality_figure(1, 0, 1), 1, 0);
    assert_float_equal(at_voice_quality_figure(0.3f, 0, 1), 0.3, 1e-6);
    assert_float_equal(at_voice_quality_figure(1, 0.105f, 1), 0.5, 1e-4);
    assert_float_equal(at_voice_quality_figure(1, 0.3f, 1), 0, 0);
    assert_float_equal(at_voice_quality_figure(1, 0, 0.55f), 0.5, 1e-4);
    assert_float_equal(at_voice_quality_figure(1, 0, 0.4f), 0, 0);
}

/* Four tenths of a second: less is a word's beginning, and no voice to judge. */
static void a_voice_needs_speech(void **state)
{
    (void)state;
    assert_int_equal(AT_SPEECH_ROWS_MIN, 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ramps),
        cmocka_unit_test(every_measure_counts),
        cmocka_unit_test(good_frames_count_for_more),
        cmocka_unit_test(resting_mouth_tells_most),
        cmocka_unit_test(bad_frames_have_to_do),
        cmocka_unit_test(what_is_outside_is_covered),
        cmocka_unit_test(sound_is_as_good_as_its_worst),
        cmocka_unit_test(a_voice_needs_speech),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
