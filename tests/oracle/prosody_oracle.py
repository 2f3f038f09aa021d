#!/usr/bin/env python3
"""Golden numbers for src/dsp/prosody.h, from its definitions, in NumPy and float64.

    python3 tests/oracle/prosody_oracle.py > tests/golden/prosody.txt

Independent of the C code: whole columns at a time, polyfit, corrcoef and quantile instead of loops. The
rows are made up, from a linear congruence, so that golden_prosody.c makes the same ones.
"""
import sys

import numpy as np

ROWS, COLUMNS, BANDS, LOW, HIGH = 173, 83, 40, 60.0, 7600.0
MFCC, ENERGY, VOICING, PITCH = 40, 80, 81, 82
DB, FRAME = 10 / np.log(10), 0.01


def rows():
    """Noise about a value of each column's own; voiced and spoken in runs, the pitch a glide."""
    state, x = 2026, np.empty((ROWS, COLUMNS))
    for i in range(ROWS):
        for c in range(COLUMNS):
            state = (1664525 * state + 1013904223) % 2**32
            x[i, c] = state / 2**31 - 1 + 0.1 * (c % 7)
    i = np.arange(ROWS)
    x[:, :BANDS] = 2 * x[:, :BANDS] - 0.15 * np.arange(BANDS) - 6
    x[:, VOICING] = np.where(i % 29 < 17, 0.75, 0.25) + 0.2 * (x[:, VOICING] - 0.5 * np.sign(x[:, VOICING]))
    x[:, PITCH] = 1 + 0.01 * (i % 37) + 0.05 * x[:, PITCH]
    speech = (i >= 5) & (i < 165) & (i % 61 < 50)
    return x.astype(np.float32).astype(np.float64), speech


def mel(hz):
    return 2595 * np.log10(1 + hz / 700)


EDGES = 700 * (10**(np.linspace(mel(LOW), mel(HIGH), BANDS + 2) / 2595) - 1)
CENTRE, WIDTH = EDGES[1:-1], (EDGES[2:] - EDGES[:-2]) / 2


def measures(x):
    bands = x[:, :BANDS]
    power = np.exp(bands) * WIDTH
    share = power / power.sum(axis=1, keepdims=True)
    low, high = CENTRE < 1000, (CENTRE >= 1000) & (CENTRE < 5000)

    def line(a, b):
        inside = (CENTRE >= a) & (CENTRE < b)
        return np.polyfit(mel(CENTRE[inside]) / 1000, DB * bands[:, inside].T, 1)[0]

    r = np.clip(x[:, VOICING], 0.02, 0.995)
    return {
        'alpha': DB * np.log((share[:, high].sum(axis=1) + 1e-9) / (share[:, low].sum(axis=1) + 1e-9)),
        'hammarberg': DB * (bands[:, CENTRE < 2000].max(axis=1)
                            - bands[:, (CENTRE >= 2000) & (CENTRE < 5000)].max(axis=1)),
        'slope0': line(0, 600), 'slope1': line(500, 1600), 'slope2': line(1500, 5000),
        'centroid': np.log2(share @ CENTRE), 'entropy': -(share * np.log(share)).sum(axis=1),
        'clearness': 10 * np.log10(r / (1 - r)), 'energy': DB * x[:, ENERGY],
    }


def spread(v):
    return [v.mean(), v.std(), *np.quantile(v, [0.2, 0.5, 0.8]),
            ((v - v.mean())**3).mean() / (v.std()**3 + 1e-3)]


def correlation(a, b):
    product = a.std() * b.std()
    return np.corrcoef(a, b)[0, 1] * product / (product + 1e-3)


def runs(mask):
    edge = np.diff(np.concatenate([[0], mask.astype(int), [0]]))
    return list(zip(np.where(edge == 1)[0], np.where(edge == -1)[0]))


def tremor(v, voices):
    d = np.concatenate([np.abs(np.diff(v[a:b], 2)) for a, b in voices])
    return [np.log(d.mean() + 0.01), np.log(np.median(d) + 0.01)]


def prosody(x, speech):
    m = measures(x)
    voiced = speech & (x[:, VOICING] > 0.5)
    unvoiced = speech & ~voiced
    pitch = 12 * x[:, PITCH]
    level = np.median(pitch[voiced])
    pitch = pitch - level
    voices = [(a, b) for a, b in runs(voiced) if b - a >= 4]
    slope = np.concatenate([(pitch[a + 5:b] - pitch[a:b - 5]) / 0.05 for a, b in voices if b - a > 5])
    lines = np.array([np.polyfit(FRAME * np.arange(b - a), pitch[a:b], 1)[0] for a, b in voices if b - a >= 8])
    out = spread(pitch[voiced])
    out += [slope[slope > 0].mean(), slope[slope < 0].mean(), slope.std(), (slope > 0).mean()]
    out += [level, *np.quantile(pitch[voiced], [0.97, 0.03])]
    out += [lines.mean(), lines.std(), np.abs(lines).mean()]
    out += [pitch[slice(*voices[-1])].mean() - pitch[slice(*voices[0])].mean()]
    out += tremor(pitch, voices) + tremor(m['energy'], voices)

    length = np.array([b - a for a, b in runs(voiced) if b - a >= 3]) * FRAME
    out += [np.log(length.mean()), length.std(), np.log(length.max()), len(length) / (ROWS * FRAME)]
    between = np.array([b - a for a, b in runs(~voiced) if a > 0 and b < ROWS]) * FRAME
    out += [np.log(between.mean() + FRAME), between.std(), (~speech[10:-10]).sum() / ROWS,
            np.log((ROWS + 1) * FRAME)]

    for name in ('alpha', 'hammarberg', 'slope0', 'slope1', 'slope2', 'centroid', 'entropy'):
        v = m[name]
        out += spread(v[voiced]) + [v[unvoiced].mean(), correlation(v[voiced], m['energy'][voiced]),
                                    correlation(v[voiced], pitch[voiced])]
    out += spread(m['clearness'][speech]) + spread(m['clearness'][voiced])
    out += [correlation(pitch[voiced], m['energy'][voiced]),
            correlation(m['clearness'][voiced], m['energy'][voiced])]
    loud = voiced & (m['energy'] >= np.quantile(m['energy'][voiced], 0.75))
    out += [v[loud].mean() - v[voiced].mean() for v in (m['alpha'], pitch, m['clearness'])]
    for c in range(1, 7):
        out += [x[voiced, MFCC + c].mean(), x[voiced, MFCC + c].std()]
    flux = np.diff(x[:, :BANDS], axis=0).std(axis=1)
    out += [flux[mask[1:] & mask[:-1]].mean() for mask in (speech, voiced)]
    return out


if __name__ == '__main__':
    if len(sys.argv) > 1:
        sys.exit(__doc__)
    values = prosody(*rows())
    print('# by tests/oracle/prosody_oracle.py; values of prosody.h for its made-up rows')
    print('prosody', len(values))
    print(*('%.8g' % v for v in values))
