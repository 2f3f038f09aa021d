#include "vision/hog.h"

#include <math.h>
#include <string.h>

static const float clip = 0.2f;
/* Of a block's norm, pixels counting from 0 to 1: what is that faint is noise. */
static const float faint = 0.01f;

typedef struct grid {
    int cols, rows; /* of cells */
} grid;

static grid grid_of(int w, int h)
{
    return (grid){w / AT_HOG_CELL, h / AT_HOG_CELL};
}

static int blocks_along(int cells)
{
    return cells < AT_HOG_BLOCK ? 0 : cells - AT_HOG_BLOCK + 1;
}

int at_hog_values(int w, int h)
{
    const grid g = grid_of(w, h);
    return blocks_along(g.cols) * blocks_along(g.rows) * AT_HOG_BLOCK_VALUES;
}

int at_hog_workspace(int w, int h)
{
    const grid g = grid_of(w, h);
    return g.cols * g.rows * AT_HOG_BINS;
}

/* ---- votes ---------------------------------------------------------------------------------- */

static int within(int i, int n)
{
    return i < 0 ? 0 : i >= n ? n - 1 : i;
}

/* Of the channel in which it is largest; in shares of the range. */
static void gradient(const at_image *im, int x, int y, float *dx, float *dy)
{
    const uint8_t *left = at_image_at(im, within(x - 1, im->w), y);
    const uint8_t *right = at_image_at(im, within(x + 1, im->w), y);
    const uint8_t *above = at_image_at(im, x, within(y - 1, im->h));
    const uint8_t *below = at_image_at(im, x, within(y + 1, im->h));
    int most = -1;
    for (int c = 0; c < im->channels; c++) {
        const int across = right[c] - left[c], down = below[c] - above[c];
        const int square = across * across + down * down;
        if (square <= most)
            continue;
        most = square;
        *dx = (float)across / 255;
        *dy = (float)down / 255;
    }
}

/* What lies between the middles of two neighbours goes to both: `share` of it to the first's follower. */
typedef struct between {
    int first;
    float share;
} between;

static between place(float at)
{
    const float down = floorf(at - 0.5f);
    return (between){(int)down, at - 0.5f - down};
}

/* A vote for an orientation, into one cell. */
static void vote_bins(float *cell, between bin, float weight)
{
    const int first = (bin.first + AT_HOG_BINS) % AT_HOG_BINS, next = (first + 1) % AT_HOG_BINS;
    cell[first] += weight * (1 - bin.share);
    cell[next] += weight * bin.share;
}

static void vote(float *cells, grid g, between col, between row, between bin, float magnitude)
{
    for (int k = 0; k < 4; k++) {
        const int right = k & 1, down = k >> 1;
        const int x = col.first + right, y = row.first + down;
        const float share = (right ? col.share : 1 - col.share) *
                            (down ? row.share : 1 - row.share);
        if (x >= 0 && x < g.cols && y >= 0 && y < g.rows)
            vote_bins(cells + (y * g.cols + x) * AT_HOG_BINS, bin, magnitude * share);
    }
}

static void count_votes(const at_image *im, grid g, float *cells)
{
    const float half_turn = 3.14159265f;
    memset(cells, 0, (size_t)(g.cols * g.rows * AT_HOG_BINS) * sizeof *cells);
    for (int y = 0; y < g.rows * AT_HOG_CELL; y++) {
        const between row = place(((float)y + 0.5f) / AT_HOG_CELL);
        for (int x = 0; x < g.cols * AT_HOG_CELL; x++) {
            float dx = 0, dy = 0;
            gradient(im, x, y, &dx, &dy);
            const float magnitude = hypotf(dx, dy);
            if (magnitude <= 0)
                continue;
            const float turns = atan2f(dy, dx) / half_turn; /* -1..1, unsigned: modulo 1 */
            const between bin = place((turns < 0 ? turns + 1 : turns) * AT_HOG_BINS);
            vote(cells, g, place(((float)x + 0.5f) / AT_HOG_CELL), row, bin, magnitude);
        }
    }
}

/* ---- blocks --------------------------------------------------------------------------------- */

static void scale_to_one(float *v)
{
    float square = faint * faint;
    for (int i = 0; i < AT_HOG_BLOCK_VALUES; i++)
        square += v[i] * v[i];
    for (int i = 0; i < AT_HOG_BLOCK_VALUES; i++)
        v[i] /= sqrtf(square);
}

/* L2-Hys: to length one, clipped, and to length one again (Lowe 2004; Dalal & Triggs 2005, 6.4). */
static void normalise(float *v)
{
    scale_to_one(v);
    for (int i = 0; i < AT_HOG_BLOCK_VALUES; i++)
        v[i] = fminf(v[i], clip);
    scale_to_one(v);
}

void at_hog(const at_image *im, float *workspace, float *out)
{
    const grid g = grid_of(im->w, im->h);
    const size_t row = AT_HOG_BLOCK * AT_HOG_BINS; /* of cells in a block, which lie side by side */
    count_votes(im, g, workspace);
    for (int y = 0; y < blocks_along(g.rows); y++)
        for (int x = 0; x < blocks_along(g.cols); x++, out += AT_HOG_BLOCK_VALUES) {
            for (int k = 0; k < AT_HOG_BLOCK; k++)
                memcpy(out + (size_t)k * row, workspace + ((y + k) * g.cols + x) * AT_HOG_BINS,
                       row * sizeof *out);
            normalise(out);
        }
}
