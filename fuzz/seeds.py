#!/usr/bin/env python3
"""Writes the seed inputs of the fuzz programs: seeds.py FOLDER makes FOLDER/{weights,...}/.

Clips of every container and codec that may be opened (src/media/av_allowed.c) are made by ffmpeg, where it is
there.
"""

import concurrent.futures
import gzip
import json
import math
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib

HERE = pathlib.Path(__file__).resolve().parent


def safetensors(tensors, meta=None):
    """tensors: name -> (dtype, shape, bytes)."""
    header, data = ({"__metadata__": meta} if meta else {}), b""
    for name, (dtype, shape, raw) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape,
                        "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header, separators=(",", ":")).encode()
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
    yield safetensors({"a": ("F32", [2, 3], one), "b": ("F16", [3], half)}, {"xxh64": "0123456789abcdef"})
    for header in (b"{}", b"[]", b"{", b'{"__metadata__":1}', b'{"__metadata__":{"a":1}}', b'{"a":1}', b'{"a":{}}',
                   b'{"a":{"dtype":"F32","shape":1}}', b'{"a":{"dtype":"F32","shape":[-1]}}',
                   b'{"a":{"dtype":"F32","shape":[2147483647,2147483647,2147483647]}}',
                   b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}}',
                   b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,99]}}',
                   b'{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,4]}}',
                   b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[2,6]},"b":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}}',
                   b'{"' + 300 * b"a" + b'":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'):
        yield struct.pack("<Q", len(header)) + header + 8 * b"\0"
    yield struct.pack("<Q", 1 << 60) + b"{}"
    yield b"short"


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
    yield wav(1000000, 1, 400)
    yield wav(16000, 40, 40)
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
    yield b"a,b\n1,2,3\n"
    yield b"a\n"
    yield b'"a""b","c,d"\nx,y\n'
    yield b""
    yield gzip.compress(b"a,b\n" + 22000 * b"1,2\n", mtime=0)
    yield gzip.compress(b"a,b\n" + 99000 * b"1,2\n", mtime=0)
    packed = gzip.compress(b"a,b,c\n1,2,3\n", mtime=0)
    yield packed + packed
    yield packed[:-5]


def paths_in(value, path=()):
    """(path, value) of all that is in JSON, of a list its first."""
    inside = value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
    for key, inner in inside:
        yield path + (key,), inner
        yield from paths_in(inner, path + (key,))


def put_at(root, path, value):
    other = json.loads(json.dumps(root))
    at = other
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return json.dumps(other).encode()


def recipe():
    """A NUL, and base.json."""
    yield b'{"kind": "visual", "name": "a", "epochs": 3, "data": {"name": "x", "share": 0.5}}'
    seen = set()
    for path in sorted((HERE / ".." / "recipes").glob("*.json")):
        yield path.read_bytes()
        root = json.loads(path.read_bytes())
        root.pop("base", None)
        for where, value in paths_in(root):
            if where in seen:
                continue
            seen.add(where)
            for other in "", 0.5, -1e18, [], {}, 70 * [value], None:
                yield put_at(root, where, other)
    visual = json.loads((HERE / "../recipes/visual_base.json").read_bytes())
    visual["name"] = "b"
    for more in ({"frozen": "all"}, {"frozen": "trunk"}, {"frozen": "network", "init": "a"}, {"sizes": [{"side": 160, "epochs": 1}]}):
        yield json.dumps({**visual, **more}).encode()
    yield b'{"kind": "audio", "name": "../a"}'
    yield b'{"kind": "audio", "name": "a", "base": "nowhere.json"}'
    yield b'{"kind": "audio", "name": "a", "base": 1}'
    yield b'{"kind": 1, "name": "a"}'
    yield b'{"kind": "audio", "kind": "visual", "name": "b"}'
    yield b'["kind", {"name": [[[[1e309]]]]}]'
    yield b'{"name": "b", "base": "base.json", "losses": {"lacking": 2}, "data": null, "x": {"y": 1}}\0' \
          b'{"kind": "audio", "name": "a", "epochs": 4, "losses": {"lacking": 1}, "data": {"sets": []}, "x": 3}'
    yield b'{"kind": "audio", "name": "b", "base": "base.json"}\0{"base": "recipe.json"}'
    yield b'{"kind": "audio", "name": "b", "base": "base.json"}\0[]'
    yield b'{"kind": "hog", "name": "b", "data": {"sets": [{"dataset": "ferplus", "train": "train", "share": 0.5}]}}'
    yield b'{"kind": "functionals", "name": "b", "base": "b", "data": {"sets": [{"dataset": "ravdess"}]}}'


def rows():
    """A row of a timeline, and one of nobody."""
    units = re.findall(r'\{"(\w+)", \d+\}', (HERE / "../src/base/names.c").read_text(encoding="utf-8"))
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
    return row, nobody


def timeline():
    row, nobody = rows()
    line, other = (json.dumps(r).encode() + b"\n" for r in (row, nobody))
    for key in row:
        for value in None, -5, 1e300, "x", True:
            yield json.dumps({**row, key: value}).encode() + b"\n"
        yield json.dumps({k: v for k, v in row.items() if k != key}).encode() + b"\n"
    yield json.dumps({**row, "start_s": 3.0}).encode() + b"\n"
    yield json.dumps({**nobody, "box_x": 1.0}).encode() + b"\n"
    yield json.dumps({**row, "start_s": 5.0, "end_s": 7.0}).encode() + b"\n" + line
    yield line[:-1]
    yield b"x" * 70000
    yield line + b"\0" + line
    yield line
    yield line + other
    yield other + line[:-40]
    yield line.replace(b"0.25", b"1e400")
    yield b"{}\n[]\nnull\n"


def report():
    """summary.json, a NUL, timeline.jsonl."""
    row, nobody = rows()
    lines = [json.dumps({**r, "start_s": max(0, k / 2 - 2.5), "end_s": (k + 1) / 2}).encode() + b"\n"
             for k, r in enumerate((row, nobody, row, row))]
    states = {s: {"usual_level": 1.0, "usual_deviation": 0.5} for s in "boredom engagement confusion frustration".split()}
    summary = {"input": "a.mp4", "interrupted": False, "windows": 4, "duration_s": 2.0, "container_s": None, "has_video": True,
               "has_audio": True, "width": 64, "height": 48, "frames": 20, "frames_with_face": 10, "smallest_face": None,
               "truncated": False, "truncated_reason": "", "elapsed_s": 0.1, "notes": ["a note"],
               "options": {"rate": 10, "window_s": 3.0, "hop_s": 0.5, "max_tracks": 1, "no_video": False, "no_audio": False,
                           "no_baseline": False, "causal": False},
               "model": {"path": "m.safetensors", "name": "m", "version": "1", "limits": "<b>"}, "all": {"states": states}}
    whole = b"".join(lines)
    yield json.dumps(summary).encode() + b"\0" + whole
    for path, value in paths_in(summary):
        for other in (None, -1, 1e18, "x", 0, {}, [], True, 30 * ["n"]):
            if not isinstance(value, dict) or other in (None, {}, 0):
                yield put_at(summary, path, other) + b"\0" + whole
    yield json.dumps({**summary, "model": {f"k{k}": "v" for k in range(20)}}).encode() + b"\0" + whole
    yield json.dumps({**summary, "truncated": True, "truncated_reason": "\u202e<b>", "interrupted": True}).encode() + b"\0" + whole
    yield json.dumps({**summary, "windows": 2, "duration_s": 0.5}).encode() + b"\0" + 2 * json.dumps(row).encode().join([b"", b"\n"])
    yield b"{\0"
    yield json.dumps(summary).encode() + b"\0" + whole[:-20]


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
    for text in ('[]', '{"type":"hello"}', '{"type":"hello","version":1,"video":1}', '{"type":"hello","version":2,"resume":"xyz"}',
                 '{"type":"hello","version":1,"resume":1}', '{"type":"hello","version":1,"resume":null,"keep":true}',
                 '{"type":"stream"}', '{"type":"stream","stream":"video","on":1}', '{"type":"stream","stream":"sound","on":true}',
                 '{"type":"keep","consent":"\u0001"}', '{"type":"keep"}', '{"type":"forget"}', '{"type":"no"}'):
        yield b"\0" + text.encode()
    yield b"\0" + b'{"type":"hello","version":1,"resume":"' + 99 * b"a" + b'"}'
    for head in ("BBHIq", 2, 1, 0, 7, 0), ("BBHIq", 1, 9, 0, 7, 0), ("BBHIq", 1, 2, 0, 7, -1), ("BBHIq", 1, 1, 5, 7, 0):
        yield b"\1" + struct.pack("<" + head[0], *head[1:]) + b"xx"
    yield b"\1" + media(2, b"xxx")
    yield b"\1" + media(2, bytes(70000))
    yield b"\1" + media(1, b"")
    yield b"\1" + media(1, jpeg(16, 8))
    yield b"\1" + media(2, samples(100))
    host = b"127.0.0.1:8765\n"
    yield b"\2" + host + b"http://" + host + b"Bearer " + token
    yield b"\2" + host + b"\n\na=b; attune_8765=" + token
    yield b"\2" + host + b"\n\n\n" + token
    yield b"\2" + b"localhost:8765\n\n\na=1; attune_8765=no, attune_8765=" + token
    yield b"\2" + b"[::1]:8765\n\nBearer no"
    yield b"\2" + b"example.org\n\nBearer " + token
    yield b"\2" + host + b"https://" + host + b"Bearer " + token
    grey = jpeg(40, 24)
    yield b"\3" + grey[:2] + grey[grey.index(b"\xff\xc0"):]  # no tables
    yield b"\3" + grey.replace(b"\x08\0\x18\0\x28", b"\x08\0\0\0\x28")
    yield b"\3" + grey[:-2] + grey[grey.index(b"\xff\xc0"):]
    yield b"\3" + grey[:grey.index(b"\xff\xc0") + 6]
    yield b"\3" + grey[:grey.index(b"\xff\xda")]
    yield b"\3" + grey[:4]
    yield b"\3GIF89a"
    yield b"\3" + jpeg(40, 24)
    yield b"\3" + jpeg(400, 24)
    yield b"\3" + jpeg(40, 24)[:-4]
    yield b"\3" + jpeg(40, 24).replace(b"\xff\xc0", b"\xff\xc2")


def box():
    """What a decoder's child says: kinds of messages (fuzz/box.c) with their times, and bytes that are changed."""
    def say(*kinds):  # kinds: at_wire_kind
        return b"".join(bytes([kind, 0, 0, t]) for t, kind in enumerate(kinds, 1))
    yield say(2, 3, 4, 3, 4, 5)
    yield say(2, 6)
    yield say(2, 3, 3)
    for at in range(24, 72):  # the picture's format, size, colours, shape and place
        yield say(2, 3) + bytes([9, at, 0, 1]) + say(3)
    for at in range(0, 1200, 4):  # what was opened, sound, an error
        for kind in (2, 4, 6) if at < 160 else (2,):
            yield say(*((2, kind) if kind != 2 else (2,))) + bytes([9, at + 3 & 255, at + 3 >> 8, 0x81]) + say(3)
            yield say(*((2, kind) if kind != 2 else (2,))) + bytes([9, at & 255, at >> 8, 7]) + say(3)
    yield say(2, 4) + bytes([9, 32, 0, 0xff]) + bytes([9, 33, 0, 0xff]) + bytes([9, 34, 0, 0xff]) + bytes([9, 35, 0, 0xff]) + say(3)
    yield say(1, 1)
    yield say(2, 5, 3)


# ---- clips of every kind ------------------------------------------------------------------------

# What ffmpeg is asked for, by the output's ending; its sources come before.
PICTURE = "-f lavfi -i testsrc=s=48x32:r=10:d=0.5"
SOUND = "-f lavfi -i sine=f=300:r={rate}:d=0.5"
VIDEO = {
    "mp4": ["libx264 -preset ultrafast", "libx265 -preset ultrafast", "mpeg4", "libaom-av1 -cpu-used 8", "mjpeg"],
    "mov": ["libx264 -preset ultrafast -movflags faststart", "prores", "cinepak", "dnxhd -profile:v dnxhr_lb -s 256x120",
            "rawvideo"],
    "mkv": ["libx264 -preset ultrafast -bf 2", "libx265 -preset ultrafast -pix_fmt yuv420p10le", "libvpx",
            "libvpx-vp9", "ffv1", "huffyuv", "ffvhuff", "utvideo", "libtheora", "mpeg2video", "rawvideo -pix_fmt yuv422p",
            "rawvideo -pix_fmt gray", "libsvtav1 -s 64x64", "libx264 -pix_fmt yuv444p",
            *(f"libx264 -preset ultrafast -colorspace {c}" for c in ("bt709", "bt2020nc", "fcc", "smpte240m")), "mjpeg -pix_fmt yuvj444p"],
    "webm": ["libvpx", "libvpx-vp9"],
    "avi": ["mpeg4", "msmpeg4v2", "msmpeg4", "mjpeg", "rawvideo -pix_fmt bgr24", "huffyuv", "libx264 -preset ultrafast"],
    "mpg": ["mpeg1video -r 25", "mpeg2video -r 25"],
    "ts": ["libx264 -preset ultrafast", "mpeg2video -r 25", "libx265 -preset ultrafast"],
    "flv": ["flv", "libx264 -preset ultrafast"],
    "asf": ["wmv1", "wmv2", "msmpeg4"],
    "ogv": ["libtheora"],
    "mxf": ["mpeg2video -r 25"],
    "3gp": ["h263 -s 128x96", "mpeg4"],
    "m4v": ["mpeg4"],
    "gif": ["gif"],
    "y4m": ["wrapped_avframe", "wrapped_avframe -pix_fmt gray"],
    "ivf": ["libvpx", "libaom-av1 -cpu-used 8"],
    "obu": ["libaom-av1 -cpu-used 8"],
    "h264": ["libx264 -preset ultrafast"],
    "hevc": ["libx265 -preset ultrafast"],
    "mjpeg": ["mjpeg"],
    "dv": ["dvvideo -s 720x576 -r 25 -pix_fmt yuv420p -frames:v 1"],
}
AUDIO = {
    "wav": ["pcm_s16le", "pcm_u8", "pcm_s24le", "pcm_s32le", "pcm_f32le", "pcm_f64le", "pcm_alaw", "pcm_mulaw",
            "adpcm_ms", "adpcm_ima_wav", "adpcm_yamaha", "libgsm_ms -ar 8000", "g726 -ar 8000",
            "pcm_s16le -ac 6 -t 0.2", *(f"{codec} -ac 2 -af pan=stereo|c0=c0|c1=-1*c0" for codec in (
                "pcm_s16le", "pcm_u8", "pcm_s32le", "pcm_f64le"))],
    "w64": ["pcm_s16le"],
    "aiff": ["pcm_s16be", "pcm_s8", "pcm_s24be"],
    "au": ["pcm_s16be", "pcm_f32be", "pcm_mulaw"],
    "caf": ["alac", "pcm_s32be", "adpcm_ima_qt"],
    "mp3": ["libmp3lame"],
    "mp2": ["mp2"],
    "aac": ["aac"],
    "flac": ["flac"],
    "ac3": ["ac3"],
    "eac3": ["eac3"],
    "ogg": ["libvorbis", "libopus", "flac", "libspeex -ar 16000"],
    "mka": ["dca -strict -2 -ar 48000 -t 0.2", "libopus", "g722 -ar 16000 -f matroska", "pcm_f64le", "aac -ac 2"],
    "wma": ["wmav1", "wmav2"],
    "flv": ["nellymoser -ar 8000", "adpcm_swf -ar 22050"],
    "latm": ["aac -f latm"],
    "gsm": ["libgsm -ar 8000"],
}
STILLS = ["png", "jpg", "bmp", "webp", "tiff", "pgm", "ppm", "png -pix_fmt pal8", "png -pix_fmt gray16be",
          "png -pix_fmt rgba", "png -pix_fmt monob", "jpg -pix_fmt yuvj422p", "tiff -pix_fmt gray"]
# More than one thing at once: tracks, turns, covers, what interleaves badly.
OTHERS = {
    "tracks.mkv": f"{PICTURE} {PICTURE} {SOUND} {SOUND} -map 0 -map 1 -map 2 -map 3 -c:v mpeg4 -c:a aac",
    "both.mp4": f"{PICTURE} {SOUND} -c:v libx264 -preset ultrafast -c:a aac -shortest",
    "both.ts": f"{PICTURE} {SOUND} -c:v mpeg2video -r 25 -c:a mp2 -shortest",
    "both.avi": f"{PICTURE} {SOUND} -c:v mpeg4 -c:a libmp3lame",
    "both.mpg": f"{PICTURE} {SOUND} -c:v mpeg1video -r 25 -c:a mp2",
    "wide.mkv": f"{PICTURE} -vf setsar=3/2 -c:v mpeg4",
    "fields.mkv": f"{PICTURE} -c:v mpeg2video -r 25 -flags +ildct+ilme -top 1",
    "late.mkv": f"{PICTURE} -itsoffset 3 {SOUND} -map 0 -map 1 -c:v mpeg4 -c:a flac",
    "cover.mp3": f"{SOUND} {PICTURE} -map 0 -map 1 -frames:v 1 -c:a libmp3lame -c:v mjpeg -disposition:v attached_pic",
    "fragments.mp4": f"{PICTURE} -c:v libx264 -preset ultrafast -movflags frag_keyframe+empty_moov",
    "unknown.mkv": f"{PICTURE} -c:v zmbv",
    "captions.mkv": f"{PICTURE} -c:v mpeg4 -metadata title=captions",
}


def clip_orders():
    """(name, ffmpeg's arguments) of each clip."""
    for ending, codecs in VIDEO.items():
        for i, codec in enumerate(codecs):
            yield f"v{i}.{ending}", f"{PICTURE} -pix_fmt yuv420p -c:v {codec}"
    for ending, codecs in AUDIO.items():
        for i, codec in enumerate(codecs):
            yield f"a{i}.{ending}", f"{SOUND} -c:a {codec}"
    for i, still in enumerate(STILLS):
        ending, *options = still.split(" ", 1)
        yield f"s{i}.{ending}", f"{PICTURE} -frames:v 1 {' '.join(options)}"
    yield from OTHERS.items()


def encode(folder, name, order):
    """What ffmpeg cannot make, in this build of it, is left out."""
    rate = re.search(r"-ar (\d+)", order)
    words = order.format(rate=rate[1] if rate else 16000).split()
    path = folder / name
    done = subprocess.run(["ffmpeg", "-nostdin", "-v", "quiet", "-y", *words, "-threads", "1", "-fflags", "+bitexact",
                           "-flags:v", "+bitexact", path], check=False, stderr=subprocess.DEVNULL)
    return path.read_bytes() if done.returncode == 0 and path.is_file() else b""


def turned(clip):
    """The same MP4, said to lie on its side: the matrices of its tracks."""
    upright = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
    return clip.replace(upright, struct.pack(">9i", 0, 0x10000, 0, -0x10000, 0, 0, 0, 0, 0x40000000))


def too_large(png):
    """The same picture, said to have too many pixels, and a side that is too long."""
    for w, h in (16000, 16000), (40000, 9), (600, 600):
        size = b"IHDR" + struct.pack(">II", w, h) + png[24:29]
        yield png[:12] + size + struct.pack(">I", zlib.crc32(size)) + png[33:]


def clips():
    if not shutil.which("ffmpeg"):
        return
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        made = dict(zip((name for name, _ in clip_orders()),
                        pool.map(lambda order: encode(pathlib.Path(folder), *order), clip_orders())))
    yield from (clip for clip in made.values() if clip)
    both = made["both.mp4"]
    if both:
        yield turned(both)
        yield both[:len(both) // 2]  # its index is lost
    for name in "both.ts", "v0.mkv", "v1.webm", "a0.ogg", "a0.flac", "s1.jpg", "v0.gif":
        yield made[name][:2 * len(made[name]) // 3]
    yield from too_large(made["s0.png"])
    yield b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1/a.ts\n"
    yield b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=audio 9 RTP/AVP 0\n"
    yield b"ffconcat version 1.0\nfile a.mp4\n"
    yield b"this is a text\n"
    yield b""
    yield bytes(3000)
    for n in range(100, min(1200, len(made["v0.mov"])), 100):  # its index breaks off
        yield made["v0.mov"][:n]
    if made["both.ts"]:
        yield made["both.ts"] + made["both.ts"]  # its clock goes back


# ---- models, checkpoints, stores ----------------------------------------------------------------

def model():
    """Parts, a kind of fusion, changes (fuzz/model.c)."""
    face, voice, expert, spatial, temporal, detector, hog, plain, measures = (1 << i for i in range(9))

    def of(parts, kind, *changes, text=b""):
        return struct.pack("<HBB", parts, kind, len(changes)) + b"".join(
            struct.pack("<BHB", *c) for c in changes) + text
    for kind in range(9):
        yield of(measures, kind)
        yield of(face | voice | expert | spatial | temporal | measures | plain, kind)
    yield of(detector | hog, 8)
    yield of(detector | hog | measures, 2)
    yield of(voice, 0, text=b'{"mean": [1, 1, 1, 1], "deviation": [1, 1, 1, 1]}')
    yield of(voice, 0, text=b'{"mean": [1, 1, 1, 9], "deviation": [1, 1, 1]}')
    yield of(face, 0)
    for how in range(9):
        for by in range(10):
            yield of(measures, by % 7, *((how, 37 * (how + by) + 11 * i, by) for i in range(3)))
            yield of(detector | hog, 8, (how, 41 * (how + by), by))
    for array in range(0, 80, 4):
        for how in 0, 2:  # the voice's and its expert's, the encoders' behind the face's
            yield of(voice | expert, 8, (how, array, 2))
            yield of(face | spatial | temporal, 8, (how, 270 + array, 2))
        yield of(face | spatial | temporal, 8, (6, 270 + array, 0))
        yield of(face, 8, (0, 4 * array, 2))


def checkpoint():
    def block(*values):
        return struct.pack(f"<{len(values)}f", *values)
    weight, bias = ("F32", [3, 4]), ("F32", [4])
    arrays = {}
    for kind in "", "m/", "v/", "ema/":
        arrays[kind + "audio.weight"] = (*weight, block(*(i / 8 for i in range(12))))
        arrays[kind + "audio.bias"] = (*bias, block(1, 2, 3, 4))
    state = {"step": "3", "steps": "9", "updates": "3", "stamp": "00000000000000ff", "best": "0x1p-1", "score": "0.5",
             "loss": "1", "rate": "1", "waited": "1", "stale": "2", "skipped": "1", "loss_scale": "0x1p+4",
             "good_steps": "5"}
    yield safetensors(arrays, state)
    yield safetensors(arrays, {k: v for k, v in state.items() if k not in ("rate", "skipped", "loss_scale")})
    for key in state:
        for value in "", "-1", "nan", "99", "x":
            yield safetensors(arrays, {**state, key: value})
        yield safetensors(arrays, {k: v for k, v in state.items() if k != key})
    for name, (kind, shape, raw) in arrays.items():
        yield safetensors({k: v for k, v in arrays.items() if k != name}, state)
        yield safetensors({**arrays, name: (kind, [2, 2], raw[:16])}, state)
        yield safetensors({**arrays, name: (kind, shape, raw[:-4] + block(math.nan))}, state)
        yield safetensors({**arrays, name: (kind, shape, raw[:-4] + block(-1))}, state)
    yield safetensors({**arrays, "audio." + 90 * "long": (*bias, block(1, 2, 3, 4))}, state)
    yield safetensors({**arrays, "audio.deep": ("F32", 7 * [1], block(1))}, state)


def store():
    """Cells (a column, a row, a value), or bytes (fuzz/store.c)."""
    yield b"\0"
    yield b"\1\0"
    for column in range(110):
        for value in range(column % 5, 16, 5):
            yield bytes([1, 1, column, 1, value]) + b"caf\xc3\xa9 \x1b[0m"
    for at in range(0, 100, 2):
        yield b"\0" + bytes([at, 0, 0, 0xff])
    yield b"\0" + bytes([0, 0, 0, ord("S")]) + b"\x80"


# ---- data sets, names ---------------------------------------------------------------------------

def folder(asked, files):
    return asked.encode() + b"\n" + b"\n".join(b"@" + name.encode() + b"\n" + content
                                               for name, content in files.items())


def corpus():
    head = "file,subject,emotion,split,quality,boredom,engagement,confusion,frustration,engagement3\n"
    rows = [f"{k}.wav,p{k % 4},{word},{part},{grade},{k % 5},2,,0,{k % 3}" for k, (word, part, grade) in enumerate(
        zip(("happy", "sad", "calm", "angry", "joy", "", "bored", "fear", "neutral", "surprise"),
            10 * ("train", "val", "test"), 10 * ("normal", "low_quality", "occluded", "")))]
    files = {"manifest.csv": (head + "\n".join(rows)).encode(), "qualities.csv": b"file,quality\n1.wav,normal\n",
             **{f"{k}.wav": b"x" for k in range(9)}}
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"
    parts = ("random:train", "people:valid:3", "random:test,valid:quality", "people:fold1/3", "random:nofold0/2:quality:9")
    for split in ("all", "notest", "train", "subject=p1,p2", "split=val+fold2", "nofold1", "fold9", "nothing=1", *parts):
        for name in "manifest", "voices_more", "daisee-frames", "javanese_av", "faces-diverse":
            yield folder(f"{name} {split}", files)
    yield folder("manifest all", {**files, "0.wav": pointer})
    yield folder("manifest all", {"manifest.csv": (head + rows[0] + "\n" + rows[0].replace("happy", "sad")).encode(),
                                  "0.wav": b"x"})
    yield folder("manifest all", {"manifest.csv": b"\xef\xbb\xbfpath;x\n,,\n"})
    yield folder("manifest all", {"sub/manifest.csv": b"file,expression,colour\n/etc/hostname,happy,red\n,happy,\n,,\n"})
    votes = "usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF\n"
    fer = {"fer2013new.csv": (votes + "Training,a.png,8,0,0,2,0,0,0,0,0,0\nTraining,b.png,1,1,1,1,1,1,1,1,1,1\n"
                              "PublicTest,c.png,4,4,0,0,0,0,0,0,2,0\nPrivateTest,d.png,0,0,0,0,0,0,0,0,9,1\n"
                              "Training,e.png,x,0,0,0,0,0,0,0,0,0\nOther,f.png,1,2\n").encode(),
           "FER2013Train/a.png": b"x", "FER2013Train/b.png": b"x", "FER2013Valid/c.png": b"x"}
    listed = {**fer, "fer2013_labels.csv": b"split,png,fer2013_label\nFER2013Train,a.png,happy\nFER2013Valid,c.png,9\n"
                                           b"FER2013Train,b.png,3\nFER2013Train,,3\nFER2013Train,b.png,\n"}
    pixels = " ".join(str(i % 256) for i in range(48 * 48))
    for split in "all", "train", "valid", "test", "sideways", "random:train":
        yield folder(f"ferplus {split}", fer)
        yield folder(f"fer2013 {split}", listed)
        yield folder(f"fer2013 {split}", {"fer2013.csv": f"emotion,pixels,Usage\n3,{pixels},Training\n6,1 2 3,PublicTest\n"
                                                         f"7,{pixels},PrivateTest\n".encode()})
        yield folder(f"fer2013 {split}", {"in/train/happy/a.png": b"x", "in/test/3/b.png": b"x", "in/what/c.png": b"x"})
    yield folder("fer2013 all", {"train.csv": f"pixels,emotion\n{pixels},0\n{pixels},sad\n".encode()})
    yield folder("fer2013 all", {"train.csv": b"emotion\n1\n"})
    yield folder("ferplus all", {"fer2013new.csv": b"a,b,c\n1,2,3\n"})
    takes = {f"Actor_{a:02d}/0{m}-0{c}-0{e}-01-01-01-{a:02d}.{kind}": b"x" for a, m, c, e, kind in (
        (1, 3, 1, 1, "wav"), (2, 3, 1, 8, "flac"), (2, 1, 1, 8, "mp4"), (3, 2, 1, 2, "mp4"), (4, 3, 2, 3, "wav"),
        (5, 3, 1, 9, "wav"), (6, 1, 1, 3, "mp4"))}
    for split in "all", "fold0", "nofold1", "actors=1,2", "clips", "clips+fold1", "clips+all", "fold7", "people:train":
        yield folder(f"ravdess {split}", {**takes, "note.txt": b"x", "03-01.wav": b"x"})
    labels = b"ClipID,Boredom,Engagement,Confusion,Frustration \n1.avi,0,1,2,3\n2.mp4,0,9,,3\n3.avi,0,1,2,3\n,1\n"
    daisee = {"DataSet/Train/7/1/1.avi": b"x", "DataSet/Train/7/2/2.avi": b"x", "DataSet/Test/8/4/4.avi": b"x",
              "DataSet/Validation/9/5/5.mkv": b"x", "Labels/TrainLabels.csv": labels, "Labels/TestLabels.csv": b"ClipID\n4.avi\n"}
    for split in "all", "train", "val", "test", "notest", "no":
        yield folder(f"daisee {split}", daisee)
    wacv = {f"{c}/img{p}_{p}.jpg": b"x" for c in ("0_disengaged", "1_partial", "2_engaged") for p in range(4)}
    for split in "all", "fold1", "nofold2", "people=1,3", "fold4", "people:test":
        yield folder(f"wacv-engagement {split}", wacv)
    crema = {"VideoFlash/1001_DFA_ANG_XX.flv": pointer, "AudioWAV/1001_DFA_ANG_XX.wav": b"x",
             "AudioWAV/1002_DFA_NEU_XX.wav": b"x", "AudioWAV/1002.wav": b"x"}
    for split in "all", "clips", "voices", "other":
        yield folder(f"crema-d {split}", crema)
        yield folder(f"crema-d {split}", {**crema, "VideoFlash/1003_DFA_SAD_XX.flv": b"x"})
    for split in "all", "mine", "none":
        yield folder(f"folder {split}", {"mine/happy/a.jpg": b"x", "sad/b.wav": b"x", "sad/c.txt": b"x", "d.mp4": b"x",
                                         "odd/e.mp4": b"x", "valid/joy/f.mp4": b"x"})
    for column, one, two in (("subject", "a", "b"), ("emotion", "sad", "joy"), ("engagement3", "0", "1"), ("boredom", "", "2"),
                             ("boredom", "1", "2"), ("engagement3", "", "full"), ("subject", "", "b")):
        yield folder("manifest all", {"manifest.csv": f"file,{column},emotion\na.wav,{one},\na.wav,{two},\n".encode(),
                                      "a.wav": b"x"})
    twice = (votes + "Training,a.png,8,0,0,2,0,0,0,0,0,0\nTraining,a.png,0,9,0,0,0,0,0,0,0,0\n").encode()
    yield folder("ferplus all", {"fer2013new.csv": twice, "FER2013Train/a.png": b"x"})
    for split in ("all", "people:train", "corpus=a+people:test", "split=" + 170 * "x", "random:", "all+all+all", "random:a+all",
                  "file=a+" * 9 + "all", "random:train+nothing=1", "random:valid:quality+all"):
        yield folder(f"voices-more {split}", {
            "manifest.csv": b"file,corpus,speaker,emotion\na.wav,a,korean-1,sad\nb.wav,a,korean-2,angry\nc.wav,b,x,happy\n",
            "a.wav": b"x", "b.wav": b"x", "c.wav": b"x", "qualities.csv": b"file,grade\n"})
    yield folder("manifest all", {"manifest.csv": b"file,engagement3\na.wav,no\n", "a.wav": b"x"})
    yield folder("manifest all", {"manifest.csv": b"file,colour\na.wav,no\n"})
    yield folder("daisee-frames all", {"manifest.csv": b"file,emotion\na.wav,sad\n"})
    yield folder("manifest all", {"manifest.csv": b"file,emotion\n" + 4200 * b"a" + b".wav,sad\n"})
    yield folder("manifest people:train", {"manifest.csv": b"file,emotion\na.wav,sad\n", "a.wav": b"x"})
    yield folder("manifest all", {"a.wav": b"x"})
    yield folder("ferplus all", {"a.png": b"x"})
    yield folder("fer2013 train", {"happy/a.png": b"x"})
    yield folder("daisee all", {"a": b"x"})
    yield folder("nobody's all", {})


def writers():
    """Texts apart by NULs, behind a byte (fuzz/writers.c)."""
    hostile = ("a<b>\"'&", "\x1b[2J\r\n", "\u202egpj.exe", "\u200b\ufeff", "</script><script>alert(1)", "-->", "=1+1",
               "\U000e0041", "caf\u00e9/\u0645\u200d\u0645", "]]>", "http://u:p@h/x?k=secret#f", "..", "/", "")
    raw = [t.encode() for t in hostile] + [b"\xff\xfe", b"\xed\xa0\x80", b"\xf0\x9f", b"\xc0\xaf", 600 * b"\xc3\xa9"]
    for text in raw:
        yield b"-" + b"\0".join(13 * [text])
    yield b"p" + b"\0".join(raw[:13])
    yield b"-" + b"\0".join(raw[-13:])
    yield b"-" + b"/a/" + 700 * b"b" + b"///"


MAKERS = (weights, media, clips, box, csv, recipe, timeline, report, messages, model, checkpoint, store, corpus, writers)
INTO = {clips: "media"}


def main():
    for maker in MAKERS:
        shutil.rmtree(pathlib.Path(sys.argv[1]) / maker.__name__, ignore_errors=True)
    for maker in MAKERS:
        into = pathlib.Path(sys.argv[1]) / INTO.get(maker, maker.__name__)
        into.mkdir(parents=True, exist_ok=True)
        for i, content in enumerate(maker()):
            (into / f"{maker.__name__}{i}").write_bytes(content)


if __name__ == "__main__":
    main()
