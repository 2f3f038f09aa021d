/* What is loaded when it is first needed. */
#include "base/error.h"
#include "base/late.h"
#include "base/stand_in.h"
#include "mapped.h"
#include "media/av.h"
#include "media/media.h"
#include "temp_folder.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- stand-ins: in a child, since they are for good ------------------------------------------ */

extern const at_stand_in at_av_stand_ins[];
extern const int at_av_stand_ins_n;

/* What went wrong is its exit code: the line; or the signal that ended it. */
static void in_a_child(void (*f)(void))
{
    int status;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        f();
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status))
        fail_msg("signal %d", WTERMSIG(status));
    if (WEXITSTATUS(status))
        fail_msg("line %d", 2 * WEXITSTATUS(status));
}

#define NEED(what)               \
    do {                         \
        if (!(what))             \
            _exit(__LINE__ / 2); \
    } while (0)

static int is_named(const char *names, const char *name)
{
    const size_t n = strlen(name);
    for (const char *p = names; (p = strstr(p, name)); p += n)
        if ((p == names || p[-1] == ',') && (!p[n] || p[n] == ','))
            return 1;
    return 0;
}

/* Every one that a file may reach begins, with none of the libraries of others. */
static void decoders_open(void)
{
    const AVCodec *codec;
    void *position = NULL;
    int opened = 0;
    NEED(at_av_enter_to_decode(NULL) == ATTUNE_OK);
    while ((codec = av_codec_iterate(&position))) {
        if (!av_codec_is_decoder(codec) || !is_named(at_av_codecs, codec->name))
            continue;
        AVCodecContext *c = avcodec_alloc_context3(codec);
        NEED(c);
        c->width = c->height = 64;
        c->sample_rate = 16000;
        c->block_align = 64;
        c->ch_layout.nb_channels = 1;
        opened += avcodec_open2(c, codec, NULL) == 0;
        avcodec_free_context(&c);
    }
    NEED(opened > 50);
    NEED(is_mapped("libavcodec") && is_mapped("libavutil"));
    NEED(at_av_stand_ins_n == 0 || at_stand_in_count() > 0);
    for (int i = 0; i < at_av_stand_ins_n; i++)
        NEED(!is_mapped(at_av_stand_ins[i].soname));
    NEED(at_av_stand_ins_n == 0 || !is_mapped("libunistring")); /* of libgnutls */
}

static void only_what_decodes_is_loaded(void **state)
{
    (void)state;
    in_a_child(decoders_open);
}

/* One that has not what is asked of it, as if FFmpeg were of another release. */
static void load_after_a_wrong_one(void)
{
    static const char soname[] = "libopus.so.0";
    const at_stand_in *from = NULL;
    for (int i = 0; i < at_av_stand_ins_n; i++)
        if (strlen(at_av_stand_ins[i].soname) >= strlen(soname))
            from = &at_av_stand_ins[i];
    if (!from)
        return;
    unsigned char *image = malloc(from->bytes);
    NEED(image);
    memcpy(image, from->image, from->bytes);
    unsigned char *name = memmem(image, from->bytes, from->soname, strlen(from->soname) + 1);
    NEED(name);
    memcpy(name, soname, sizeof soname);
    at_stand_in_load(&(at_stand_in){soname, image, from->bytes}, 1);
    NEED(at_stand_in_count() == 1);
    NEED(at_av_enter_to_decode(NULL) == ATTUNE_OK);
    NEED(at_stand_in_count() == 0 && is_mapped(soname) && avcodec_find_decoder(AV_CODEC_ID_H264));
    free(image);
}

static void what_does_not_fit_is_taken_back(void **state)
{
    (void)state;
    in_a_child(load_after_a_wrong_one);
}

/* Some of them alone would be worse than none. */
static void load_with_few_descriptors(void)
{
    const struct rlimit few = {20, 20};
    NEED(setrlimit(RLIMIT_NOFILE, &few) == 0);
    NEED(at_av_enter_to_decode(NULL) == ATTUNE_OK);
    NEED(at_stand_in_count() == 0 && avcodec_find_decoder(AV_CODEC_ID_H264));
}

static void all_of_them_or_none(void **state)
{
    (void)state;
    in_a_child(load_with_few_descriptors);
}

/* Whether a process waits for something. */
static int waits(const char *process)
{
    char path[64], state = 0;
    snprintf(path, sizeof path, "/proc/%s/stat", process);
    FILE *f = fopen(path, "r");
    if (f && fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
        state = 0;
    if (f)
        fclose(f);
    return state == 'S';
}

static void the_decoder_of_a_file_has_them(void **state)
{
    char path[64], child[32] = "";
    (void)state;
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    const char *nobody_writes =
        made_in_folder("pipe"); /* so it waits there, before it is confined */
    assert_int_equal(mkfifo(nobody_writes, 0600), 0);
    at_media_ahead *ahead = at_media_ahead_start(nobody_writes, &(at_media_options){0});
    FILE *f = fopen(path, "r");
    if (!ahead || !f || fscanf(f, "%31s", child) != 1) {
        if (f)
            fclose(f);
        at_media_ahead_free(&ahead);
        skip();
    }
    fclose(f);
    for (int i = 0, still = 0; i < 3000 && still < 5; i++, usleep(10000)) /* until all is loaded */
        still = waits(child) && is_mapped_in(child, "libavformat") ? still + 1 : 0;
    assert_true(is_mapped_in(child, "libavcodec"));
    assert_true(at_av_stand_ins_n == 0 || is_mapped_in(child, "stand-in"));
    for (int i = 0; i < at_av_stand_ins_n; i++)
        assert_false(is_mapped_in(child, at_av_stand_ins[i].soname));
    at_media_ahead_free(&ahead);
}

/* ---- what is loaded late --------------------------------------------------------------------- */

/* A program that reads files should not wait for the libraries of cameras. */
static void cameras_are_loaded_when_asked_for(void **state)
{
    attune_error err = {0};
    (void)state;
    assert_int_equal(at_media_load_libraries(&err), ATTUNE_OK);
    assert_true(is_mapped("libavformat"));
    assert_false(is_mapped("libavdevice"));
    for (int again = 0; again < 2; again++) {
        const AVInputFormat *format = at_av_device_format("v4l2", "camera", &err);
        if (!format)
            fail_msg("%s", err.text);
        assert_non_null(strstr(format->name, "v4l2"));
    }
    assert_true(is_mapped("libavdevice"));
}

/* Through which whatever is called of FFmpeg is called: once it is filled, nothing can be written there. */
static void the_table_of_calls_can_only_be_read(void **state)
{
    (void)state;
#if defined(__x86_64__) || defined(__aarch64__)
    extern void (*at_late_codecs_calls[])(void);
    const uintptr_t table = (uintptr_t)at_late_codecs_calls;
    uintptr_t from, to;
    char line[4096], may[5] = "";
    FILE *maps = fopen("/proc/self/maps", "r");
    assert_non_null(maps);
    while (fgets(line, sizeof line, maps))
        if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %4s", &from, &to, may) == 3 && from <= table &&
            table < to)
            break;
    fclose(maps);
    assert_string_equal(may, "r--p");
#endif
}

/* What only makes loading quicker may be of another release: it is left out. What is called may not. */
static void what_is_loaded_first_may_be_missing(void **state)
{
    static const char *const first[] = {"libnothere.so.9", "libm.so.6"};
    static const char *const there[] = {"libm.so.6"}, *const missing[] = {"libnothere.so.9"};
    static const at_late_name names[] = {{"cos", 0}, {"sin", 0}};
    static _Alignas(AT_LATE_PAGE) at_late_call calls[AT_LATE_PAGE / sizeof(at_late_call)];
    at_late l = {.first = first,
                 .libraries = there,
                 .names = names,
                 .calls = calls,
                 .bytes = sizeof calls,
                 .n_first = 2,
                 .n_libraries = 1,
                 .n = 2,
                 .lock = PTHREAD_MUTEX_INITIALIZER};
    at_late none = {.libraries = missing,
                    .names = names,
                    .calls = calls,
                    .bytes = sizeof calls,
                    .n_libraries = 1,
                    .n = 2,
                    .lock = PTHREAD_MUTEX_INITIALIZER};
    attune_error err = {0};
    (void)state;
    assert_int_equal(at_late_load(&none, "nothing", &err), ATTUNE_E_UNSUPPORTED);
    assert_non_null(strstr(err.text, "libnothere.so.9"));
    assert_int_equal(at_late_load(&l, "cosine", &err), ATTUNE_OK);
    assert_true(calls[0] && calls[1] && calls[0] != calls[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_decodes_is_loaded),
        cmocka_unit_test(what_does_not_fit_is_taken_back),
        cmocka_unit_test(all_of_them_or_none),
        cmocka_unit_test(the_decoder_of_a_file_has_them),
        cmocka_unit_test(cameras_are_loaded_when_asked_for),
        cmocka_unit_test(the_table_of_calls_can_only_be_read),
        cmocka_unit_test(what_is_loaded_first_may_be_missing),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
