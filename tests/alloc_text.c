/* Reading a message asks for no memory. */
#include "wrap_alloc.h"

#include "text/chat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void reading_needs_none(void **state)
{
    (void)state;
    static const char text[] =
        "I was happy \U0001f621 but this keeps crashing, ugh!! \"why\" https://example.org :((";
    static char line[2 * AT_TEXT_MOST];
    float x[AT_TEXT_DIMS];
    at_text_answer a;
    void *(*volatile ask)(size_t) = malloc; /* a compiler may answer for a call that nobody uses */

    for (size_t i = 0; i + sizeof text <= sizeof line; i += sizeof text)
        memcpy(line + i, text, sizeof text);
    wrap_alloc_fail_at(0);
    at_text_read(&a, line, sizeof line);
    at_text_embed(&a, x);
    assert_false(wrap_alloc_failed());
    assert_null(ask(1)); /* that one would have */
    assert_true(wrap_alloc_failed());
    wrap_alloc_off();
    assert_true(a.cut && a.told == AT_TEXT_SAYS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(reading_needs_none)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
