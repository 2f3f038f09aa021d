#!/usr/bin/env python3
"""onnx_mobilenet.py SIDE FILE [int8]: MobileNetV2 (Sandler 2018) with batch norm folded and random
weights, batch 1, as an ONNX file. Needs nothing but Python: protocol buffers are simple. With int8
its convolutions are quantised as ours are: weights with a scale a channel, activations of unsigned
bytes; what comes after the last of them is f32."""

import array
import math
import random
import sys

STAGES = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2),
          (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]


# ---- protocol buffers: a message is a row of (key, value); field numbers are those of onnx.proto

def varint(n):
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    out.append(n)
    return bytes(out)


def integer(field, n):
    return varint(field << 3) + varint(n)


def block(field, data):
    data = data.encode() if isinstance(data, str) else data
    return varint(field << 3 | 2) + varint(len(data)) + data


def attribute(name, value):
    if isinstance(value, int):
        return block(5, block(1, name) + integer(3, value) + integer(20, 2))
    return block(5, block(1, name) + b"".join(integer(8, v) for v in value) + integer(20, 7))


def tensor_type(name, dims):
    shape = b"".join(block(1, integer(1, d)) for d in dims)
    return block(1, name) + block(2, block(1, integer(1, 1) + block(2, shape)))


# ---- the graph

class Graph:
    def __init__(self):
        self.nodes, self.arrays, self.names = [], [], 0
        self.random = random.Random(1)
        self.zero = self.constant([], [0.0])
        self.six = self.constant([], [6.0])

    def name(self):
        self.names += 1
        return f"v{self.names}"

    def constant(self, dims, values):
        name = self.name()
        data = array.array("f", values)
        if sys.byteorder == "big":
            data.byteswap()
        self.arrays.append(b"".join(integer(1, d) for d in dims) + integer(2, 1) +
                           block(8, name) + block(9, data.tobytes()))
        return name

    def randoms(self, dims, scale):
        n = math.prod(dims)
        return self.constant(dims, (self.random.uniform(-scale, scale) for _ in range(n)))

    def node(self, kind, inputs, output=None, domain="", **attributes):
        output = output or self.name()
        self.nodes.append(b"".join(block(1, i) for i in inputs) + block(2, output) +
                          block(4, kind) +
                          b"".join(attribute(k, v) for k, v in attributes.items()) +
                          (block(7, domain) if domain else b""))
        return output

    def conv(self, x, inputs, outputs, kernel=1, stride=1, groups=1, act=True):
        fan = inputs // groups * kernel * kernel
        w = self.randoms([outputs, inputs // groups, kernel, kernel], math.sqrt(6 / fan))
        b = self.randoms([outputs], 0.1)
        p = kernel // 2
        y = self.node("Conv", [x, w, b], kernel_shape=[kernel] * 2, strides=[stride] * 2,
                      pads=[p] * 4, group=groups)
        return self.node("Clip", [y, self.zero, self.six]) if act else y

    def add(self, x, y):
        return self.node("Add", [x, y])

    def start(self, x):
        return x

    def end(self, x):
        return x


class Int8Graph(Graph):
    """Every map is of bytes: those after an activation have the zero 0, the others 128."""
    UINT8, INT8, INT32 = 2, 3, 6

    def __init__(self):
        super().__init__()
        self.code = {zero: [self.constant([], [scale]), self.bytes(self.UINT8, [], bytes([zero]))]
                     for zero, scale in ((0, 6 / 255), (128, 12 / 127))}
        self.zero_of = {}

    def bytes(self, kind, dims, data):
        name = self.name()
        self.arrays.append(b"".join(integer(1, d) for d in dims) + integer(2, kind) +
                           block(8, name) + block(9, data))
        return name

    def coded(self, name, zero):
        self.zero_of[name] = zero
        return name

    def conv(self, x, inputs, outputs, kernel=1, stride=1, groups=1, act=True):
        fan, n = inputs // groups * kernel * kernel, outputs * (inputs // groups) * kernel ** 2
        w = self.bytes(self.INT8, [outputs, inputs // groups, kernel, kernel],
                       bytes(self.random.randrange(256) for _ in range(n)))
        scale = self.constant([outputs], [math.sqrt(6 / fan) / 127] * outputs)
        zeros = self.bytes(self.INT8, [outputs], bytes(outputs))
        bias = self.bytes(self.INT32, [outputs], bytes(4 * outputs))
        to = 0 if act else 128
        y = self.node("QLinearConv", [x, *self.code[self.zero_of[x]], w, scale, zeros, *self.code[to],
                                      bias], kernel_shape=[kernel] * 2, strides=[stride] * 2,
                      pads=[kernel // 2] * 4, group=groups)
        return self.coded(y, to)

    def add(self, x, y):
        code = self.code[128]
        return self.coded(self.node("QLinearAdd", [x, *code, y, *code, *code], domain="com.microsoft"), 128)

    def start(self, x):
        return self.coded(self.node("QuantizeLinear", [x, *self.code[128]]), 128)

    def end(self, x):
        return self.node("DequantizeLinear", [x, *self.code[self.zero_of[x]]])


def mobilenet(side, g):
    x, inputs = g.conv(g.start("pixels"), 3, 32, 3, 2), 32
    for expansion, channels, blocks, stride in STAGES:
        for b in range(blocks):
            s, mid = 1 if b else stride, inputs * expansion
            y = g.conv(x, inputs, mid) if expansion > 1 else x
            y = g.conv(y, mid, mid, 3, s, mid)
            y = g.conv(y, mid, channels, act=False)
            x = g.add(y, x) if s == 1 and inputs == channels else y
            inputs = channels
    x = g.end(g.conv(x, inputs, 1280))
    x = g.node("Flatten", [g.node("GlobalAveragePool", [x])], axis=1)
    g.node("Gemm", [x, g.randoms([1000, 1280], 0.03), g.randoms([1000], 0.1)], "logits", transB=1)
    graph = (b"".join(block(1, n) for n in g.nodes) + block(2, "mobilenet_v2") +
             b"".join(block(5, a) for a in g.arrays) +
             block(11, tensor_type("pixels", [1, 3, side, side])) +
             block(12, tensor_type("logits", [1, 1000])))
    return (integer(1, 8) + block(7, graph) + block(8, block(1, "") + integer(2, 13)) +
            block(8, block(1, "com.microsoft") + integer(2, 1)))


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4) or sys.argv[3:] not in ([], ["int8"]):
        sys.exit(__doc__)
    with open(sys.argv[2], "wb") as f:
        f.write(mobilenet(int(sys.argv[1]), Int8Graph() if sys.argv[3:] else Graph()))
