/* two_tones.c - see two_tones.h. */
#include "vision/two_tones.h"

#include <string.h>

enum {
    LUMAS = 256,
    REACH = 2,       /* a tone is so many lumas wide to each side: compression smears it */
    LEAST_SPREAD = 8 /* deviation of the luma; what is dimmer has few lumas anyway */
};

/* Of a camera's faces, however blurred, compressed by H.264, dark or covered, no more than three
 * quarters: docs/decisions.md. */
static const float most_of_it = 0.75F;

typedef struct tones {
    int count[LUMAS], all;
    double sum, squares;
} tones;

static void count(tones *t, const at_image *im)
{
    memset(t, 0, sizeof *t);
    for (int y = 0; y < im->h; y++) {
        const uint8_t *p = at_image_at(im, 0, y);
        for (int x = 0; x < im->w; x++, p += im->channels) {
            const int luma = (77 * p[0] + 150 * p[1] + 29 * p[2] + 128) >> 8;
            t->count[luma]++;
            t->sum += luma;
            t->squares += (double)luma * luma;
        }
    }
    t->all = im->w * im->h;
}

/* How many pixels are within REACH of the luma. */
static int near(const tones *t, int luma)
{
    int n = 0;
    for (int k = luma - REACH; k <= luma + REACH; k++)
        n += k >= 0 && k < LUMAS ? t->count[k] : 0;
    return n;
}

/* Takes the commonest tone out; returns how many pixels were of it. */
static int take_commonest(tones *t)
{
    int best = 0;
    for (int luma = 1; luma < LUMAS; luma++)
        if (near(t, luma) > near(t, best))
            best = luma;
    const int n = near(t, best);
    for (int k = best - REACH; k <= best + REACH; k++)
        if (k >= 0 && k < LUMAS)
            t->count[k] = 0;
    return n;
}

int at_is_two_toned(const at_image *aligned)
{
    tones t;
    count(&t, aligned);
    const double mean = t.sum / t.all, variance = t.squares / t.all - mean * mean;
    if (variance < LEAST_SPREAD * LEAST_SPREAD)
        return 0;
    const int two = take_commonest(&t) + take_commonest(&t);
    return (float)two > most_of_it * (float)t.all;
}
