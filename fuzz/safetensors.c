/* How safetensors files are changed so that what lies behind length and digest is reached: the header's text
 * and the data by themselves, and then both are put right again. */
#include "fuzz.h"

#include "base/rng.h"
#include "tensor/weights_digest.h"

#include <string.h>

/* libFuzzer's; not there when files are only run again. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max) __attribute__((weak));
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);

enum { LENGTH = 8, HEADER_MAX = 1 << 14 };

static size_t header_length(const uint8_t *data, size_t size)
{
    uint64_t n = 0;

    if (size < LENGTH)
        return 0;
    memcpy(&n, data, LENGTH); /* little-endian machines fuzz */
    return n <= size - LENGTH ? (size_t)n : 0;
}

/* The text's next number after some place becomes one that is seldom right. */
static size_t change_number(char *text, size_t n, size_t max, at_rng *r)
{
    static const char *const odd[] = {
        "-1", "0", "1", "2", "9", "2147483648", "9223372036854775807", "1e999", "0.5"};
    const char *put = odd[at_rng_below(r, sizeof odd / sizeof *odd)];
    const size_t length = strlen(put);
    size_t at = at_rng_below(r, (uint32_t)n), end;

    while (at < n && !strchr("0123456789", text[at]))
        at++;
    for (end = at; end < n && strchr("0123456789", text[end]);)
        end++;
    if (at == n || n - (end - at) + length > max)
        return n;
    memmove(text + at + length, text + end, n - end);
    memcpy(text + at, put, length);
    return n - (end - at) + length;
}

static void change_value(uint8_t *data, size_t n, at_rng *r)
{
    static const float odd[] = {-1, 0, 1, 1e38f, 1e-40f};
    static const uint32_t none[] = {0x7fc00000, 0x7f800000, 0xff800000};
    const size_t at = n >= 4 ? at_rng_below(r, (uint32_t)(n / 4)) * (size_t)4 : 0;
    const uint32_t which = at_rng_below(r, 8);

    if (n >= 4)
        memcpy(data + at, which < 5 ? (const void *)&odd[which] : &none[which - 5], 4);
}

static void seal(uint8_t *data, size_t header, size_t size)
{
    char text[AT_WEIGHTS_DIGITS + 1];
    const char *start = (const char *)data + LENGTH, *digits = at_weights_digits(start, header);
    at_digest d;

    memcpy(data, &(uint64_t){header}, LENGTH);
    if (!digits)
        return;
    at_weights_digest_header(&d, start, header, digits);
    at_digest_add(&d, start + header, size - LENGTH - header);
    at_weights_digest_text(&d, text);
    memcpy((char *)data + (digits - (const char *)data), text, AT_WEIGHTS_DIGITS);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
    static uint8_t text[HEADER_MAX];
    const size_t before = header_length(data, size), rest = size - LENGTH - before;
    at_rng r;

    at_rng_seed(&r, seed, 0);
    const uint32_t how = at_rng_below(&r, 8);
    if (before == 0 || before > HEADER_MAX / 2 || how == 0)
        return LLVMFuzzerMutate(data, size, max);
    if (how == 1) {
        change_value(data + LENGTH + before, rest, &r);
        seal(data, before, size);
        return size;
    }
    const size_t room = max - LENGTH - rest < HEADER_MAX ? max - LENGTH - rest : HEADER_MAX;
    memcpy(text, data + LENGTH, before);
    const size_t after = how < 5 ? change_number((char *)text, before, room, &r)
                                 : LLVMFuzzerMutate(text, before, room);
    memmove(data + LENGTH + after, data + LENGTH + before, rest);
    memcpy(data + LENGTH, text, after);
    seal(data, after, LENGTH + after + rest);
    return LENGTH + after + rest;
}
