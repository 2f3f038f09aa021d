#include "report/png.h"

#include <stddef.h>

/* ---- bytes, as they are or as base64 (RFC 4648) ------------------------------------------------ */

typedef struct at_bytes {
    FILE *f;
    int plain;
    unsigned bits;
    int bytes; /* in bits, 0..2 */
} at_bytes;

static void put_sextets(at_bytes *out, int n)
{
    static const char letter[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (int i = 0; i < n; i++)
        fputc(letter[out->bits >> (18 - 6 * i) & 63], out->f);
}

static void put_out(at_bytes *out, uint8_t byte)
{
    if (out->plain) {
        fputc(byte, out->f);
        return;
    }
    out->bits |= (unsigned)byte << (16 - 8 * out->bytes);
    if (++out->bytes < 3)
        return;
    put_sextets(out, 4);
    out->bits = 0;
    out->bytes = 0;
}

static void end_out(at_bytes *out)
{
    if (!out->bytes)
        return;
    put_sextets(out, out->bytes + 1);
    fputs(out->bytes == 1 ? "==" : "=", out->f);
}

/* ---- chunks ---------------------------------------------------------------------------------- */

typedef struct at_chunk {
    at_bytes *out;
    uint32_t crc;
} at_chunk;

/* The polynomial of ISO 3309, bits reversed (ISO/IEC 15948, annex D). */
static void put_byte(at_chunk *c, uint8_t byte)
{
    c->crc ^= byte;
    for (int i = 0; i < 8; i++)
        c->crc = c->crc & 1 ? c->crc >> 1 ^ 0xedb88320u : c->crc >> 1;
    put_out(c->out, byte);
}

static void put_u32(at_chunk *c, uint32_t v)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        put_byte(c, (uint8_t)(v >> shift));
}

static at_chunk open_chunk(at_bytes *out, uint32_t bytes, const char *kind)
{
    at_chunk c = {out, 0};

    put_u32(&c, bytes);
    c.crc = 0xffffffffu; /* the length does not count */
    for (int i = 0; i < 4; i++)
        put_byte(&c, (uint8_t)kind[i]);
    return c;
}

static void close_chunk(at_chunk *c)
{
    put_u32(c, ~c->crc);
}

/* ---- pixels: a zlib stream of stored blocks (RFC 1950, 1951) --------------------------------- */

enum { BLOCK = 65535 };

typedef struct at_stored {
    at_chunk *chunk;
    size_t left, in_block; /* bytes */
    uint32_t a, b;         /* of Adler's sum */
} at_stored;

static void open_block(at_stored *z)
{
    z->in_block = z->left < BLOCK ? z->left : BLOCK;
    put_byte(z->chunk, z->in_block == z->left); /* the last */
    for (int i = 0; i < 2; i++) {
        uint16_t v = (uint16_t)(i ? ~z->in_block : z->in_block);
        put_byte(z->chunk, (uint8_t)v);
        put_byte(z->chunk, (uint8_t)(v >> 8));
    }
}

static void store(at_stored *z, uint8_t byte)
{
    if (!z->in_block)
        open_block(z);
    put_byte(z->chunk, byte);
    z->a = (z->a + byte) % 65521;
    z->b = (z->b + z->a) % 65521;
    z->in_block--;
    z->left--;
}

static void put_pixels(at_bytes *out, const uint8_t *rgb, int w, int h)
{
    size_t row = 3 * (size_t)w, bytes = (size_t)h * (row + 1);
    size_t blocks = (bytes + BLOCK - 1) / BLOCK;
    at_chunk c = open_chunk(out, (uint32_t)(2 + 5 * blocks + bytes + 4), "IDAT");
    at_stored z = {.chunk = &c, .left = bytes, .a = 1};

    put_byte(&c, 0x78);
    put_byte(&c, 0x01);
    for (int y = 0; y < h; y++) {
        store(&z, 0); /* no filter */
        for (size_t i = 0; i < row; i++)
            store(&z, rgb[(size_t)y * row + i]);
    }
    put_u32(&c, z.b << 16 | z.a);
    close_chunk(&c);
}

static void put_png(at_bytes *out, const uint8_t *rgb, int w, int h)
{
    static const uint8_t signature[8] = {0x89, 'P', 'N', 'G', 0x0d, 0x0a, 0x1a, 0x0a};
    static const uint8_t kind[5] = {8, 2, 0, 0, 0}; /* 8 bits, RGB, not interlaced */
    at_chunk c;

    for (size_t i = 0; i < sizeof signature; i++)
        put_out(out, signature[i]);
    c = open_chunk(out, 13, "IHDR");
    put_u32(&c, (uint32_t)w);
    put_u32(&c, (uint32_t)h);
    for (size_t i = 0; i < sizeof kind; i++)
        put_byte(&c, kind[i]);
    close_chunk(&c);
    put_pixels(out, rgb, w, h);
    c = open_chunk(out, 0, "IEND");
    close_chunk(&c);
}

void at_png_data_uri(FILE *f, const uint8_t *rgb, int w, int h)
{
    at_bytes out = {.f = f};

    fputs("data:image/png;base64,", f);
    put_png(&out, rgb, w, h);
    end_out(&out);
}

void at_png_write(FILE *f, const uint8_t *rgb, int w, int h)
{
    at_bytes out = {.f = f, .plain = 1};

    put_png(&out, rgb, w, h);
}
