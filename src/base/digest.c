/* digest.c - after doc/xxhash_spec.md of xxHash, "XXH64 Algorithm Description"; its steps by number. */
#include "base/digest.h"

#include <endian.h>
#include <string.h>

#define PRIME1 0x9E3779B185EBCA87U
#define PRIME2 0xC2B2AE3D27D4EB4FU
#define PRIME3 0x165667B19E3779F9U
#define PRIME4 0x85EBCA77C2B2AE63U
#define PRIME5 0x27D4EB2F165667C5U

enum { STRIPE = 32 };

static uint64_t rotate(uint64_t x, int bits)
{
    return x << bits | x >> (64 - bits);
}

static uint64_t word(const unsigned char *p, size_t bytes)
{
    uint64_t x = 0;

    memcpy(&x, p, bytes);
    return le64toh(x);
}

static uint64_t mix(uint64_t lane, uint64_t x)
{
    return rotate(lane + x * PRIME2, 31) * PRIME1;
}

/* Step 1. */
void at_digest_begin(at_digest *d)
{
    *d = (at_digest){.lane = {PRIME1 + PRIME2, PRIME2, 0, 0 - PRIME1}};
}

/* Step 2: whole stripes, each lane its own eight bytes. */
static void add_stripes(at_digest *d, const unsigned char *p, size_t n)
{
    uint64_t a = d->lane[0], b = d->lane[1], c = d->lane[2], e = d->lane[3];

    for (; n >= STRIPE; p += STRIPE, n -= STRIPE) {
        a = mix(a, word(p, 8));
        b = mix(b, word(p + 8, 8));
        c = mix(c, word(p + 16, 8));
        e = mix(e, word(p + 24, 8));
    }
    d->lane[0] = a, d->lane[1] = b, d->lane[2] = c, d->lane[3] = e;
}

void at_digest_add(at_digest *d, const void *bytes, size_t n)
{
    const unsigned char *p = bytes;
    const size_t kept = d->bytes % STRIPE;

    if (n == 0)
        return;
    d->bytes += n;
    if (kept > 0) {
        const size_t taken = n < STRIPE - kept ? n : STRIPE - kept;
        memcpy(d->rest + kept, p, taken);
        if (kept + taken < STRIPE)
            return;
        add_stripes(d, d->rest, STRIPE);
        p += taken;
        n -= taken;
    }
    add_stripes(d, p, n);
    memcpy(d->rest, p + n / STRIPE * STRIPE, n % STRIPE);
}

/* Step 3: one number of the four lanes. */
static uint64_t merged(const uint64_t lane[4])
{
    static const int bits[4] = {1, 7, 12, 18};
    uint64_t h = 0;

    for (int i = 0; i < 4; i++)
        h += rotate(lane[i], bits[i]);
    for (int i = 0; i < 4; i++)
        h = (h ^ mix(0, lane[i])) * PRIME1 + PRIME4;
    return h;
}

/* Step 5: what is left of the input. */
static uint64_t with_rest(uint64_t h, const unsigned char *p, size_t n)
{
    for (; n >= 8; p += 8, n -= 8)
        h = rotate(h ^ mix(0, word(p, 8)), 27) * PRIME1 + PRIME4;
    for (; n >= 4; p += 4, n -= 4)
        h = rotate(h ^ word(p, 4) * PRIME1, 23) * PRIME2 + PRIME3;
    for (; n > 0; p++, n--)
        h = rotate(h ^ *p * PRIME5, 11) * PRIME1;
    return h;
}

/* Steps 3 to 6. */
uint64_t at_digest_of(const at_digest *d)
{
    uint64_t h = d->bytes < STRIPE ? PRIME5 : merged(d->lane);

    h = with_rest(h + d->bytes, d->rest, d->bytes % STRIPE);
    h = (h ^ h >> 33) * PRIME2;
    h = (h ^ h >> 29) * PRIME3;
    return h ^ h >> 32;
}
