#!/usr/bin/env python3
"""Fits an assembled model's calibration again, from the answers it rests on, in float64 and by other
methods than src/train/calibrate.c, and says where the model differs: calibration_oracle.py ANSWERS
MODEL, both safetensors (docs/training.md: "answers"). Exit code 0: all agree.

    temperature   of softmax(logit / T): least negative log-likelihood, T in [0.2, 5], by narrowing grids
    levels        P(level > k) = sigmoid(scale logit_k + bias_k): for each scale the best biases by
                  bisection of the derivative, the best scale by narrowing grids
    reference     mean and variance of the training part's embeddings, floor a hundredth of the mean
    distance      quantiles .9 and .999 of the validation part's, the second at least 1.3 times the first
"""
import json
import struct
import sys

import numpy as np

STATES = ("boredom", "engagement", "confusion", "frustration")
TEMPERATURES = {"fusion.face": "face.expression", "fusion.basic": "face.basic",
                "fusion.engagement": "face.engagement", "fusion.voice": "voice.expression"}


def load(path):
    with open(path, "rb") as f:
        header = json.loads(f.read(struct.unpack("<Q", f.read(8))[0]))
        data = f.read()
    arrays = {}
    for name, what in header.items():
        if name != "__metadata__":
            kind = {"F32": np.float32, "F16": np.float16}[what["dtype"]]
            a, b = what["data_offsets"]
            arrays[name] = np.frombuffer(data[a:b], kind).reshape(what["shape"]).astype(np.float64)
    return arrays


def least(f, lo, hi):
    """Where f is least in [lo, hi]: nine grids, each round the best of the one before."""
    for _ in range(9):
        grid = np.linspace(lo, hi, 41)
        best = int(np.argmin([f(x) for x in grid]))
        lo, hi = grid[max(best - 1, 0)], grid[min(best + 1, 40)]
    return (lo + hi) / 2


def class_loss(logit, label, temperature):
    z = logit / temperature
    z = z - z.max(1, keepdims=True)
    return float(np.sum(np.log(np.exp(z).sum(1)) - z[np.arange(len(z)), label.astype(int)]))


def fit_temperature(logit, label):
    return np.exp(least(lambda x: class_loss(logit, label, np.exp(x)), np.log(.2), np.log(5)))


def level_loss(logit, level, scale, bias):
    z = (scale * logit + bias) * np.where(level[:, None] > np.arange(3), 1, -1)
    return float(np.sum(np.logaddexp(0, -z)))


def best_biases(logit, level, scale):
    """The derivative in a bias, sum of sigmoid(z) - [level > k], rises with it."""
    above = level[:, None] > np.arange(3)
    lo, hi = np.full(3, -8.), np.full(3, 8.)
    for _ in range(60):
        mid = (lo + hi) / 2
        slope = np.sum(1 / (1 + np.exp(-(scale * logit + mid))) - above, 0)
        lo, hi = np.where(slope < 0, mid, lo), np.where(slope < 0, hi, mid)
    return (lo + hi) / 2


def fit_levels(logit, level):
    def loss(x):
        return level_loss(logit, level, np.exp(x), best_biases(logit, level, np.exp(x)))
    scale = np.exp(least(loss, np.log(1 / 20), np.log(5)))
    return scale, best_biases(logit, level, scale)


class Comparison:
    def __init__(self):
        self.worst, self.failed = 0, []

    def check(self, name, got, want, tolerance):
        off = float(np.max(np.abs(np.asarray(got) - want) / (1e-3 + np.abs(want))))
        self.worst = max(self.worst, off / tolerance)
        if not off <= tolerance:
            self.failed.append(f"{name}: {np.ravel(got)[:4]}, should be {np.ravel(want)[:4]}")


def compare(answers, model):
    c = Comparison()
    for name, of in TEMPERATURES.items():
        logit, label = answers[of + ".logit"], answers[of + ".label"]
        want = fit_temperature(logit, label) if len(label) else 1
        c.check(name + ".temperature", model[name + ".temperature"], want, 1e-3)
    for s, state in enumerate(STATES):
        logit, level = answers[f"face.state.{state}.logit"], answers[f"face.state.{state}.label"]
        scale, bias = model["fusion.state.scale"][s], model["fusion.state.bias"][3 * s:3 * s + 3]
        want, want_bias = fit_levels(logit, level) if len(level) else (1, np.zeros(3))
        c.check(state + " loss", level_loss(logit, level, scale, bias),
                level_loss(logit, level, want, want_bias), 1e-5)
        c.check(state + ".scale", scale, want, 2e-2)
        c.check(state + ".bias", bias, want_bias, 2e-2)
    for stream in ("face", "voice"):
        train, valid = answers[stream + ".train.embedding"], answers[stream + ".valid.embedding"]
        mean, var = train.mean(0), train.var(0, ddof=1)
        var = np.maximum(var, .01 * var.mean())
        distance = np.sqrt(np.mean((valid - mean) ** 2 / np.maximum(var, 1e-12), 1))
        near, far = np.quantile(distance, .9), np.quantile(distance, .999)
        c.check(stream + ".mean", model[f"fusion.{stream}.mean"], mean, 1e-3)
        c.check(stream + ".var", model[f"fusion.{stream}.var"], var, 1e-3)
        c.check(stream + ".distance", model[f"fusion.{stream}.distance"],
                [near, max(far, 1.3 * near)], 1e-3)
    return c


def main():
    result = compare(load(sys.argv[1]), load(sys.argv[2]))
    for line in result.failed:
        print(line)
    print(f"largest difference: {result.worst:.3f} of what is allowed")
    return bool(result.failed)


if __name__ == "__main__":
    sys.exit(main())
