#!/usr/bin/env python3
"""Golden numbers for src/dsp, from the equations, in NumPy and float64.

    python3 tests/oracle/dsp_oracle.py > tests/golden/dsp.txt

Independent of the C code: whole-signal array operations from Young et al., The HTK Book 3.4,
chapter 5 (frame mean, pre-emphasis, Hamming, mel filter bank, DCT, regression), with the two
choices that features.h states: power scaled by the window's energy and mel weights that sum to 1.
The signal is synthetic and on the 16-bit grid, so that golden_dsp.c makes the same one.
"""
import sys

import numpy as np

RATE, LENGTH, HOP, NFFT = 16000, 400, 160, 512
BANDS, CEPSTRA, LOW, HIGH = 40, 13, 60.0, 7600.0
FLOOR, SAMPLES = 1e-10, 4880


def signal():
    """A gliding voice of 12 harmonics with a syllable's envelope, a little noise, an offset."""
    i = np.arange(SAMPLES)
    t = i / RATE
    phase = 2 * np.pi * (140 * t + 100 * t**2)
    voice = sum(np.sin(k * phase) / k for k in range(1, 13))
    state, noise = 12345, np.empty(SAMPLES)
    for n in range(SAMPLES):
        state = (1664525 * state + 1013904223) % 2**32
        noise[n] = state / 2**31 - 1
    x = 0.2 * voice * np.sin(np.pi * t / t[-1]) ** 2 + 0.003 * noise + 0.01
    return np.floor(x * 32768 + 0.5) / 32768


def mel(hz):
    return 2595 * np.log10(1 + hz / 700)


def filter_bank():
    edges = np.linspace(mel(LOW), mel(HIGH), BANDS + 2)
    at = mel(np.fft.rfftfreq(NFFT, 1 / RATE))
    bank = np.stack([np.interp(at, edges[b:b + 3], [0, 1, 0], left=0, right=0)
                     for b in range(BANDS)])
    return bank / bank.sum(axis=1, keepdims=True)


def deltas(c, reach=2):
    padded = np.concatenate([c[:1]] * reach + [c] + [c[-1:]] * reach)
    n = len(c)
    top = sum(k * (padded[reach + k:reach + k + n] - padded[reach - k:reach - k + n])
              for k in range(1, reach + 1))
    return top / (2 * sum(k * k for k in range(1, reach + 1)))


def features(x):
    frames = np.lib.stride_tricks.sliding_window_view(x, LENGTH)[::HOP]
    frames = frames - frames.mean(axis=1, keepdims=True)
    energy = np.log((frames**2).mean(axis=1) + FLOOR)
    zcr = np.abs(np.diff((frames < 0).astype(int), axis=1)).mean(axis=1)
    previous = np.concatenate([frames[:, :1], frames[:, :-1]], axis=1)
    window = np.hamming(LENGTH)
    spectrum = np.abs(np.fft.rfft((frames - 0.97 * previous) * window, NFFT))**2
    logmel = np.log(spectrum / (window**2).sum() @ filter_bank().T + FLOOR)
    basis = np.cos(np.pi / BANDS * np.outer(np.arange(CEPSTRA), np.arange(BANDS) + 0.5))
    basis *= np.sqrt(2 / BANDS)
    basis[0] /= np.sqrt(2)
    mfcc = logmel @ basis.T
    d = deltas(mfcc)
    return np.hstack([logmel, mfcc, d, deltas(d), zcr[:, None], energy[:, None]])


def normalised(f):
    """By the statistics of two rows in three, as golden_dsp.c marks them; floors as quality.c."""
    speech = f[np.arange(len(f)) % 3 != 0]
    floor = np.concatenate([np.full(BANDS + CEPSTRA, 0.2), np.full(CEPSTRA, 0.05),
                            np.full(CEPSTRA, 0.02), [0.01, 0.2]])
    return np.clip((f - speech.mean(axis=0)) / np.maximum(speech.std(axis=0), floor), -8, 8)


def write(name, table):
    print(name, *table.shape)
    for row in table:
        print(*('%.8g' % v for v in row))


if __name__ == '__main__':
    if len(sys.argv) > 1:
        sys.exit(__doc__)
    f = features(signal())
    print('# by tests/oracle/dsp_oracle.py; rows of features.h for its synthetic signal')
    write('features', f)
    write('normalised', normalised(f)[::9])
