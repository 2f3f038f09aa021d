/* A decoder's child that is there before its input is known: reads what any other child reads, and leaves FFmpeg's decoders
 * out of this process. */
#include "base/error.h"
#include "made_wav.h"
#include "mapped.h"
#include "media/av_box.h"
#include "media/media.h"
#include "temp_folder.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { SAMPLES = 16000 };

static const char *sound;

static int make_sound(void **state)
{
    static int16_t x[SAMPLES];
    if (make_folder(state) != 0)
        return -1;
    for (int i = 0; i < SAMPLES; i++)
        x[i] = (int16_t)(uint16_t)(i * 37);
    sound = put_wav("a.wav", 16000, 1, x, SAMPLES);
    return 0;
}

/* The samples' sum; held as its info says. */
static double read_sound(const at_media_options *o, unsigned *held)
{
    at_media *m;
    at_media_packet p;
    at_media_info info;
    attune_error err = {0};
    double sum = 0;
    size_t n = 0;
    if (at_media_open(&m, sound, o, &err) < 0)
        fail_msg("%s", err.text);
    while (at_media_next(m, &p, NULL) == 1)
        for (size_t i = 0; i < p.n; i++, n++)
            sum += p.pcm[i] * (double)(n % 7);
    at_media_get_info(m, &info);
    *held = info.held;
    at_media_free(&m);
    assert_int_equal(n, SAMPLES);
    return sum;
}

static at_media_ahead *start(void)
{
    at_media_ahead *a = at_media_ahead_start();
    if (!a)
        skip(); /* sanitizers fork nothing beside threads */
    return a;
}

/* In a process of its own, which has loaded nothing, as decoders_stay_out needs this one. */
static void cameras_have_all_they_take(void **state)
{
    (void)state;
    at_media_options o = {.ahead = start()};
    at_media_ahead_free(&o.ahead);
    const pid_t pid = fork();
    if (pid == 0) {
        attune_error err = {0};
        at_media *m;
        o.ahead = at_media_ahead_start();
        const int status = at_media_open(&m, "/dev/video77", &o, &err);
        _exit(status >= 0 || !strstr(err.text, "the camera cannot be opened: No such file"));
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

/* Before anything else has loaded them. */
static void decoders_stay_out(void **state)
{
    (void)state;
    unsigned held;
    at_media_options o = {.ahead = start()};
    read_sound(&o, &held);
    assert_true(held & AT_HELD_PROCESS);
    assert_true(is_mapped("libavutil"));
    assert_false(is_mapped("libavcodec"));
    at_media_ahead_free(&o.ahead);
    assert_null(o.ahead);
}

static void reads_the_same_and_once(void **state)
{
    (void)state;
    unsigned with, without;
    at_media_options o = {.ahead = start()};
    const double first = read_sound(&o, &with);
    assert_null(at_box_take_ahead(&o));
    assert_true(first == read_sound(&o, &without)); /* its child is taken */
    assert_int_equal(with, without);
    at_media_ahead_free(&o.ahead);
}

static void errors_are_the_same(void **state)
{
    (void)state;
    attune_error with, without;
    at_media *m;
    at_media_options o = {.ahead = start()};
    const char *const wrong[] = {"/nowhere/a file", "/dev/null", "/proc/self/status"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const int status = at_media_open(&m, wrong[i], &o, &with);
        assert_true(status < 0);
        assert_int_equal(at_media_open(&m, wrong[i], NULL, &without), status);
        assert_string_equal(with.text, without.text);
        at_media_ahead_free(&o.ahead);
        o.ahead = start();
    }
    at_media_ahead_free(&o.ahead);
}

/* Live input has a child that may do more, and large pictures one with more memory. */
static void what_it_is_not_for(void **state)
{
    (void)state;
    at_media_ahead *a = start();
    assert_null(at_box_take_ahead(NULL));
    assert_null(at_box_take_ahead(&(at_media_options){.live = 1, .ahead = a}));
    assert_null(at_box_take_ahead(&(at_media_options){.no_sandbox = 1, .ahead = a}));
    assert_null(at_box_take_ahead(&(at_media_options){.max_pixels = 100, .ahead = a}));
    const pid_t pid = fork();
    if (pid == 0)
        _exit(at_box_take_ahead(&(at_media_options){.ahead = a}) != NULL);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    at_box *box = at_box_take_ahead(&(at_media_options){.ahead = a});
    assert_non_null(box);
    at_box_free(&box);
    at_media_ahead_free(&a);
}

static void *start_and_end(void *out)
{
    *(at_media_ahead **)out = at_media_ahead_start();
    usleep(100000); /* until the child has asked for its end */
    return NULL;
}

/* It ends with the thread that asked for it. */
static void one_that_has_ended_is_replaced(void **state)
{
    (void)state;
    unsigned held;
    pthread_t thread;
    at_media_options o = {0};
    assert_int_equal(pthread_create(&thread, NULL, start_and_end, &o.ahead), 0);
    pthread_join(thread, NULL);
    if (!o.ahead)
        skip();
    usleep(100000);
    read_sound(&o, &held);
    assert_true(held & AT_HELD_PROCESS);
    at_media_ahead_free(&o.ahead);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cameras_have_all_they_take),
        cmocka_unit_test(decoders_stay_out),
        cmocka_unit_test(reads_the_same_and_once),
        cmocka_unit_test(errors_are_the_same),
        cmocka_unit_test(what_it_is_not_for),
        cmocka_unit_test(one_that_has_ended_is_replaced),
    };
    return cmocka_run_group_tests(tests, make_sound, remove_folder);
}
