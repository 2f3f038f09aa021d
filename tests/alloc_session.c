/* A session with each of its allocations failing in turn: a status, no crash, no leak. */
#include "session_fake.h"
#include "sounds.h"
#include "wrap_alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static unsigned char rgb[FAKE_W * FAKE_H * 3];
static float pcm[LONG];

static int make_input(void **state)
{
    static const fake_face face[FAKE_FACES] = {{120, 60, 100, 3}};
    (void)state;
    fake_picture(rgb, face);
    make_bursts(pcm);
    return 0;
}

static int drain(attune_session *s)
{
    attune_window w;
    int rc;
    while ((rc = attune_session_next(s, &w)) == 1) {
    }
    return rc;
}

/* The first second as it is, the second one as if it were another rate's. */
static int push_sound(attune_session *s, int i)
{
    const float *from = pcm + (size_t)i * 2000;
    const attune_sound x = {ATTUNE_F32, 8000, 1, from, 1000};
    if (i < 8)
        return attune_session_push_audio(s, i * INT64_C(125000), from, 2000);
    return attune_session_push_sound(s, i * INT64_C(125000), &x);
}

/* A row and a message, for which there has to be room already. */
static int push_beside(attune_session *s, int i)
{
    static const float row[2] = {60, 1};
    int rc = attune_session_push_signal(s, i * INT64_C(125000), row);

    return rc ? rc : attune_session_push_text(s, i * INT64_C(125000), "no idea :(", 10);
}

/* Two seconds of all streams. Returns the first failure. */
static int push_all(attune_session *s, int is_beside)
{
    int rc = ATTUNE_OK;
    for (int i = 0; rc == ATTUNE_OK && i < 16; i++) {
        rc = is_beside ? push_beside(s, i) : ATTUNE_OK;
        rc =
            rc ? rc
               : attune_session_push_video(s, i * INT64_C(125000), rgb, FAKE_W, FAKE_H, 3 * FAKE_W);
        rc = rc ? rc : push_sound(s, i);
        rc = rc ? rc : drain(s);
    }
    rc = rc ? rc : attune_session_finish(s);
    return rc ? rc : drain(s);
}

/* Returns how many failures there were. */
static int survive(const attune_options *o)
{
    long before = wrap_alloc_live();
    int failures = 0;
    for (int n = 0; n == 0 || wrap_alloc_failed(); n++) {
        attune_session *s;
        attune_error err = {0};
        wrap_alloc_fail_at(n);
        int rc = attune_session_open(&s, fake_model(), o, &err);
        assert_int_equal(s == NULL, rc < 0);
        assert_int_equal(err.status, rc);
        if (rc == ATTUNE_OK)
            rc = push_all(s, o->beside != NULL);
        wrap_alloc_off();
        assert_int_equal(rc, wrap_alloc_failed() ? ATTUNE_E_NOMEM : ATTUNE_OK);
        failures += wrap_alloc_failed();
        attune_session_free(&s);
        assert_int_equal(wrap_alloc_live(), before);
    }
    return failures;
}

static void session_survives(void **state)
{
    static const char *const names[] = {"hr", "clicks", NULL};
    static const attune_beside_setup beside = {.signals = names, .events = 2, .chat = 1};
    const int alone = survive(&(attune_options){.threads = 1});

    (void)state;
    assert_true(alone >= 12);
    /* a modality each, a column each, and the room for messages */
    assert_int_equal(survive(&(attune_options){.threads = 1, .beside = &beside}),
                     alone + 2 + 2 + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(session_survives)};
    return cmocka_run_group_tests(tests, make_input, NULL);
}
