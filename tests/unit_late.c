/* What is loaded when it is first needed. */
#include "base/error.h"
#include "base/late.h"
#include "mapped.h"
#include "media/av.h"
#include "media/media.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

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
        cmocka_unit_test(cameras_are_loaded_when_asked_for),
        cmocka_unit_test(the_table_of_calls_can_only_be_read),
        cmocka_unit_test(what_is_loaded_first_may_be_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
