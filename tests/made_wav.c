#include "made_wav.h"

#include "temp_folder.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void put_number(FILE *f, uint32_t x, int bytes)
{
    for (int i = 0; i < bytes; i++)
        fputc((int)(x >> 8 * i & 255), f);
}

const char *put_wav(const char *name, unsigned rate, unsigned channels, const int16_t *x, size_t n)
{
    const uint32_t frame = 2 * channels, bytes = frame * (uint32_t)n;
    FILE *f = create_in_folder(name);
    fputs("RIFF", f);
    put_number(f, 36 + bytes, 4);
    fputs("WAVEfmt ", f);
    put_number(f, 16, 4);
    put_number(f, 1, 2); /* PCM */
    put_number(f, channels, 2);
    put_number(f, rate, 4);
    put_number(f, rate * frame, 4);
    put_number(f, frame, 2);
    put_number(f, 16, 2);
    fputs("data", f);
    put_number(f, bytes, 4);
    for (size_t i = 0; i < n * channels; i++)
        put_number(f, x ? (uint16_t)x[i] : 0, 2);
    assert_int_equal(fclose(f), 0);
    return in_folder(name);
}
