#!/usr/bin/env python3
"""Golden numbers for src/dsp, from the equations, in NumPy and float64.

    python3 tests/oracle/dsp_oracle.py > tests/golden/dsp.txt

Independent of the C code: whole-signal array operations from Young et al., The HTK Book 3.4,
chapter 5 (frame mean, pre-emphasis, Hamming, mel filter bank, DCT, regression), with the two
choices that features.h states: power scaled by the window's energy and mel weights that sum to 1.
Pitch after Boersma 1993: the frame's autocorrelation over the root of its window's, through FFTs.
The signal is synthetic and on the 16-bit grid, so that golden_dsp.c makes the same one.
"""
import sys

import numpy as np

RATE, LENGTH, HOP, NFFT = 16000, 400, 160, 512
BANDS, CEPSTRA, LOW, HIGH = 40, 13, 60.0, 7600.0
FLOOR, SAMPLES = 1e-10, 4880
PITCH_LOW, PITCH_TOP, OCTAVE_COST = 75.0, 500.0, 0.03


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


def autocorrelation(x):
    spectrum = np.fft.rfft(x, 1024)
    return np.fft.irfft(spectrum * spectrum.conj(), 1024)


def pitch(frame, window):
    """(strength, octaves over PITCH_LOW) of a windowed frame, at half the rate."""
    r = autocorrelation(frame[0::2] + frame[1::2])
    own = autocorrelation(window[0::2])
    lags = np.arange(int(RATE / 2 / PITCH_TOP), int(RATE / 2 / PITCH_LOW) + 2)
    v = r[lags] * np.sqrt(own[0] / own[lags]) / r[0]
    before, at, after = v[:-2], v[1:-1], v[2:]
    peak = np.flatnonzero((at >= before) & (at >= after))
    if not len(peak):
        return 0, 0
    a, b, c = before[peak], at[peak], after[peak]
    off = 0.5 * (a - c) / (a - 2 * b + c)
    height = b - 0.25 * (a - c) * off
    octaves = np.log2(RATE / 2 / (lags[1:-1][peak] + off) / PITCH_LOW)
    best = np.argmax(height + OCTAVE_COST * octaves)
    return min(1, height[best]), octaves[best]


def floors(x):
    """A power floor a frame: FLOOR where the loudest 80 ms so far, or 30 dB over the quietest, are at
    -28 dBFS; without the offset, in steps of over 3 dB, by the three hops up to the frame's end."""
    padded = np.concatenate([x, np.full(-len(x) % HOP, x[-1])])
    steady = np.zeros(len(padded))
    for n in range(1, len(padded)):
        steady[n] = padded[n] - padded[n - 1] + 0.995 * steady[n - 1]
    power = (steady.reshape(-1, HOP)**2).mean(axis=1)
    smooth = np.array([power[max(0, h - 7):h + 1].mean() for h in range(len(power))])
    reference, floor = 0, []
    for h in range(len(smooth)):
        now = max(smooth[:h + 1].max(), 1000 * smooth[:h + 1].min())
        if now > 2 * reference or 2 * now < reference:
            reference = now
        floor.append(FLOOR * reference / 10**-2.8)
    return np.array(floor[2:])


def features(x):
    floor = floors(x)
    frames = np.lib.stride_tricks.sliding_window_view(x, LENGTH)[::HOP]
    frames = frames - frames.mean(axis=1, keepdims=True)
    energy = np.log((frames**2).mean(axis=1) + floor)
    zcr = np.abs(np.diff((frames < 0).astype(int), axis=1)).mean(axis=1)
    previous = np.concatenate([frames[:, :1], frames[:, :-1]], axis=1)
    window = np.hamming(LENGTH)
    windowed = (frames - 0.97 * previous) * window
    spectrum = np.abs(np.fft.rfft(windowed, NFFT))**2
    logmel = np.log(spectrum / (window**2).sum() @ filter_bank().T + floor[:, None])
    basis = np.cos(np.pi / BANDS * np.outer(np.arange(CEPSTRA), np.arange(BANDS) + 0.5))
    basis *= np.sqrt(2 / BANDS)
    basis[0] /= np.sqrt(2)
    mfcc = logmel @ basis.T
    d = deltas(mfcc)
    pitches = np.array([pitch(frame, window) for frame in windowed])
    return np.hstack([logmel, mfcc, d, deltas(d), zcr[:, None], energy[:, None], pitches])


def normalised(f):
    """By the statistics of two rows in three, as golden_dsp.c marks them; floors as quality.c."""
    is_speech = np.arange(len(f)) % 3 != 0
    f, voicing, octaves = f[:, :-2], f[:, -2], f[:, -1]
    speech = f[is_speech]
    floor = np.concatenate([np.full(BANDS + CEPSTRA, 0.2), np.full(CEPSTRA, 0.05),
                            np.full(CEPSTRA, 0.02), [0.01, 0.2]])
    standard = (f - speech.mean(axis=0)) / np.maximum(speech.std(axis=0), floor)
    voiced = np.clip((voicing - 0.3) / 0.4, 0, 1)
    mean = (voiced * octaves)[is_speech].sum() / voiced[is_speech].sum()
    own = np.stack([3 * (voicing - 0.5), 4 * voiced * (octaves - mean)], axis=1)
    return np.clip(np.hstack([standard, own]), -8, 8)


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
