#!/usr/bin/env python3
"""Learns what a voice sounds like as against music, sirens, tones and noises, and writes the table
that src/dsp/likeness.c judges by.

    ninja -C BUILD tools/likeness_rows
    tools/learn_likeness.py BUILD/tools/likeness_rows DATA > src/dsp/likeness_weights.c

DATA holds voices_more (only ASED's speakers learn: free with citation, Retta et al. 2022) and noise
(Speech Commands' background noises, CC BY 4.0; the first 70 % of each). Everything else that is no
voice is synthesised here. All randomness comes from SEED; results are printed to stderr, judged on
speakers, noise and synthesised sounds that took no part. Needs NumPy and the ffmpeg program."""
import csv
import pathlib
import struct
import subprocess
import sys

import numpy as np

SEED, RATE, SECONDS = 1, 16000, 6
N = RATE * SECONDS
STATS, HIDDEN, EPOCHS, BATCH, DECAY = 61, 24, 60, 256, 2e-3
VOICES, OTHERS, AT_ONCE = 400, 700, 50  # streams; every fifth is kept for judging
SPEECH_ROWS = 40  # of a stretch's 100, for it to count


# ---- sounds ---------------------------------------------------------------------------------

def decode(path):
    raw = subprocess.run(["ffmpeg", "-v", "error", "-i", str(path), "-f", "f32le", "-ac", "1", "-ar",
                          str(RATE), "-"], check=True, stdout=subprocess.PIPE).stdout
    return np.frombuffer(raw, np.float32).astype(float)


def level(x):
    """Root mean square of the loudest tenth."""
    power = (x[:len(x) // 160 * 160].reshape(-1, 160)**2).mean(axis=1)
    return np.sqrt(np.sort(power)[-max(1, len(power) // 10):].mean()) + 1e-9


def coloured(rng, n=N):
    """Noise with a random slope, often band-limited."""
    f = np.fft.rfftfreq(n, 1 / RATE) + 1
    spectrum = np.fft.rfft(rng.standard_normal(n)) * f**rng.uniform(-1.2, 0.3)
    if rng.random() < 0.5:
        low, width = np.exp(rng.uniform(np.log(50), np.log(4000))), rng.uniform(0.5, 4)
        spectrum *= 1 / (1 + (low / f)**4) / (1 + (f / (low * 2**width))**4)
    x = np.fft.irfft(spectrum, n)
    return x / level(x)


def resonant(rng, x):
    """A little room: decaying noise as an impulse response."""
    n = int(RATE * rng.uniform(0.1, 0.6))
    tail = rng.standard_normal(n) * np.exp(-6 * np.arange(n) / n) * rng.uniform(0.02, 0.15)
    tail[0] = 1
    size = len(x) + n
    return np.fft.irfft(np.fft.rfft(x, size) * np.fft.rfft(tail, size), size)[:len(x)]


def waveform(rng, phase):
    """A tone of random timbre from its phase (in cycles)."""
    kind = rng.integers(5)
    if kind == 0:
        return np.sin(2 * np.pi * phase)
    count, slope, odd = int(rng.integers(2, 16)), rng.uniform(0.5, 2.5), kind == 1
    # sin((k+1) a) = 2 cos(a) sin(k a) - sin((k-1) a)
    before, now, turn = 0, np.sin(2 * np.pi * phase), 2 * np.cos(2 * np.pi * phase)
    x = now
    for k in range(2, count + 1):
        before, now = now, turn * now - before
        if not odd or k % 2:
            x = x + now / k**slope
    return x


def envelope(rng, n):
    """Of a note: plucked, blown or bowed."""
    t = np.arange(n) / RATE
    attack = np.minimum(1, t / rng.choice([0.003, 0.02, 0.08]))
    if rng.random() < 0.5:
        return attack * np.exp(-t * rng.uniform(1, 12))
    return attack * np.minimum(1, (t[-1] - t + 1e-3) / 0.05)


def note(rng, hz, n):
    t = np.arange(n) / RATE
    depth = rng.choice([0, 0, 0.003, 0.01])
    phase = hz * (t - depth / (2 * np.pi * 5) * np.cos(2 * np.pi * rng.uniform(4, 7) * t))
    return waveform(rng, phase) * envelope(rng, n)


def drums(rng, beat):
    x = np.zeros(N)
    for k in range(int(N / beat * 4)):
        at, kind = int(k * beat / 4), k % 16
        n = min(int(RATE * 0.2), N - at)
        t = np.arange(max(n, 0)) / RATE
        if n <= 0:
            break
        if kind in (0, 8, 10):
            x[at:at + n] += 2 * np.sin(2 * np.pi * (50 * t + 4 * (1 - np.exp(-t * 30)))) * np.exp(-t * 20)
        elif kind in (4, 12):
            x[at:at + n] += rng.standard_normal(n) * np.exp(-t * 25)
        elif rng.random() < 0.6:
            x[at:at + n] += 0.4 * np.diff(rng.standard_normal(n + 1)) * np.exp(-t * 60)
    return x


def music(rng):
    """Melody, chords, bass and drums, or some of them."""
    beat = RATE * 60 / rng.uniform(60, 180)
    scale = np.array(rng.choice([[0, 2, 4, 5, 7, 9, 11], [0, 2, 3, 5, 7, 8, 10], [0, 2, 4, 7, 9, 12, 14]]))
    root = 55 * 2**rng.uniform(0, 2)
    parts = rng.random(4) < [0.7, 0.6, 0.5, 0.5]
    if not parts.any():
        parts[rng.integers(4)] = True
    x = np.zeros(N)

    def put(at, degree, octave, length, gain):
        hz = root * 2**(octave + scale[degree % 7] / 12)
        n = min(int(length), N - int(at))
        if n > 400 and hz < 5000:
            x[int(at):int(at) + n] += gain * note(rng, hz, n)

    if parts[0]:
        at, degree = 0.0, 0
        octave = rng.integers(1, 4)
        while at < N:
            length = beat * rng.choice([0.25, 0.5, 0.5, 1, 2])
            degree = int(np.clip(degree + rng.integers(-2, 3), 0, 6))
            if rng.random() < 0.85:
                put(at, degree, octave, length * rng.uniform(0.8, 1.5), 1)
            at += length
    if parts[1]:
        for k in range(int(N / beat / 2) + 1):
            degree = int(rng.choice([0, 3, 4, 5]))
            for third in range(int(rng.integers(2, 5))):
                put(k * 2 * beat, degree + 2 * third, 1, 2 * beat, 0.5)
    if parts[2]:
        for k in range(int(N / beat) + 1):
            put(k * beat, int(rng.choice([0, 0, 4])), 0, beat, 1)
    if parts[3]:
        x += rng.uniform(0.2, 1) * drums(rng, beat)
    return x


def siren(rng):
    t = np.arange(N) / RATE
    period = rng.choice([rng.uniform(0.15, 0.5), rng.uniform(0.8, 2), rng.uniform(2, 8)])
    low = np.exp(rng.uniform(np.log(300), np.log(1200)))
    swing = rng.uniform(0.3, 1.6)
    place = (t / period + rng.random()) % 1
    shape = [0.5 - 0.5 * np.cos(2 * np.pi * place), np.where(place < 0.5, 0, 1), place,
             1 - np.abs(2 * place - 1)][rng.integers(4)]
    return waveform(rng, np.cumsum(low * 2**(swing * shape)) / RATE)


def tones(rng):
    """Held, interrupted or trembling; one, or two at once as of a telephone."""
    t = np.arange(N) / RATE
    hz = np.exp(rng.uniform(np.log(100), np.log(4000)))
    x = waveform(rng, hz * t)
    if rng.random() < 0.3:
        x = x + waveform(rng, hz * rng.uniform(1.1, 2) * t)
    kind = rng.integers(4)
    if kind == 1:
        period = rng.uniform(0.1, 2)
        x = x * ((t / period) % 1 < rng.uniform(0.2, 0.8))
    elif kind == 2:
        x = x * (1 + rng.uniform(0.2, 1) * np.sin(2 * np.pi * rng.uniform(1, 20) * t))
    elif kind == 3:  # key by key
        x, at = np.zeros(N), 0
        while at < N:
            n = min(int(RATE * rng.uniform(0.05, 0.5)), N - at)
            k = np.arange(n) / RATE
            x[at:at + n] = sum(np.sin(2 * np.pi * f * k) for f in rng.uniform(300, 3000, 2))
            at += n + int(RATE * rng.uniform(0.02, 0.6))
    return x


def clicks(rng):
    """Typing, knocking, crackling, applause: short noises at random times."""
    x = np.zeros(N)
    for at in rng.integers(0, N, int(np.exp(rng.uniform(np.log(10), np.log(2000))))):
        n = min(int(RATE * rng.uniform(0.005, 0.15)), N - at)
        t = np.arange(n) / RATE
        hit = rng.standard_normal(n) + rng.uniform(0, 3) * np.sin(2 * np.pi * rng.uniform(150, 3000) * t)
        x[at:at + n] += rng.uniform(0.2, 1) * hit * np.exp(-6 * np.arange(n) / n)
    return x


def motor(rng):
    t = np.arange(N) / RATE
    wander = np.cumsum(rng.standard_normal(N)) / RATE
    hz = np.exp(rng.uniform(np.log(20), np.log(250)))
    x = waveform(rng, hz * (t + rng.uniform(0, 0.5) * wander)) + rng.uniform(0, 1) * coloured(rng)
    return x * (1 + 0.5 * np.sin(2 * np.pi * rng.uniform(0.1, 1) * t))


def birds(rng):
    x, at = np.zeros(N), 0
    while at < N:
        n = min(int(RATE * rng.uniform(0.03, 0.4)), N - at)
        place = np.arange(n) / n
        f = rng.uniform(1200, 5000) * 2**(rng.uniform(-1, 1) * place + 0.2 * np.sin(2 * np.pi * rng.uniform(1, 9) * place))
        x[at:at + n] = np.sin(2 * np.pi * np.cumsum(f) / RATE) * np.sin(np.pi * place)
        at += n + int(RATE * rng.uniform(0.02, 0.8))
    return x


def swelling(rng):
    """A noise that comes and goes, or begins."""
    t = np.arange(N) / RATE
    x = coloured(rng)
    kind = rng.integers(4)
    if kind == 0:
        return x * (t > rng.uniform(0.2, 6))
    if kind == 1:
        return x * (0.55 + 0.45 * np.sin(2 * np.pi * rng.uniform(0.1, 8) * t))
    if kind == 2:
        steps = np.repeat(rng.random(N // 1600 + 1)**3, 1600)[:N]
        return x * np.convolve(steps, np.ones(800) / 800, "same")
    return x


class Sources:
    """Recordings of one part: "learn" or "judge"."""

    def __init__(self, data, part):
        manifest = next(pathlib.Path(data).glob("voices_more/**/manifest.csv"))
        rows = [r for r in csv.DictReader(open(manifest)) if r["corpus"] == "ased"]
        people = sorted({r["speaker"] for r in rows})
        mine = {p for i, p in enumerate(people) if (i % 5 == 0) == (part == "judge")}
        files = [manifest.parent / r["file"] for r in rows if r["speaker"] in mine]
        self.voices = [decode(f) for f in files[::12]]
        self.noises = []
        for f in sorted(pathlib.Path(data).glob("noise/*.flac")):
            x = decode(f)
            cut = int(0.7 * len(x))
            self.noises.append(x[:cut] if part == "learn" else x[cut:])

    def utterances(self, rng):
        """Some of them, one after the other, with pauses."""
        x, at = np.zeros(N), int(RATE * rng.uniform(0, 1))
        while at < N:
            voice = self.voices[rng.integers(len(self.voices))]
            if rng.random() < 0.4:  # faster and higher, or slower and lower
                factor = rng.uniform(0.8, 1.25)
                voice = np.interp(np.arange(0, len(voice) - 1, factor), np.arange(len(voice)), voice)
            n = min(len(voice), N - at)
            x[at:at + n] += voice[:n] / level(voice)
            at += n + int(RATE * rng.choice([0, 0.3, 1]) * rng.random())
        return x

    def recorded(self, rng):
        noise = self.noises[rng.integers(len(self.noises))]
        at = rng.integers(max(1, len(noise) - N))
        x = np.resize(noise[at:at + N], N)
        return x / level(x)

    def babble(self, rng):
        return sum(self.utterances(rng) for _ in range(int(rng.integers(8, 14))))


KINDS = {"music": music, "siren": siren, "tones": tones, "clicks": clicks, "motor": motor,
         "birds": birds, "noise": swelling}


def other(sources, rng, kind):
    if kind == "recorded":
        return sources.recorded(rng)
    if kind == "babble":
        return sources.babble(rng)
    return KINDS[kind](rng)


def through_a_microphone(rng, x):
    if rng.random() < 0.3:
        x = resonant(rng, x)
    if rng.random() < 0.15:  # a telephone
        spectrum = np.fft.rfft(x)
        f = np.fft.rfftfreq(len(x), 1 / RATE)
        x = np.fft.irfft(spectrum * ((f > 300) & (f < 3400)), len(x))
    x = x / level(x) + 10**rng.uniform(-4, -2.2) * coloured(rng, len(x))
    return x * 10**rng.uniform(-2, -0.7)


def voice_stream(sources, rng):
    """(the voice alone, the same as it is heard)"""
    clean = sources.utterances(rng)
    clean = clean + 1e-3 * coloured(rng)
    kind, heard = rng.integers(4), clean
    if kind == 1:
        heard = clean + 10**(-rng.uniform(5, 25) / 20) * sources.recorded(rng)
    elif kind == 2:
        x = other(sources, rng, rng.choice(["noise", "clicks", "motor", "recorded"]))
        heard = clean + 10**(-rng.uniform(5, 25) / 20) * x / level(x)
    elif kind == 3 and rng.random() < 0.5:
        x = music(rng)
        heard = clean + 10**(-rng.uniform(12, 30) / 20) * x / level(x)
    return clean, through_a_microphone(rng, heard)


def other_stream(sources, rng, kind):
    x = other(sources, rng, kind)
    x = x / level(x)
    if rng.random() < 0.2:
        second = other(sources, rng, rng.choice(list(KINDS)))
        x = x + rng.uniform(0.1, 1) * second / level(second)
    return through_a_microphone(rng, x)


# ---- statistics -----------------------------------------------------------------------------

def describe(program, sounds):
    """For each sound (stretches, 1 + STATS): speech rows, then the statistics."""
    packed = b"".join(struct.pack("=i", len(x)) + np.asarray(x, np.float32).tobytes() for x in sounds)
    raw = subprocess.run([program], input=packed, check=True, stdout=subprocess.PIPE).stdout
    at, out = 0, []
    for _ in sounds:
        count, = struct.unpack_from("=i", raw, at)
        lines = np.frombuffer(raw, np.float32, count * (1 + STATS), at + 4)
        out.append(lines.reshape(count, 1 + STATS).astype(float))
        at += 4 + lines.nbytes
    return out


def collect(program, sources, rng, voices, others):
    """x (n, STATS), y (n), kind (n)."""
    x, kinds = [], []
    for first in range(0, voices, AT_ONCE):
        pairs = [voice_stream(sources, rng) for _ in range(min(AT_ONCE, voices - first))]
        for alone, heard in zip(describe(program, [a for a, _ in pairs]),
                                describe(program, [h for _, h in pairs])):
            keep = (alone[:, 0] >= SPEECH_ROWS) & (heard[:, 0] >= SPEECH_ROWS / 2)
            x.append(heard[keep, 1:])
            kinds += ["voice"] * keep.sum()
    names = ["music"] * 4 + ["siren", "tones"] * 2 + list(KINDS)[3:] + ["recorded", "babble"]
    for first in range(0, others, AT_ONCE):
        mine = [names[i % len(names)] for i in range(first, min(first + AT_ONCE, others))]
        for kind, d in zip(mine, describe(program, [other_stream(sources, rng, k) for k in mine])):
            keep = d[:, 0] >= SPEECH_ROWS / 2
            x.append(d[keep, 1:])
            kinds += [kind] * keep.sum()
    kinds = np.array(kinds)
    return np.concatenate(x), (kinds == "voice").astype(float), kinds


# ---- the network ----------------------------------------------------------------------------

def forward(p, x):
    hidden = np.tanh(x @ p[0].T + p[1])
    return hidden, 1 / (1 + np.exp(-(hidden @ p[2] + p[3])))


def learn(x, y, rng):
    """Adam on the cross-entropy, both answers weighing the same; x is standardised."""
    p = [rng.standard_normal((HIDDEN, STATS)) / np.sqrt(STATS), np.zeros(HIDDEN),
         rng.standard_normal(HIDDEN) / np.sqrt(HIDDEN), np.zeros(())]
    weight = np.where(y > 0, 0.5 / y.mean(), 0.5 / (1 - y.mean()))
    m, v, step, steps = [np.zeros_like(a) for a in p], [np.zeros_like(a) for a in p], 0, EPOCHS * (len(x) // BATCH)
    for _ in range(EPOCHS):
        order = rng.permutation(len(x))
        for i in range(len(x) // BATCH):
            at = order[i * BATCH:(i + 1) * BATCH]
            noisy = x[at] + 0.1 * rng.standard_normal((BATCH, STATS))
            hidden, q = forward(p, noisy)
            d = (q - (0.02 + 0.96 * y[at])) * weight[at] / BATCH
            back = np.outer(d, p[2]) * (1 - hidden**2)
            gradient = [back.T @ noisy, back.sum(axis=0), hidden.T @ d, d.sum()]
            step += 1
            rate = 3e-3 * 0.5 * (1 + np.cos(np.pi * step / steps))
            for k in range(4):
                m[k] = 0.9 * m[k] + 0.1 * gradient[k]
                v[k] = 0.999 * v[k] + 0.001 * gradient[k]**2
                p[k] = p[k] * (1 - rate * DECAY) - rate * (m[k] / (1 - 0.9**step)) / (np.sqrt(v[k] / (1 - 0.999**step)) + 1e-8)
    return p


def table(name, dims, values):
    """A C array, nested for two dimensions."""
    def line(v):
        return ", ".join("%.7gf" % a if "." in "%.7g" % a or "e" in "%.7g" % a else "%.1ff" % a for a in v)
    if values.ndim == 2:
        body = ",\n".join("{" + line(row) + "}" for row in values)
    else:
        body = line(values)
    return f"const float {name}{dims} = {{{body}}};\n"


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    parts = {}
    for k, part in enumerate(("learn", "judge")):
        share = 0.8 if part == "learn" else 0.2
        rng = np.random.default_rng([SEED, k])
        parts[part] = collect(sys.argv[1], Sources(sys.argv[2], part), rng, int(VOICES * share), int(OTHERS * share))
    x, y, _ = parts["learn"]
    mean, deviation = x.mean(axis=0), x.std(axis=0) + 1e-6
    p = learn((x - mean) / deviation, y, np.random.default_rng([SEED, 2]))
    p[0] = p[0] / deviation
    p[1] = p[1] - p[0] @ mean
    x, y, kinds = parts["judge"]
    q = forward(p, x)[1]
    print(f"{len(parts['learn'][1])} stretches to learn from", file=sys.stderr)
    for kind in sorted(set(kinds)):
        mine = q[kinds == kind]
        print(f"{kind:9s} {len(mine):6d} stretches, over a half {100 * (mine > 0.5).mean():5.1f} %, "
              f"mean {mine.mean():.3f}", file=sys.stderr)
    print("/* Written by tools/learn_likeness.py. */\n/* clang-format off */\n#include \"dsp/likeness.h\"\n")
    print(table("at_likeness_w1", "[AT_LIKENESS_HIDDEN][AT_LIKENESS_STATS]", p[0]))
    print(table("at_likeness_b1", "[AT_LIKENESS_HIDDEN]", p[1]))
    print(table("at_likeness_w2", "[AT_LIKENESS_HIDDEN]", p[2]))
    print("const float at_likeness_b2 = %.7gf;" % p[3])


if __name__ == "__main__":
    main()
