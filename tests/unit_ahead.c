/* A decoder's child that is there before its reader: reads what any other child reads, and leaves FFmpeg's decoders
 * out of this process. */
#include "base/error.h"
#include "made_wav.h"
#include "mapped.h"
#include "media/av_box.h"
#include "media/media.h"
#include "temp_folder.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum {
    SAMPLES = 16000,
    LONG = 20 * SAMPLES, /* more than waits in a socket: its child is never done */
};

static const char *sound, *long_sound;

static int make_sound(void **state)
{
    static int16_t x[SAMPLES];
    if (make_folder(state) != 0)
        return -1;
    for (int i = 0; i < SAMPLES; i++)
        x[i] = (int16_t)(uint16_t)(i * 37);
    sound = put_wav("a.wav", 16000, 1, x, SAMPLES);
    long_sound = put_wav("long.wav", 16000, 1, NULL, LONG);
    return 0;
}

static double no_speech(const float *pcm, size_t n)
{
    (void)pcm, (void)n;
    return 0;
}

/* The samples' sum, of n; held as its info says. */
static double read_all(const char *path, const at_media_options *o, size_t *n, unsigned *held)
{
    at_media *m;
    at_media_packet p;
    at_media_info info;
    attune_error err = {0};
    double sum = 0;
    *n = 0;
    if (at_media_open(&m, path, o, &err) < 0)
        fail_msg("%s", err.text);
    while (at_media_next(m, &p, NULL) == 1)
        for (size_t i = 0; i < p.n; i++, (*n)++)
            sum += p.pcm[i] * (double)(*n % 7);
    at_media_get_info(m, &info);
    *held = info.held;
    at_media_free(&m);
    return sum;
}

static double read_sound(const char *path, const at_media_options *o, unsigned *held)
{
    size_t n;
    const double sum = read_all(path, o, &n, held);
    assert_int_equal(n, SAMPLES);
    return sum;
}

/* o's child for path. */
static void start(at_media_options *o, const char *path)
{
    o->ahead = at_media_ahead_start(path, o);
    if (!o->ahead)
        skip(); /* sanitizers fork nothing beside threads */
}

static int is_taken(const char *path, const at_media_options *o)
{
    at_box *box = at_box_take_ahead(path, o);
    const int taken = box != NULL;
    at_box_free(&box);
    return taken;
}

/* In a process of its own, which has loaded nothing, as decoders_stay_out needs this one. */
static void cameras_have_all_they_take(void **state)
{
    (void)state;
    at_media_options o = {0};
    start(&o, sound);
    at_media_ahead_free(&o.ahead);
    const pid_t pid = fork();
    if (pid == 0) {
        attune_error err = {0};
        at_media *m;
        o.ahead = at_media_ahead_start(sound, &o);
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
    at_media_options o = {0};
    start(&o, sound);
    read_sound(sound, &o, &held);
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
    at_media_options o = {0};
    start(&o, sound);
    const double first = read_sound(sound, &o, &with);
    assert_false(is_taken(sound, &o));
    assert_true(first == read_sound(sound, &o, &without)); /* its child is taken */
    assert_int_equal(with, without);
    at_media_ahead_free(&o.ahead);
}

/* It reads while nobody has asked for anything: a pipe is empty by then, and all of it is there. */
static void begins_before_it_is_asked(void **state)
{
    (void)state;
    unsigned held;
    int end[2], left = -1;
    const int was = dup(STDIN_FILENO), file = open(sound, O_RDONLY);
    static unsigned char wav[44 + 2 * SAMPLES];
    assert_int_equal(pipe(end), 0);
    assert_int_equal(read(file, wav, sizeof wav), sizeof wav);
    assert_int_equal(write(end[1], wav, sizeof wav), sizeof wav);
    dup2(end[0], STDIN_FILENO);
    at_media_options o = {0};
    start(&o, "-");
    for (int i = 0; i < 3000 && left; i++, usleep(10000))
        ioctl(end[0], FIONREAD, &left);
    assert_int_equal(left, 0);
    close(end[1]);
    read_sound("-", &o, &held);
    dup2(was, STDIN_FILENO);
    close(was), close(file), close(end[0]);
    at_media_ahead_free(&o.ahead);
}

static void errors_are_the_same(void **state)
{
    (void)state;
    attune_error with, without;
    at_media *m;
    const char *const wrong[] = {"/nowhere/a file", "/dev/null", "/proc/self/status"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        at_media_options o = {0};
        start(&o, wrong[i]);
        const int status = at_media_open(&m, wrong[i], &o, &with);
        assert_true(status < 0);
        assert_int_equal(at_media_open(&m, wrong[i], NULL, &without), status);
        assert_string_equal(with.text, without.text);
        at_media_ahead_free(&o.ahead);
    }
}

/* Live input has a child that may do more. */
static void what_it_is_not_for(void **state)
{
    (void)state;
    assert_null(at_media_ahead_start(sound, &(at_media_options){.live = 1}));
    assert_null(at_media_ahead_start(sound, &(at_media_options){.no_sandbox = 1}));
    assert_null(at_media_ahead_start("/dev/video77", &(at_media_options){0}));
}

/* A reader that wants something else does not have it, nor another process. */
static void who_has_it(void **state)
{
    (void)state;
    at_media_options o = {.rate = 5, .threads = 1};
    start(&o, sound);
    at_media_ahead *const a = o.ahead;
    at_media_options other[13];
    for (int i = 0; i < 13; i++)
        other[i] = o;
    other[0].no_video = other[1].no_audio = other[2].video_track = other[3].audio_track = 1;
    other[4].rate = 6;
    other[5].threads = 2;
    other[6].max_pixels = 100;
    other[7].pcm_rate = 16000;
    other[8].live = other[9].no_sandbox = 1;
    other[10].restart = other[11].restart_us = 1;
    other[12].speech_s = no_speech;
    for (int i = 0; i < 13; i++)
        if (is_taken(sound, &other[i]))
            fail_msg("%d", i);
    assert_false(is_taken("/nowhere", &o));
    assert_false(is_taken(sound, NULL));
    const pid_t pid = fork();
    if (pid == 0)
        _exit(is_taken(sound, &o));
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_true(is_taken(sound, &(at_media_options){.rate = 5, .threads = 1, .ahead = a}));
    at_media_ahead_free(&o.ahead);
}

static void *start_and_end(void *out)
{
    at_media_options *o = out;
    o->ahead = at_media_ahead_start(long_sound, o);
    usleep(100000); /* until the child has asked for its end */
    return NULL;
}

/* It ends with the thread that asked for it. */
static void one_that_has_ended_is_replaced(void **state)
{
    (void)state;
    unsigned held;
    size_t n;
    pthread_t thread;
    at_media_options o = {0};
    assert_int_equal(pthread_create(&thread, NULL, start_and_end, &o), 0);
    pthread_join(thread, NULL);
    if (!o.ahead)
        skip();
    usleep(100000);
    read_all(long_sound, &o, &n, &held);
    assert_int_equal(n, LONG);
    assert_true(held & AT_HELD_PROCESS);
    at_media_ahead_free(&o.ahead);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cameras_have_all_they_take),
        cmocka_unit_test(decoders_stay_out),
        cmocka_unit_test(reads_the_same_and_once),
        cmocka_unit_test(begins_before_it_is_asked),
        cmocka_unit_test(errors_are_the_same),
        cmocka_unit_test(what_it_is_not_for),
        cmocka_unit_test(who_has_it),
        cmocka_unit_test(one_that_has_ended_is_replaced),
    };
    return cmocka_run_group_tests(tests, make_sound, remove_folder);
}
