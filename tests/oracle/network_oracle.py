#!/usr/bin/env python3
"""Golden numbers for the networks, from the definitions, in NumPy and float64.

    python3 tests/oracle/network_oracle.py > tests/golden/networks.txt

Independent of the C code: tables and equations are those of the papers, convolutions are sums over
shifted arrays. Weights and inputs are made up by a formula that golden_networks.c repeats.

    detector  the YuNet-shaped network of src/vision/detect.h (Wu, Peng & Yu 2023), odd numbers of
              channels, on 64 x 96 pixels; some cells of each level
    visual    MobileNetV2 (Sandler 2018, table 2) with batch norm (Ioffe & Szegedy 2015) and the heads
              of src/model/visual.h, on 72 x 72 pixels, as they are and mirrored
    audio     two convolutions with layer norm (Ba 2016), two BiLSTMs (Hochreiter & Schmidhuber 1997,
              with forget gates), attentive statistics pooling (Okabe 2018), two members, on 22 rows
"""
import sys

import numpy as np

SPREAD = 4.5  # of weights; makes outputs of ordinary size


# ---- what C repeats -----------------------------------------------------------------------------


def made_up(name, count):
    """count numbers in [-1, 1): MurmurHash3's finaliser of a counter that starts at FNV-1a(name)."""
    seed = 2166136261
    for byte in name.encode():
        seed = (seed ^ byte) * 16777619 % 2**32
    h = (seed + np.arange(count, dtype=np.uint64) * 0x9E3779B9) % 2**32
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        h = (h ^ (h >> np.uint64(shift))) * np.uint64(factor) % 2**32
    return (h ^ (h >> np.uint64(16))).astype(np.float64) / 2**31 - 1


def parameter(name, *shape):
    """A matrix by its rows (fan-in); batch norm's scale and variance round one; the rest is small."""
    v = made_up(name, int(np.prod(shape)))
    if len(shape) == 2:
        v = v * np.sqrt(SPREAD / shape[0])
    elif name.endswith(('.gamma', '.var')):
        v = 1 + 0.25 * v
    else:
        v = 0.1 * v
    return v.astype(np.float32).astype(np.float64).reshape(shape)


def picture(h, w):
    """(h, w, 3) of 0..255"""
    y, x, c = np.meshgrid(np.arange(h), np.arange(w), np.arange(3), indexing='ij')
    return ((3 * x + 5 * y + 40 * c + x * y // 8) % 256).astype(np.float64)


# ---- definitions --------------------------------------------------------------------------------


def relu(x):
    return np.maximum(x, 0)


def relu6(x):
    return np.clip(x, 0, 6)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def windows(x, stride, before, rows, cols):
    """The nine (rows, cols, c) arrays that a 3x3 window's taps see, in (ky, kx) order; zeros outside."""
    top, left = before
    padded = np.pad(x, ((top, 3), (left, 3), (0, 0)))
    return [padded[ky:ky + stride * rows:stride, kx:kx + stride * cols:stride][:rows, :cols]
            for ky in range(3) for kx in range(3)]


def conv3x3(x, weight, stride, before, rows, cols):
    taps = windows(x, stride, before, rows, cols)
    return sum(t @ k for t, k in zip(taps, weight.reshape(9, x.shape[2], -1)))


def depthwise3x3(x, weight, stride, before, rows, cols):
    return sum(t * k for t, k in zip(windows(x, stride, before, rows, cols), weight))


# ---- detector -----------------------------------------------------------------------------------

STEM = 5
STAGES = ((7,), (7, 9), (8, 10), (9, 12), (11, 10), (12, 14))
NECK = (9, 12, 10)
SHARED = (8, None, 11)  # the middle level's heads share nothing
CELL = 16


def detector_unit(x, name, out, act=relu):
    name = 'detector.' + name
    h, w, c = x.shape
    y = x @ parameter(name + '.conv1.weight', c, out) + parameter(name + '.conv1.bias', out)
    y = depthwise3x3(y, parameter(name + '.conv2.weight', 9, out), 1, (1, 1), h, w)
    return act(y + parameter(name + '.conv2.bias', out))


def halved(x):
    h, w, c = x.shape
    return x.reshape(h // 2, 2, w // 2, 2, c).max(axis=(1, 3))


def detector(x):
    """Heads at strides 8, 16 and 32."""
    h, w, _ = x.shape
    stem = 'detector.backbone.model0.conv1.'
    weight = parameter(stem + 'weight', 27, STEM) / 128
    x = relu(conv3x3(x, weight, 2, (1, 1), h // 2, w // 2) + parameter(stem + 'bias', STEM))
    x = detector_unit(x, 'backbone.model0.conv2', STAGES[0][0])
    level = []
    for stage in range(1, 6):
        if stage != 2:
            x = halved(x)
        for k, out in enumerate(STAGES[stage]):
            x = detector_unit(x, f'backbone.model{stage}.conv{k + 1}', out)
        if stage >= 3:
            level.append(x)
    head = [None] * 3
    for k in (2, 1, 0):
        y = detector_unit(level[k], f'neck.lateral_convs.{k}', NECK[k])
        if k > 0:
            level[k - 1] = level[k - 1] + y.repeat(2, axis=0).repeat(2, axis=1)
        if SHARED[k]:
            y = detector_unit(y, f'bbox_head.multi_level_share_convs.{k}.0', SHARED[k])
        head[k] = detector_unit(y, f'bbox_head.{k}', CELL, lambda v: v)
    return head


# ---- visual -------------------------------------------------------------------------------------

TABLE2 = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2),
          (6, 320, 1, 1))  # expansion, channels, repeats, stride of the first
FACE_HEADS = (('expression', 8), ('basic', 7), ('state', 12), ('engagement', 3), ('covered', 1))


def batch_norm(x, name):
    gamma, beta, mean, var = (parameter(f'{name}.{what}', x.shape[-1])
                              for what in ('gamma', 'beta', 'mean', 'var'))
    return gamma * (x - mean) / np.sqrt(var + 1e-3) + beta


def same(size, stride):
    """Output size and what SAME pads before, as TensorFlow defines it."""
    out = -(-size // stride)
    return out, max((out - 1) * stride + 3 - size, 0) // 2


def spatial(convolve, x, weight, stride):
    (rows, top), (cols, left) = same(x.shape[0], stride), same(x.shape[1], stride)
    return convolve(x, weight, stride, (top, left), rows, cols)


def dense_unit(x, name, out):
    return batch_norm(x @ parameter(name + '.weight', x.shape[2], out), name)


def inverted_residual(x, name, expansion, out, stride):
    c = x.shape[2]
    y = relu6(dense_unit(x, name + '.expand', expansion * c)) if expansion > 1 else x
    weight = parameter(name + '.depthwise.weight', 9, expansion * c)
    y = relu6(batch_norm(spatial(depthwise3x3, y, weight, stride), name + '.depthwise'))
    y = dense_unit(y, name + '.project', out)
    return x + y if stride == 1 and c == out else y


def linear(x, name, out):
    return x @ parameter(name + '.weight', x.shape[-1], out) + parameter(name + '.bias', out)


def visual(face):
    """Embedding (1280) and the heads' logits, one after the other."""
    x = spatial(conv3x3, (face - 127.5) / 127.5, parameter('visual.stem.weight', 27, 32), 2)
    x = relu6(batch_norm(x, 'visual.stem'))
    block = 0
    for expansion, out, repeats, stride in TABLE2:
        for i in range(repeats):
            x = inverted_residual(x, f'visual.block{block}', expansion, out, 1 if i else stride)
            block += 1
    embedding = relu6(dense_unit(x, 'visual.head', 1280)).mean(axis=(0, 1))
    return embedding, np.concatenate([linear(embedding, 'visual.' + name, out)
                                      for name, out in FACE_HEADS])


# ---- audio --------------------------------------------------------------------------------------

ROWS, FEATURES, TAPS, WIDTH = 22, 83, 5, 128


def conv_time(x, name):
    """Every second step, zeros outside, then layer norm and ReLU."""
    steps = -(-len(x) // 2)
    padded = np.pad(x, ((TAPS // 2, TAPS), (0, 0)))
    seen = np.stack([padded[2 * i:2 * i + TAPS].ravel() for i in range(steps)])
    y = linear(seen, name, WIDTH)
    y = (y - y.mean(axis=1, keepdims=True)) / np.sqrt(y.var(axis=1, keepdims=True) + 1e-5)
    return relu(parameter(name + '.gamma', WIDTH) * y + parameter(name + '.beta', WIDTH))


def lstm(x, name):
    w_x = parameter(name + '.w_x', x.shape[1], 4 * WIDTH)
    w_h = parameter(name + '.w_h', WIDTH, 4 * WIDTH)
    bias = parameter(name + '.bias', 4 * WIDTH)
    h, c, out = np.zeros(WIDTH), np.zeros(WIDTH), []
    for row in x:
        i, f, g, o = np.split(row @ w_x + h @ w_h + bias, 4)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        out.append(h)
    return np.stack(out)


def bilstm(x, name):
    return np.hstack([lstm(x, name + '.fwd'), lstm(x[::-1], name + '.bwd')[::-1]])


def audio(x, name):
    """Embedding (512) and logits (8) of one member."""
    x = conv_time(conv_time(x, name + '.front0'), name + '.front1')
    x = bilstm(bilstm(x, name + '.lstm0'), name + '.lstm1')
    score = linear(np.tanh(linear(x, name + '.score0', 64)), name + '.score1', 1)
    weight = np.exp(score) / np.exp(score).sum()
    mean = (weight * x).sum(axis=0)
    deviation = np.sqrt((weight * (x - mean)**2).sum(axis=0) + 1e-6)
    embedding = np.concatenate([mean, deviation])
    return embedding, linear(embedding, name + '.expression', 8)


# ---- what is written ----------------------------------------------------------------------------


def write(name, values):
    print(name, len(values))
    print(*('%.7g' % v for v in values))


def write_detector():
    for k, head in enumerate(detector(picture(64, 96))):
        cells = head.reshape(-1, CELL)
        for where, cell in zip(('first', 'middle', 'last'), (0, len(cells) // 2 + 1, len(cells) - 1)):
            write(f'detector.{8 << k}.{where}', cells[cell])


def write_visual():
    face = picture(72, 72)
    for name, x in (('visual', face), ('visual.mirrored', face[:, ::-1])):
        embedding, logits = visual(x)
        write(name + '.embedding', embedding[::40])
        write(name + '.logits', logits)


def write_audio():
    rows = made_up('rows', ROWS * FEATURES).astype(np.float32).astype(np.float64)
    members = [audio(rows.reshape(ROWS, FEATURES), 'audio' + n) for n in ('', '1')]
    write('audio.embedding', members[0][0][::16])
    write('audio.logits', np.mean([logits for _, logits in members], axis=0))


if __name__ == '__main__':
    if len(sys.argv) > 1:
        sys.exit(__doc__)
    print('# by tests/oracle/network_oracle.py; outputs of made-up networks')
    write_detector()
    write_visual()
    write_audio()
