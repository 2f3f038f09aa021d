#!/usr/bin/env python3
"""Golden numbers for src/vision/hog.c, from the paper, in NumPy and float64.

    python3 tests/oracle/hog_oracle.py > tests/golden/hog.txt

Independent of the C code: whole-picture array operations after Dalal & Triggs 2005, section 6, with the
choices that hog.h states. A vote is spread by what a triangle of a bin's (a cell's) width leaves at its
distance from each middle, rather than by finding neighbours. The picture is made up of whole numbers,
so that golden_hog.c makes the same one.
"""
import numpy as np

CELL, BINS, CLIP, FAINT = 8, 9, 0.2, 0.01
WIDTH, HEIGHT = 45, 36


def picture():
    """Three colours of stripes, rings and a flat corner, each channel by itself."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    stripes = (x * 7 + y * 3) % 64 * 3
    rings = ((x - 20) ** 2 + (y - 15) ** 2) // 4 % 200
    steps = np.where(x > y, 180, 40) + (x * y) % 5
    out = np.stack([stripes, rings, steps], axis=-1)
    out[HEIGHT - 17:, :17] = 90
    return out / 255


def triangle(distance):
    return np.clip(1 - np.abs(distance), 0, None)


def cells(image):
    padded = np.pad(image, ((1, 1), (1, 1), (0, 0)), mode="edge")
    dx = padded[1:-1, 2:] - padded[1:-1, :-2]
    dy = padded[2:, 1:-1] - padded[:-2, 1:-1]
    magnitude = np.hypot(dx, dy)
    best = magnitude.argmax(axis=-1)[..., None]
    dx, dy, magnitude = (np.take_along_axis(v, best, -1)[..., 0] for v in (dx, dy, magnitude))
    angle = np.degrees(np.arctan2(dy, dx)) % 180

    rows, cols = HEIGHT // CELL, WIDTH // CELL
    dx, dy = dx[:rows * CELL, :cols * CELL], dy[:rows * CELL, :cols * CELL]
    angle, magnitude = angle[:rows * CELL, :cols * CELL], magnitude[:rows * CELL, :cols * CELL]
    width = 180 / BINS
    middles = (np.arange(BINS) + .5) * width
    apart = (angle[..., None] - middles + 90) % 180 - 90  # on a circle of half a turn
    by_bin = triangle(apart / width)
    by_row = triangle((np.arange(rows * CELL)[:, None] + .5) / CELL - (np.arange(rows) + .5))
    by_col = triangle((np.arange(cols * CELL)[:, None] + .5) / CELL - (np.arange(cols) + .5))
    return np.einsum("yx,yxb,yr,xc->rcb", magnitude, by_bin, by_row, by_col)


def unit(v):
    return v / np.sqrt((v ** 2).sum() + FAINT ** 2)


def blocks(c):
    out = []
    for y in range(c.shape[0] - 1):
        for x in range(c.shape[1] - 1):
            out.append(unit(np.minimum(unit(c[y:y + 2, x:x + 2].ravel()), CLIP)))
    return np.concatenate(out)


values = blocks(cells(picture()))
print("# tests/oracle/hog_oracle.py: a picture of %d x %d in %d values" % (WIDTH, HEIGHT, len(values)))
for v in values:
    print("%.9g" % v)
