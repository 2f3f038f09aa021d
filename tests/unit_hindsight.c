/* A person's first windows, told again once what is usual for them is known. */
#include "session_scene.h"

#include "runtime/hindsight.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const fake_face sad[FAKE_FACES] = {{120, 60, 100, 3}};
static const fake_face nobody[FAKE_FACES] = {{0}};

enum { MOST = 512 };

typedef struct watching {
    scene *c;
    at_hindsight h;
    attune_window told[MOST]; /* as the session told them */
    attune_window out[MOST];  /* as they were handed on */
    int n_told, n_out;
    int held; /* most at a time */
} watching;

static void hand_on(watching *x, int all)
{
    while (at_hindsight_next(&x->h, all, &x->out[x->n_out]))
        assert_true(++x->n_out < MOST);
}

static void take(watching *x)
{
    attune_window w;
    while (attune_session_next(x->c->s, &w) == 1) {
        x->told[x->n_told++] = w;
        assert_true(x->n_told < MOST);
        assert_int_equal(at_hindsight_hold(&x->h, x->c->s, &w), ATTUNE_OK);
        hand_on(x, 0);
        x->held = x->n_told - x->n_out > x->held ? x->n_told - x->n_out : x->held;
    }
}

static void show(watching *x, const fake_face *face, int from_s, int to_s)
{
    fake_picture(x->c->rgb, face);
    for (int64_t t = from_s * 1000; t < to_s * 1000; t += 100) {
        assert_int_equal(
            attune_session_push_video(x->c->s, t * MS, x->c->rgb, FAKE_W, FAKE_H, 3 * FAKE_W),
            ATTUNE_OK);
        take(x);
    }
}

static watching *begin(int no_baseline)
{
    watching *x = calloc(1, sizeof *x);
    assert_non_null(x);
    fake_use_baseline(1);
    x->c = scene_open(&(attune_options){.no_audio = 1, .no_baseline = no_baseline});
    return x;
}

static void end(watching *x)
{
    at_hindsight_free(&x->h);
    scene_close(x->c);
    fake_use_baseline(0);
    free(x);
}

static void finish_all(watching *x)
{
    assert_int_equal(attune_session_finish(x->c->s), ATTUNE_OK);
    take(x);
    hand_on(x, 1);
    assert_int_equal(x->n_out, x->n_told);
    for (int i = 0; i < x->n_out; i++)
        assert_int_equal(x->out[i].end_us, x->told[i].end_us);
}

static void the_first_half_minute_is_told_again(void **state)
{
    watching *x = begin(0);
    int known = 0;
    (void)state;
    show(x, sad, 0, 40);
    finish_all(x);
    while (known < x->n_told && x->told[known].baseline_s < 29.9f)
        known++;
    assert_in_range(known, 58, 62);
    assert_in_range(x->held, 58, 62);
    for (int i = 0; i < known; i++) {
        const attune_window *w = &x->out[i];
        assert_float_equal(w->baseline_s, 30, 0.6f);
        assert_float_equal(w->offset[ATTUNE_SAD], x->told[known].offset[ATTUNE_SAD], 0.02f);
        /* the fake fusion gives the face's logits as the answer: as they were, less the offset */
        assert_float_equal(w->emotion7[3], x->told[0].emotion7[3] - w->offset[ATTUNE_SAD], 1e-4f);
        assert_float_equal(w->condition[ATTUNE_FACE], x->told[i].condition[ATTUNE_FACE], 0);
    }
    assert_memory_equal(&x->out[known + 1], &x->told[known + 1],
                        sizeof *x->out * (size_t)(x->n_told - known - 1));
    end(x);
}

/* What a short recording shows cannot be told from what is usual. */
static void a_short_recording_is_as_it_was_told(void **state)
{
    watching *x = begin(0);
    (void)state;
    show(x, sad, 0, 20);
    assert_int_equal(x->n_out, 0);
    finish_all(x);
    assert_memory_equal(x->out, x->told, sizeof *x->out * (size_t)x->n_told);
    end(x);
}

/* When one person is known, the windows of another go on waiting, and come as they were told. */
static void one_person_is_not_told_by_another(void **state)
{
    static const fake_face first[FAKE_FACES] = {{20, 60, 60, 3}};
    static const fake_face second[FAKE_FACES] = {{200, 60, 100, 1}};
    watching *x = begin(0);
    int of_first = 0, changed = 0;
    (void)state;
    show(x, first, 0, 10);
    show(x, nobody, 10, 16);
    show(x, second, 16, 56);
    finish_all(x);
    for (int i = 0; i < x->n_out; i++)
        if (x->told[i].track == 1) {
            assert_memory_equal(&x->out[i], &x->told[i], sizeof *x->out);
            of_first++;
        } else {
            changed += memcmp(&x->out[i], &x->told[i], sizeof *x->out) != 0;
        }
    assert_in_range(of_first, 19, 27);
    assert_in_range(changed, 50, 62);
    end(x);
}

/* Somebody who goes after five seconds keeps nothing for longer than two minutes; empty windows nothing. */
static void nothing_waits_for_ever(void **state)
{
    watching *x = begin(0);
    (void)state;
    show(x, nobody, 0, 4);
    assert_int_equal(x->n_out, x->n_told);
    show(x, sad, 4, 9);
    show(x, nobody, 9, 160);
    assert_in_range(x->held, 239, 241);
    finish_all(x);
    assert_memory_equal(x->out, x->told, sizeof *x->out * (size_t)x->n_told);
    end(x);
}

static void without_a_baseline_nothing_is_to_be_told_better(void **state)
{
    watching *x = begin(1);
    (void)state;
    assert_false(at_hindsight_helps(x->c->s));
    end(x);
    x = begin(0);
    assert_true(at_hindsight_helps(x->c->s));
    fake_use_baseline(0);
    assert_false(at_hindsight_helps(x->c->s));
    end(x);
}

/* What is held of a window has no embeddings. */
static void a_fusion_that_looks_at_embeddings_is_not_asked_again(void **state)
{
    watching *x = begin(0);
    (void)state;
    fake_answers_again = 0;
    assert_false(at_hindsight_helps(x->c->s));
    fake_answers_again = 1;
    end(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_half_minute_is_told_again),
        cmocka_unit_test(a_short_recording_is_as_it_was_told),
        cmocka_unit_test(one_person_is_not_told_by_another),
        cmocka_unit_test(nothing_waits_for_ever),
        cmocka_unit_test(without_a_baseline_nothing_is_to_be_told_better),
        cmocka_unit_test(a_fusion_that_looks_at_embeddings_is_not_asked_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
