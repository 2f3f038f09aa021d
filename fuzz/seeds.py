#!/usr/bin/env python3
"""Writes the seed inputs of the fuzz programs: seeds.py FOLDER makes FOLDER/{weights,...}/."""

import gzip
import json
import math
import os
import re
import struct
import sys
import zlib


def safetensors(tensors, meta=None):
    """tensors: name -> (dtype, shape, bytes)."""
    header, data = ({"__metadata__": meta} if meta else {}), b""
    for name, (dtype, shape, raw) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape,
                        "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def weights():
    one = struct.pack("<6f", 1, 2, 3, 4, 5, 6)
    half = struct.pack("<3e", 0.5, -2, 65504)
    yield safetensors({"a": ("F32", [2, 3], one)})
    yield safetensors({"a": ("F32", [2, 3], one), "b.half": ("F16", [3], half),
                       "empty": ("F32", [0, 4], b"")}, {"licence": "none", "training": "{}"})
    yield safetensors({"scalar": ("F32", [], one[:4])})
    yield safetensors({"wrong": ("BF16", [3], half)})
    yield safetensors({})
    yield struct.pack("<Q", 1 << 60) + b"{}"


def samples(n):
    return b"".join(struct.pack("<h", int(9000 * math.sin(i / 5))) for i in range(n))


def chunk(name, body):
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) & 1)


def wav(rate, channels, n):
    form = struct.pack("<HHIIHH", 1, channels, rate, rate * 2 * channels, 2 * channels, 16)
    body = b"WAVE" + chunk(b"fmt ", form) + chunk(b"data", samples(n * channels))
    return chunk(b"RIFF", body)


def picture(w, h):
    return bytes((7 * x + 3 * y + 80 * c) & 255 for y in range(h) for x in range(w)
                 for c in range(3))


def png(w, h):
    def part(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I",
                                                                        zlib.crc32(name + body))
    rows = picture(w, h)
    packed = zlib.compress(b"".join(b"\0" + rows[3 * w * y:3 * w * (y + 1)] for y in range(h)))
    return (b"\x89PNG\r\n\x1a\n" + part(b"IHDR", struct.pack(">IIBBBBB", w, h, 8, 2, 0, 0, 0)) +
            part(b"IDAT", packed) + part(b"IEND", b""))


def bmp(w, h):
    row = (3 * w + 3) // 4 * 4
    return (struct.pack("<2sIHHI", b"BM", 54 + row * h, 0, 0, 54) +
            struct.pack("<IiiHHIIiiII", 40, w, h, 1, 24, 0, row * h, 0, 0, 0, 0) +
            b"".join(picture(w, 1).ljust(row, b"\0") for _ in range(h)))


def avi(w, h, frames):
    """Uncompressed pictures with 8 kHz sound."""
    def group(name, body):
        return chunk(b"LIST", name + body)
    size = 3 * w * h
    main = struct.pack("<14I", 100000, size * 10, 0, 0x10, frames, 0, 2, size, w, h, 0, 0, 0, 0)
    video = struct.pack("<4s4sIHHIIIIIIIIhhhh", b"vids", b"DIB ", 0, 0, 0, 0, 1, 10, 0, frames,
                        size, 0, 0, 0, 0, w, h)
    shape = struct.pack("<IiiHHIIiiII", 40, w, h, 1, 24, 0, size, 0, 0, 0, 0)
    audio = struct.pack("<4s4sIHHIIIIIIIIhhhh", b"auds", b"\1\0\0\0", 0, 0, 0, 0, 1, 8000, 0,
                        800 * frames, 1600, 0, 2, 0, 0, 0, 0)
    form = struct.pack("<HHIIHHH", 1, 1, 8000, 16000, 2, 16, 0)
    head = group(b"hdrl", chunk(b"avih", main) +
                 group(b"strl", chunk(b"strh", video) + chunk(b"strf", shape)) +
                 group(b"strl", chunk(b"strh", audio) + chunk(b"strf", form)))
    body = b"".join(chunk(b"00db", picture(w, h)) + chunk(b"01wb", samples(800))
                    for _ in range(frames))
    return chunk(b"RIFF", b"AVI " + head + group(b"movi", body))


def mov(n):
    """QuickTime with one track of 16-bit little-endian sound, the index at the end."""
    def box(name, body):
        return struct.pack(">I", 8 + len(body)) + name + body
    matrix = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
    times = struct.pack(">IIIII", 0, 0, 0, 8000, n)
    entry = box(b"sowt", bytes(6) + struct.pack(">HHHIHHHHI", 1, 0, 0, 0, 1, 16, 0, 0,
                                                8000 << 16))
    data = samples(n)
    start = box(b"ftyp", b"qt  " + struct.pack(">I", 0) + b"qt  ") + box(b"mdat", data)
    table = (box(b"stsd", struct.pack(">II", 0, 1) + entry) +
             box(b"stts", struct.pack(">IIII", 0, 1, n, 1)) +
             box(b"stsc", struct.pack(">IIIII", 0, 1, 1, n, 1)) +
             box(b"stsz", struct.pack(">III", 0, 2, n)) +
             box(b"stco", struct.pack(">III", 0, 1, len(start) - len(data))))
    media = (box(b"mdhd", times + struct.pack(">HH", 0, 0)) +
             box(b"hdlr", struct.pack(">I4s4s", 0, b"mhlr", b"soun") + bytes(13)) +
             box(b"minf", box(b"smhd", bytes(8)) +
                 box(b"dinf", box(b"dref", struct.pack(">II", 0, 1) +
                                  box(b"url ", struct.pack(">I", 1)))) +
                 box(b"stbl", table)))
    track = box(b"trak", box(b"tkhd", struct.pack(">IIIIII", 7, 0, 0, 1, 0, n) + bytes(8) +
                             struct.pack(">HHHH", 0, 0, 256, 0) + matrix + bytes(8)) +
                box(b"mdia", media))
    return start + box(b"moov", box(b"mvhd", times + struct.pack(">IH", 0x10000, 256) +
                                    bytes(10) + matrix + bytes(24) + struct.pack(">I", 2)) +
                       track)


def media():
    yield wav(16000, 1, 1600)
    yield wav(8000, 2, 400)
    yield png(12, 9)
    yield bmp(9, 7)
    yield b"P6\n7 5\n255\n" + picture(7, 5)
    yield b"YUV4MPEG2 W16 H12 F10:1 Ip C420\n" + 3 * (b"FRAME\n" + bytes(range(192)) + bytes(96))
    yield avi(8, 6, 3)
    yield mov(1200)
    yield mov(1200)[:2000]


def csv():
    yield b"a,b,c\n1,2,3\n4,5\n"
    yield b'\xef\xbb\xbfname,"two, words","say ""so"""\r\n x , y ,\r\n\r\n"open'
    yield b"," * 100 + b"\n"
    yield b"split,file\nval,\x00hidden\n"
    packed = gzip.compress(b"a,b,c\n1,2,3\n", mtime=0)
    yield packed + packed
    yield packed[:-5]


def recipe():
    yield b'{"kind": "visual", "name": "a", "epochs": 3, "data": {"name": "x", "share": 0.5}}'
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "recipes")
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), "rb") as f:
            yield f.read()
    yield b'{"kind": "audio", "name": "../a"}'
    yield b'{"kind": "audio", "name": "a", "base": "nowhere.json"}'
    yield b'{"kind": "audio", "kind": "visual", "name": "b"}'
    yield b'["kind", {"name": [[[[1e309]]]]}]'


def timeline():
    with open(os.path.join(os.path.dirname(__file__), "../src/base/names.c"), encoding="utf-8") as f:
        units = re.findall(r'\{"(\w+)", \d+\}', f.read())
    streams = "face", "voice"
    row = {"start_s": 0.0, "end_s": 0.5, "track": 1}
    row.update({f"used_{m}": True for m in streams}, abstain=False)
    row.update({f"{what}_{m}": 0.5 for what in ("reliability", "weight") for m in streams})
    row.update(zip((f"emotion_{e}" for e in "neutral happy sad angry fearful disgusted surprised".split()),
                   [0.4] + 6 * [0.1]))
    for state in "boredom", "engagement", "confusion", "frustration":
        row.update({f"state_{state}_{k}": 0.25 for k in range(4)})
    row.update(engagement_disengaged=0.25, engagement_partial=0.25, engagement_engaged=0.5)
    row.update({f"box_{k}": 20.0 for k in "xywh"})
    row.update({k: 0.5 for k in "sharpness brightness contrast face_size detector_score coverage face_share snr_db "
                "speech_share yaw pitch roll seen_face seen_voice any_face baseline_s".split()})
    row.update({f"offset_{e[8:]}": 0.0 for e in list(row) if e.startswith("emotion_")})
    row.update({f"unit_{u}": 0.125 for u in units}, condition_face=1.0, condition_voice=1.0)
    nobody = {k: None if k.startswith(("state_", "engagement_", "box_", "unit_")) else v for k, v in row.items()}
    nobody.update(track=0, used_face=False, abstain=True)
    line, other = (json.dumps(r).encode() + b"\n" for r in (row, nobody))
    yield line
    yield line + other
    yield other + line[:-40]
    yield line.replace(b"0.25", b"1e400")
    yield b"{}\n[]\nnull\n"


def jpeg(w, h):
    """Baseline, grey all over: one component, tables of two codes each."""
    def part(marker, body):
        return struct.pack(">BBH", 0xff, marker, 2 + len(body)) + body
    two_codes = bytes([1, 1] + 14 * [0] + [0, 1])
    blocks = (w + 7) // 8 * ((h + 7) // 8)
    bits = "0" * 2 * blocks
    bits += "1" * (-len(bits) % 8)
    data = bytes(int(bits[i:i + 8], 2) for i in range(0, len(bits), 8))
    return (b"\xff\xd8" + part(0xdb, bytes(1) + bytes([1] * 64)) +
            part(0xc0, struct.pack(">BHHB", 8, h, w, 1) + b"\x01\x11\0") + part(0xc4, b"\0" + two_codes) +
            part(0xc4, b"\x10" + two_codes) + part(0xda, b"\x01\x01\0\0\x3f\0") + data.replace(b"\xff", b"\xff\0") +
            b"\xff\xd9")


def messages():
    def media(kind, data):
        return struct.pack("<BBHIq", 1, kind, 0, 7, 125000) + data
    token = b"0123456789abcdef0123456789abcdef"
    yield b"\0" + b'{"type":"hello","version":1,"video":true,"audio":false,"resume":"' + token + b'","keep":false}'
    yield b"\0" + b'{"type":"stream","stream":"audio","on":false}'
    yield b"\0" + b'{"type":"keep","consent":"1"}'
    yield b"\0" + b'{"type":"end"}'
    yield b"\1" + media(1, jpeg(16, 8))
    yield b"\1" + media(2, samples(100))
    host = b"127.0.0.1:8765\n"
    yield b"\2" + host + b"http://" + host + b"Bearer " + token
    yield b"\2" + host + b"\n\na=b; attune_8765=" + token
    yield b"\2" + host + b"\n\n\n" + token
    yield b"\3" + jpeg(40, 24)
    yield b"\3" + jpeg(400, 24)
    yield b"\3" + jpeg(40, 24)[:-4]
    yield b"\3" + jpeg(40, 24).replace(b"\xff\xc0", b"\xff\xc2")


def box():
    """What a decoder's child says: kinds of messages (fuzz/box.c) with their times, and bytes that are changed."""
    def say(*kinds):
        return b"".join(bytes([kind, 0, 0, t]) for t, kind in enumerate(kinds, 1))
    yield say(2, 3, 4, 3, 4, 5)
    yield say(2, 6)
    yield say(2, 3, 3)
    for at in range(24, 72):  # the picture's format, size, colours, shape and place
        yield say(2, 3) + bytes([9, at, 0, 1]) + say(3)


def main():
    for maker in weights, media, box, csv, recipe, timeline, messages:
        folder = os.path.join(sys.argv[1], maker.__name__)
        os.makedirs(folder, exist_ok=True)
        for i, content in enumerate(maker()):
            with open(os.path.join(folder, f"seed{i}"), "wb") as f:
                f.write(content)


if __name__ == "__main__":
    main()
