/* Chat from strangers: any bytes are a message, and whatever it says lies within it and within the ranges. The input is
 * one message. */
#include "fuzz.h"

#include "text/chat.h"

#include <string.h>

static void check_cues(const at_text_answer *a, size_t size)
{
    int end = 0;

    FUZZ_CHECK(a->cues >= 0 && a->cues <= AT_TEXT_CUES);
    for (int i = 0; i < a->cues; i++) {
        const at_text_cue *c = &a->cue[i];
        FUZZ_CHECK(c->at >= end && c->bytes > 0 && c->class_of >= 0 &&
                   c->class_of < AT_TEXT_CLASSES);
        FUZZ_CHECK(c->weight > 0 && c->weight <= 1);
        end = c->at + c->bytes;
    }
    FUZZ_CHECK((size_t)end <= size && end <= AT_TEXT_MOST);
}

static void check(const at_text_answer *a, size_t size)
{
    float x[AT_TEXT_DIMS], most = 0;

    at_text_embed(a, x);
    for (int i = 0; i < AT_TEXT_DIMS; i++)
        FUZZ_CHECK(x[i] >= 0 && x[i] <= 1);
    for (int c = 0; c < AT_TEXT_CLASSES; c++)
        most = a->says[c] > most ? a->says[c] : most;
    FUZZ_CHECK((a->told == AT_TEXT_SAYS) == (a->likeliest >= 0));
    FUZZ_CHECK(a->likeliest < 0 ? most == 0 : a->says[a->likeliest] == most && most >= 0.5f);
    FUZZ_CHECK(a->told != AT_TEXT_CANNOT_TELL || (a->cues == 0 && !*a->language));
    FUZZ_CHECK(strlen(a->language) == 2 || !*a->language);
    check_cues(a, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    at_text_answer a, again;
    char *copy = malloc(size ? size : 1); /* of exactly that size */

    FUZZ_CHECK(copy);
    memcpy(copy, data, size);
    memset(&a, 0x55, sizeof a);
    memset(&again, 0xaa, sizeof again);
    at_text_read(&a, copy, size);
    at_text_read(&again, (const char *)data, size);
    check(&a, size);
    FUZZ_CHECK(a.told == again.told && a.likeliest == again.likeliest && a.cues == again.cues);
    FUZZ_CHECK(!memcmp(a.says, again.says, sizeof a.says) &&
               !memcmp(a.denied, again.denied, sizeof a.denied));
    FUZZ_CHECK(a.cut || size <= AT_TEXT_MOST);
    free(copy);
    return 0;
}
