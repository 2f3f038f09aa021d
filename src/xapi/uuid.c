#include "xapi/uuid.h"

#include "base/error.h"
#include "base/sha1.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

enum { RAW = 16 };

/* Whether a text's i-th character is the dash between two groups. */
static int is_dash(size_t i)
{
    return i == 8 || i == 13 || i == 18 || i == 23;
}

static void write_text(char out[AT_UUID_BYTES], unsigned char raw[RAW], int version)
{
    raw[6] = (unsigned char)((raw[6] & 0x0f) | version << 4);
    raw[8] = (unsigned char)((raw[8] & 0x3f) | 0x80);
    for (size_t i = 0, byte = 0; byte < RAW; byte++, i += 2) {
        if (is_dash(i))
            out[i++] = '-';
        snprintf(out + i, 3, "%02x", raw[byte]);
    }
}

static int digit(char c)
{
    const char *digits = "0123456789abcdef",
               *at = c ? strchr(digits, tolower((unsigned char)c)) : NULL;

    return at ? (int)(at - digits) : -1;
}

static int read_text(unsigned char raw[RAW], const char *text)
{
    if (strlen(text) != AT_UUID_BYTES - 1)
        return 0;
    for (size_t i = 0, byte = 0; byte < RAW; byte++, i += 2) {
        if (is_dash(i) && text[i++] != '-')
            return 0;
        if (digit(text[i]) < 0 || digit(text[i + 1]) < 0)
            return 0;
        raw[byte] = (unsigned char)(digit(text[i]) << 4 | digit(text[i + 1]));
    }
    return 1;
}

int at_uuid_is(const char *text)
{
    unsigned char raw[RAW];

    return read_text(raw, text);
}

int at_uuid_random(char out[AT_UUID_BYTES], attune_error *err)
{
    unsigned char raw[RAW];

    if (getrandom(raw, sizeof raw, 0) != (ssize_t)sizeof raw)
        return at_fail(err, ATTUNE_E_IO, "there are no random numbers");
    write_text(out, raw, 4);
    return ATTUNE_OK;
}

int at_uuid_named(char out[AT_UUID_BYTES], const char *space, const char *name)
{
    unsigned char raw[RAW], digest[AT_SHA1_BYTES];

    if (!read_text(raw, space))
        return 0;
    at_sha1(digest, raw, sizeof raw, name, strlen(name));
    write_text(out, digest, 5);
    return 1;
}
