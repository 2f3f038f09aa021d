"""ONNX files by hand, small ones, and their parts read again: the wire format of protocol buffers, and as much of
ONNX's schema (onnx.proto) as tests and fuzzing need."""
import struct

FLOAT, INT64, BOOL = 1, 7, 9


def varint(n):
    n &= (1 << 64) - 1
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    return bytes(out) + bytes([n])


def field(number, value):
    """An integer, a float, or bytes or text of any length."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    if isinstance(value, float):
        return varint(number << 3 | 5) + struct.pack("<f", value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def tensor(name, shape, values, kind=FLOAT):
    raw = struct.pack(f"<{len(values)}{'f' if kind == FLOAT else 'q'}", *values)
    return b"".join(field(1, size) for size in shape) + field(2, kind) + field(8, name) + field(9, raw)


def attribute(name, value):
    if isinstance(value, float):
        return field(1, name) + field(2, value) + field(20, 1)
    if isinstance(value, int):
        return field(1, name) + field(3, value) + field(20, 2)
    if isinstance(value, str):
        return field(1, name) + field(4, value) + field(20, 3)
    if isinstance(value, bytes):
        return field(1, name) + field(5, value) + field(20, 4)
    return field(1, name) + b"".join(field(8, i) for i in value) + field(20, 7)


def node(kind, inputs, output, **attributes):
    """inputs, output: names, several with blanks between."""
    return (b"".join(field(1, name) for name in (inputs.split(" ") if inputs else ())) +
            b"".join(field(2, name) for name in (output.split(" ") if output else ())) + field(4, kind) +
            b"".join(field(5, attribute(name, value)) for name, value in attributes.items()))


def end(name, shape, kind=FLOAT):
    """An input or an output; a size that is a word is free."""
    dims = b"".join(field(1, field(2 if isinstance(size, str) else 1, size)) for size in shape)
    return field(1, name) + field(2, field(1, field(1, kind) + field(2, dims)))


def model(nodes, constants, inputs, outputs, opset=13):
    graph = (b"".join(field(1, n) for n in nodes) + field(2, "graph") + b"".join(field(5, t) for t in constants) +
             b"".join(field(11, i) for i in inputs) + b"".join(field(12, o) for o in outputs))
    return field(1, 8) + field(7, graph) + field(8, field(1, "") + field(2, opset))


# ---- reading ---------------------------------------------------------------------------------------

def read_varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


def fields(data):
    """(number, value): an integer, or bytes."""
    at = 0
    while at < len(data):
        key, at = read_varint(data, at)
        size = {1: 8, 5: 4}.get(key & 7)
        if key & 7 == 0:
            value, at = read_varint(data, at)
        else:
            if size is None:
                size, at = read_varint(data, at)
            value, at = data[at:at + size], at + size
        yield key >> 3, value


def every(data, number):
    return [value for n, value in fields(data) if n == number]


def numbers(values):
    """Integers that stand one by one, or packed."""
    out = []
    for value in values:
        if isinstance(value, int):
            out.append(value)
            continue
        at = 0
        while at < len(value):
            one, at = read_varint(value, at)
            out.append(one)
    return out


def tensor_of(data):
    """Shape, type, and the values' bytes, of floats and 64-bit integers."""
    shape, kind = numbers(every(data, 1)), every(data, 2)[0]
    raw = b"".join(every(data, 9))
    if not raw and kind == FLOAT:
        raw = b"".join(every(data, 4))
    if not raw and kind == INT64:
        raw = b"".join(struct.pack("<Q", n) for n in numbers(every(data, 7)))
    return shape, kind, raw


def with_constants(data, constants):
    """A model with more of them: inputs that are among them are none any more."""
    out = b""
    for number, value in fields(data):
        extra = b"".join(field(5, t) for t in constants) if number == 7 else b""
        out += field(number, value + extra if extra else value)
    return out


def renamed(data, name):
    """A tensor of floats or 64-bit integers under that name."""
    shape, kind, raw = tensor_of(data)
    return b"".join(field(1, size) for size in shape) + field(2, kind) + field(8, name) + field(9, raw)


# ---- a face's classifier -----------------------------------------------------------------------------

def classifier(answers=7, side=32, planes=3, seed=1, softmax=True, shaped=False, lower=0):
    """One of every kind of operator that exporters like, with made-up weights; without softmax it answers logits, all of
    them lower by so much; shaped: they are given their shape once more."""
    import random
    rng = random.Random(seed)

    def weights(name, *shape):
        n = 1
        for size in shape:
            n *= size
        return tensor(name, shape, [rng.uniform(-.4, .4) for _ in range(n)])

    def positive(name, size):
        return tensor(name, [size], [rng.uniform(.5, 1.5) for _ in range(size)])
    constants = [weights("w0", 8, planes, 3, 3), weights("b0", 8), positive("gamma", 8), weights("beta", 8),
                 weights("mean", 8), positive("var", 8), weights("w1", 8, 1, 3, 3), weights("w2", 4, 8, 1, 1),
                 weights("slope", 4, 1, 1), weights("w3", answers, 20), weights("b3", answers), tensor("lower", [], [float(lower)]),
                 tensor("six", [], [6.0]), tensor("nil", [], [0.0]), tensor("last", [1], [-1], INT64)]
    nodes = [node("Conv", "x w0 b0", "c0", pads=[1, 1, 1, 1], strides=[2, 2]),
             node("BatchNormalization", "c0 gamma beta mean var", "n0"), node("HardSwish", "n0", "h0"),
             node("Conv", "h0 w1", "c1", group=8, auto_pad="SAME_UPPER"), node("Sigmoid", "c1", "s1"),
             node("Mul", "c1 s1", "swish"), node("Conv", "swish w2", "c2"), node("PRelu", "c2 slope", "p2"),
             node("MaxPool", "p2", "m2", kernel_shape=[2, 2], strides=[2, 2]), node("Clip", "m2 nil six", "r2"),
             node("AveragePool", "h0", "a0", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 0, 0]),
             node("Concat", "r2 a0", "all", axis=1), node("LeakyRelu", "all", "l", alpha=0.1),
             node("GlobalAveragePool", "l", "g"), node("GlobalAveragePool", "m2", "g2"), node("Tanh", "g2", "t2"),
             node("HardSigmoid", "g2", "t3", alpha=0.2, beta=0.5), node("Concat", "g t2 t3", "long", axis=1),
             node("Shape", "long", "size"), node("Constant", "", "zero", value=tensor("", [1], [0], INT64)),
             node("Gather", "size zero", "batch"), node("Concat", "batch last", "flat", axis=0),
             node("Reshape", "long flat", "row"), node("Gemm", "row w3 b3", "product", transB=1),
             node("Sub", "product lower", "logits"), node("Softmax", "logits", "p"),
             node("Reshape", "p flat", "again"), node("Identity", "again", "shaped")]
    out = "shaped" if shaped else "p" if softmax else "logits"
    return model(nodes, constants, [end("x", ["batch", planes, side, side])], [end(out, ["batch", answers])], opset=14)
