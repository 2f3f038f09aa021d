#include "tensor/weights_digest.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *at_weights_digits(const char *header, size_t length)
{
    static const char front[] = "\"" AT_WEIGHTS_DIGEST "\":\"";
    const size_t n = sizeof front - 1;
    const char *at = memmem(header, length, front, n);

    return at && (size_t)(header + length - at) >= n + AT_WEIGHTS_DIGITS ? at + n : NULL;
}

void at_weights_digest_header(at_digest *d, const char *header, size_t length, const char *digits)
{
    const char *after = digits + AT_WEIGHTS_DIGITS;

    at_digest_begin(d);
    at_digest_add(d, header, (size_t)(digits - header));
    at_digest_add(d, after, (size_t)(header + length - after));
}

void at_weights_digest_text(const at_digest *d, char text[AT_WEIGHTS_DIGITS + 1])
{
    snprintf(text, AT_WEIGHTS_DIGITS + 1, "%016" PRIx64, at_digest_of(d));
}
