#include "base/sha1.h"

#include <stdint.h>
#include <string.h>

enum { BLOCK = 64, WORDS = 5, ROUNDS = 80 };

typedef struct at_sha1_state {
    uint32_t h[WORDS];
    unsigned char block[BLOCK]; /* that is being filled */
    uint64_t bytes;
} at_sha1_state;

static uint32_t turn(uint32_t x, int n)
{
    return x << n | x >> (32 - n);
}

/* f and K of round t (section 4.1.1, 4.2.1). */
static uint32_t mixed(int t, uint32_t b, uint32_t c, uint32_t d)
{
    if (t < 20)
        return ((b & c) ^ (~b & d)) + 0x5a827999;
    if (t < 40)
        return (b ^ c ^ d) + 0x6ed9eba1;
    if (t < 60)
        return ((b & c) ^ (b & d) ^ (c & d)) + 0x8f1bbcdc;
    return (b ^ c ^ d) + 0xca62c1d6;
}

static void schedule(uint32_t w[ROUNDS], const unsigned char block[BLOCK])
{
    for (int t = 0; t < 16; t++, block += 4)
        w[t] = (uint32_t)block[0] << 24 | (uint32_t)block[1] << 16 | (uint32_t)block[2] << 8 |
               block[3];
    for (int t = 16; t < ROUNDS; t++)
        w[t] = turn(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
}

static void take_block(at_sha1_state *s)
{
    uint32_t w[ROUNDS], v[WORDS];

    schedule(w, s->block);
    memcpy(v, s->h, sizeof v);
    for (int t = 0; t < ROUNDS; t++) {
        const uint32_t next = turn(v[0], 5) + mixed(t, v[1], v[2], v[3]) + v[4] + w[t];
        memmove(v + 1, v, (WORDS - 1) * sizeof *v);
        v[2] = turn(v[2], 30);
        v[0] = next;
    }
    for (int i = 0; i < WORDS; i++)
        s->h[i] += v[i];
}

static void add(at_sha1_state *s, const unsigned char *bytes, size_t n)
{
    while (n--) {
        s->block[s->bytes++ % BLOCK] = *bytes++;
        if (s->bytes % BLOCK == 0)
            take_block(s);
    }
}

static void pad(at_sha1_state *s)
{
    static const unsigned char one = 0x80, zero = 0;
    const uint64_t bits = s->bytes * 8;

    add(s, &one, 1);
    while (s->bytes % BLOCK != BLOCK - 8)
        add(s, &zero, 1);
    for (int shift = 56; shift >= 0; shift -= 8) {
        const unsigned char byte = (unsigned char)(bits >> shift);
        add(s, &byte, 1);
    }
}

void at_sha1(unsigned char out[AT_SHA1_BYTES], const void *head, size_t head_size, const void *body,
             size_t body_size)
{
    at_sha1_state s = {.h = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0}};

    add(&s, head, head_size);
    add(&s, body, body_size);
    pad(&s);
    for (int i = 0; i < AT_SHA1_BYTES; i++)
        out[i] = (unsigned char)(s.h[i / 4] >> (24 - 8 * (i % 4)));
}
