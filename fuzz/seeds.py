#!/usr/bin/env python3
"""Writes the seed inputs of the fuzz programs: seeds.py FOLDER makes FOLDER/{weights,...}/.

Clips come from seed_clips.py, data sets from seed_sets.py.
"""

import gzip
import json
import math
import pathlib
import re
import shutil
import struct
import sys

from seed_clips import clips, media, samples
from seed_sets import corpus

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests"))

import onnx_files  # noqa: E402


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
                   b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[2,6]},'
                   b'"b":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}}',
                   b'{"' + 300 * b"a" + b'":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'):
        yield struct.pack("<Q", len(header)) + header + 8 * b"\0"
    yield struct.pack("<Q", 1 << 60) + b"{}"
    yield b"short"


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
    for more in ({"frozen": "all"}, {"frozen": "trunk"}, {"frozen": "network", "init": "a"},
                 {"sizes": [{"from": 0, "side": 160}]}):
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
    states = {s: {"usual_level": 1.0, "usual_deviation": 0.5}
              for s in "boredom engagement confusion frustration".split()}
    summary = {"input": "a.mp4", "interrupted": False, "windows": 4, "duration_s": 2.0, "container_s": None,
               "has_video": True, "has_audio": True, "width": 64, "height": 48, "frames": 20,
               "frames_with_face": 10, "smallest_face": None, "truncated": False, "truncated_reason": "",
               "elapsed_s": 0.1, "notes": ["a note"],
               "options": {"rate": 10, "window_s": 3.0, "hop_s": 0.5, "max_tracks": 1, "no_video": False,
                           "no_audio": False, "no_baseline": False, "causal": False},
               "model": {"path": "m.safetensors", "name": "m", "version": "1", "limits": "<b>"},
               "all": {"states": states}}
    whole = b"".join(lines)
    yield json.dumps(summary).encode() + b"\0" + whole
    for path, value in paths_in(summary):
        for other in (None, -1, 1e18, "x", 0, {}, [], True, 30 * ["n"]):
            if not isinstance(value, dict) or other in (None, {}, 0):
                yield put_at(summary, path, other) + b"\0" + whole
    for more in ({"model": {f"k{k}": "v" for k in range(20)}}, {"windows": 2, "duration_s": 0.5},
                 {"truncated": True, "truncated_reason": "\u202e<b>", "interrupted": True}):
        yield json.dumps({**summary, **more}).encode() + b"\0" + whole
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


def text():
    chat = pathlib.Path(__file__).parent.parent / "tests/chat/dev.tsv"
    for line in chat.read_text(encoding="utf-8").splitlines()[::4]:
        yield line.split("\t")[-1].encode()
    yield b'"\xe2\x80\x9cI am sad\xe2\x80\x9d" `x` > x\n> y\nwww.a b://c i_a f(x) \xef\xbd\x81 u\xcc\x88 \xf0\x9f\xa4\xa6\xf0\x9f\x8f\xbd'
    yield 700 * "I'm SOOO not happy?! but :( ".encode()


def messages():
    def media(kind, data):
        return struct.pack("<BBHIq", 1, kind, 0, 7, 125000) + data
    token = b"0123456789abcdef0123456789abcdef"
    yield b"\0" + b'{"type":"hello","version":1,"video":true,"audio":false,"resume":"' + token + b'","keep":false}'
    yield b"\0" + b'{"type":"stream","stream":"audio","on":false}'
    yield b"\0" + b'{"type":"keep","consent":"1"}'
    yield b"\0" + b'{"type":"end"}'
    for text in ('[]', '{"type":"hello"}', '{"type":"hello","version":1,"video":1}',
                 '{"type":"hello","version":2,"resume":"xyz"}', '{"type":"hello","version":1,"resume":1}',
                 '{"type":"hello","version":1,"resume":null,"keep":true}', '{"type":"stream"}',
                 '{"type":"stream","stream":"video","on":1}', '{"type":"stream","stream":"sound","on":true}',
                 '{"type":"signal","rows":[[0,72.5,null],[125000,-1e9,3]]}', '{"type":"signal","rows":[[1,1],[0,1]]}',
                 '{"type":"signal","rows":[[1,1.1e9]]}', '{"type":"signal","rows":[[1],[2,3]]}', '{"type":"signal","rows":7}',
                 '{"type":"chat","t":125000,"text":"I am lost"}', '{"type":"chat","t":-1,"text":"x"}', '{"type":"chat","t":1,"text":""}',
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


def made_word(name):
    """A text of tests/made_word.h."""
    text = (HERE.parent / "tests/made_word.h").read_text()
    lines = re.search(rf"{name}\[\] =((?:\s*\"(?:[^\"\\]|\\.)*\")+)", text).group(1)
    return "".join(json.loads(line) for line in lines.split("\n") if line.strip()).encode()


def launch():
    claim = "https://purl.imsglobal.org/spec/lti/claim/"
    claims = {"iss": "https://lms.example", "aud": "tool-17", "iat": 1800000000, "exp": 1800000300,
              "nonce": "0123456789abcdef0123456789abcdef", claim + "deployment_id": "1",
              claim + "message_type": "LtiResourceLinkRequest", claim + "version": "1.3.0", claim + "roles": [],
              claim + "resource_link": {"id": "r"}, claim + "target_link_uri": "https://attune.example/"}
    for form in (b"state=1&id_token=a.b.c", b"a=%41+b&state=%7e%C3%A4", b"state=1&state=2", b"state=%4", b"state=%0a", b"state"):
        yield b"\0state\n" + form
    for word in (made_word("word"), b"a.b.c", b"e30.e30.e30", b"eyJhbGciOiJub25lIn0.e30.", b"a.b.c.d"):
        yield b"\1" + word
    keys = made_word("word_keys")
    own = json.loads(keys)["keys"][0]
    for set_ in ([own], [own, own], [{**own, "use": "enc"}], [{**own, "alg": "RS512"}], [{**own, "kty": "EC"}],
                 [{**own, "use": "sig", "alg": "RS256"}], [{**own, "n": "AQAB"}], [{**own, "e": 1}], []):
        yield b"\2" + json.dumps({"keys": set_}).encode()
    for changed in ({}, {"aud": ["tool-17"]}, {"aud": ["tool-17", "x"], "azp": "tool-17"}, {"aud": ["x"]}, {"azp": "x"},
                    {"exp": 1}, {"iat": 1}, {"iat": 2e9}, {"nbf": 2e9}, {"nbf": 1}, {"nonce": 1}, {"iss": "x"},
                    {claim + "deployment_id": "2"}, {claim + "message_type": "x"}, {claim + "version": "1.1"}, {"sub": "a"}, {"sub": ""}, {claim + "roles": 1},
                    {claim + "resource_link": {"id": ""}}, {claim + "target_link_uri": 1}):
        yield b"\3" + json.dumps({**claims, **changed}).encode()
    yield b"\3[]"
    platform = {"issuer": "https://lms.example", "client_id": "tool-17", "login": "https://lms.example/auth",
                "keys_url": "https://lms.example/keys", "deployments": ["1"]}
    for changed in ({}, {"issuer": 1}, {"client_id": ""}, {"login": "http://x"}, {"deployments": [1]}, {"deployments": []},
                    {"keys_url": "x"}, {"keys": "/dev/null"}, {"keys": 1, "keys_url": None}):
        yield b"\4" + json.dumps({"platforms": [{k: v for k, v in {**platform, **changed}.items() if v is not None}]}).encode()
    without = {k: v for k, v in platform.items() if k != "keys_url"}
    yield b"\4" + json.dumps({"platforms": [{**without, "keys": "/dev/null"}]}).encode()
    yield b"\4" + json.dumps({"platforms": [{**without, "keys": 1}]}).encode()
    yield b"\4" + json.dumps({"platforms": [platform, {**platform, "client_id": "b"}]}).encode()
    yield b"\4" + json.dumps({"platforms": [platform, platform]}).encode()
    yield b"\4{}"


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
    yield say(2, 4) + b"".join(bytes([9, at, 0, 0xff]) for at in range(32, 36)) + say(3)
    yield say(1, 1)
    yield say(2, 5, 3)


def chats_as_saved():
    """By WhatsApp, Zoom, as captions, as lines of JSON; right ones, and such as are not quite."""
    mark = "\u200e"
    yield f"{mark}[04.05.26, 10:15:00] Study: {mark}Encrypted.\r\n[04.05.26, 10:15:02] Ann: I am: confused\r\nreally\r\n[04.05.26, 10:15:05] Bob: {mark}image omitted\r\n"
    yield "04.05.26, 10:15 - Encrypted.\nTap.\n04.05.26, 10:15 - Ann: so boring\n04.05.26, 10:16 - Ann added Bob\n04.05.26, 10:17 - Bob: <Media omitted>\n"
    yield "5/31/26, 10:15\u202fAM - Ann: one\n6/1/26, 10:15\u202fa.m. - Bob: two\n"
    yield "31/5/26, 10:15\u202fp.\u00a0m. - Ann: one\n1/6/26, 10:15 a. m. - Bob: two\n"
    yield "2026-05-31 10:15 - Ann: one\n2026-05-31 10:14 - Ann: two\n"
    yield "[04.05.26, 10:15:00 Ann: one\n"
    yield "[04.05.26, ten] Ann: one\n"
    yield "[04.05] Ann: one\n"
    yield "04.05.26, 10:15 -- Ann: one\n"
    yield "04.05.26 " + "1" * 80 + ":15 - Ann: one\n"
    yield "WEBVTT - x\n\nNOTE a: b\n\nid\n00:01.000 --> 00:04.000\n<v.loud Ann &amp; Co>I am <i>confused</i> &lt;now&gt; &nbsp;&nix; <\nreally</v>\n<v Bob>why?\n\n00:00:05.500 --> 00:00:09.000 align:start\n- Ann: no\n\nBob:\n"
    yield "WEBVTT\n\n00:05.000 --> 00:06.000\n<v>a\n\n00:04.000 --> 00:06.000\n<v\nb"
    yield "1\n00:00:01,250 --> 00:00:04,000\nAnn: I am confused\n\n2\n00:00:02,5 --> 1\nA long name of all too many words: text\nNow, this: too\n"
    yield "10:15:01\t From  Ann  to  Everyone:\n\tI am: confused\n\treally\n10:15:05 From Bob to Ann(Direct Message) : so boring\nFrom\n"
    yield "00:00:01\tAnn Example:\tconfused\n0:00:05\tFrom Bob:\tso\n0:00:07 nobody\n"
    yield '{"time": 1.5, "from": "Ann", "text": "a\\nb"}\n\n{"timestamp": 5, "content": "c"}\n{"t": "6", "message": "d", "user": 1}\n'
    yield '{"time": "2026-05-04T10:15:00Z", "text": " "}\n{"date": "2026-05-04T10:15:01Z", "text": "b"}\n'
    yield '{"user": "U1", "ts": "1777889700.000407", "text": "a"}\n{"user": "U1", "ts": "1777889702.5", "text": "b"}\n'
    yield '{"g": {"n": "\\"]}", "messages": [1]}, "messages": [{"date": "2026-05-04", "time": "10:15:01", "author": {"name": "Ann"}, "text": ["a", {"text": "b"}, 4]},\n{"t": 2, "text": ""}], "n": -1}\n'
    yield '{"a": [{}, "x"], "messages": {"t": 1}, "text": "b", "t": 1}\n{"messages"'
    for array in ('[{"t": 1, "text": "a }]"},\n {"t": 2, "text": "b", "x": {}}]\n', '[{"t": 1, "text": "a"} {"t": 2, "text": "b"}]',
                  '[{"t": 1, "text": "a"},]', '[{"t": 1, "text": "a"}', '[{"t": 1, "text": "a"}] x', '[{"t": 1, "text": "a\nb"}]'):
        yield array
    yield '{"time": 1}\n'
    yield '{"text": "a"}\n'
    yield '{"time": 1, "text": "a"'
    yield "{" + 40000 * " " + "}"
    yield "10:15:01 From Ann to all: " + 70000 * "x"
    yield "10:15:01 From Ann to all: " + 40000 * "x" + "\n" + 40000 * "y"
    yield b"10:15:01 From Ann to all: \xff\n"
    yield b"10:15:01 From Ann to all: \0\n"
    yield "\n\n10:15:01 From Ann to all: a\n"
    yield "10:15:01 From " + 80000 * "x" + ": a"


def signals_as_written():
    """By Empatica, Polar and BIDS; right ones, and such as are not quite."""
    yield "1777889700.000000\n2.000000\n" + "".join(f"{i % 5}.5\n" for i in range(20))
    yield "1777889700.0, 1777889700.0, 1777889700.0\n32.0, 32.0, 32.0\n" + "".join(f"{i},{-i},5\n" for i in range(99))
    yield "1777889700,1777889700\n4,4\n1,2\n\n3,4,\n"
    yield "1777889700,1777889701\n4,4\n1,2\n"
    yield "1777889700\n0\n1\n"
    yield "1777889700\n1e-300\n1\n\n\n2\n"
    yield "1777889700\n1\n1,2\n"
    yield "1777889700.0, IBI\n1.5,0.8125\n2.25,0.75\n"
    yield "1777889700.0, IBI\n1.5,0.8125,1\n"
    polar = "Name,Sport,Date,Start time,Duration,\nMade Up,RUNNING,{},10:15:00,0:01,\nSample rate,Time,HR (bpm),Speed (km/h),Pace (min/km),\n"
    for date in "04-05-2026", "2026-05-04", "soon":
        yield polar.format(date) + "".join(f",00:00:{i:02},{60 + i},,5:30,\n" for i in range(9))
    yield polar.format("4.5.26").replace("Time,", "Clock,")
    yield polar.splitlines()[0]
    yield polar.splitlines()[0] + "\na,b\n"
    yield polar.format("2026-05-04").replace("Start time", "Start time of it")
    sidecar = {"SamplingFrequency": 4, "StartTime": -.25, "Columns": ["hr", "clicks"]}
    rows = "".join(f"{i}\t{i % 2 or 'n/a'}\n" for i in range(30))
    for change in ({}, {"SamplingFrequency": 0}, {"StartTime": 1e9}, {"Columns": []}, {"Columns": [1]}, {"Columns": ["a,b", "c"]},
                   {"Columns": ["a"]}, {"Columns": 300 * ["a long name"]}, {"Columns": ["a", "b", "c"]}):
        yield rows + "\x1e" + json.dumps({**sidecar, **change})
    yield "time\thr\n0\t1\n" + "\x1e" + json.dumps({"hr": {"Units": "bpm"}})
    yield rows + "\x1e{"
    yield "\x1e" + json.dumps(sidecar)


def log():
    """How it is read in three bytes (fuzz/log.c), and a log."""
    def told(text, *, chat=0, time=0, columns=0, events=0, sender=0, more=0, causal=0):
        text = text if isinstance(text, bytes) else text.encode()
        return bytes([chat | columns << 4 | causal << 3, events | sender << 3 | more << 4, time]) + text
    rows = "".join(f"{i / 4},{60 + i % 7},{i % 5 == 0:d}\n" for i in range(40))
    for columns in range(6):
        for events in range(6):
            yield told("time,hr,clicks\n" + rows, columns=columns, events=events)
    for more in range(16):
        yield told("time,hr,clicks\n" + rows, more=more, causal=more & 1)
        yield told("t,a\n2026-05-04T10:15:00Z,1\n2026-05-04 10:15:01.25+02:00,2\n", more=more)
    for header, values in (("time_ms", "0 250 1e3 NaN"), ("Timestamp (us)", "0 1 2000000"), ("time", "0:00 0:01.5 1:02:03"),
                           ("date", "2024-02-29T00:00 2024-02-29T23:59:60,5-1400 2024-03-01 00:00Z"), ("t_utc", "2023-02-29 00:00"),
                           ("time", "5 4"), ("time", "-3 -2 1 1"), ("time", "9e9 9e15 1e300"), ("time", "0x10"), ("x", "7 8")):
        for kind in range(7):
            yield told(f"{header};v\n" + "".join(f"{t};{i}\n" for i, t in enumerate(values.split(" "))), time=kind)
    for cell in "", "nan", "N/A", "none", "-", "inf", "1e31", "1,5", "0x1p3", "12abc", "1e30", "-1e30", '"3"':
        yield told(f"time\thr\n0\t{cell}\n1\t2\n2\n3\t4\t5\n")
    yield told("time," + ",".join(f"c{i}" for i in range(9)) + "\n0" + 9 * ",1" + "\n")
    yield told("time," + ",".join(f"c{i}" for i in range(8)) + "\n0" + 8 * ",1" + "\n1\n")
    yield told("time,hr,clicks,b\n0,,,1\n1,NaN,-,\n", events=2)
    yield told("time,hr\n0,\n1,-\n")
    yield told("time,a b,\u00e4,<i>&\n0,1,2,3\n")
    yield told("time,a,a\n0,1,2\n")
    yield told("time,hr," + 60 * "long" + "\n0,1,2\n")
    yield told("time\n1\n")
    yield told(300 * "x," + "\n")
    yield told(b"\xef\xbb\xbftime,hr\r\n\r\n , \r\n0,1\r\n1,2")
    yield told(b"\xff\xfet\0")
    yield told(b"time,hr\n0,\0\n")
    yield told('time,hr\n0,"1')
    yield told("")
    yield told("\n\n\n")
    yield told("time,hr\n" + "".join(f"{i / 2000},{i % 9}\n" for i in range(3000)), causal=1)
    yield told("time,hr\n" + "".join(f"{i / 5},{i % 9}\n" for i in range(0, 40)) + "3000,1\n", causal=1)
    chat = 'time,from,text\n0,ann,"I don\'t get it, ""why""?"\n1.5,bob,great :)\n2,ann,\n3,Ann,"two\nlines"\n'
    for sender in 0, 1:
        for time in range(5):
            yield told(chat, chat=1, sender=sender, time=time)
        yield told("time;message\n0;so boring\n1;ich verstehe das nicht\n", chat=1, sender=sender)
    yield from (told(text, chat=1, sender=sender, time=time) for text in chats_as_saved() for sender in (0, 1) for time in (0, 5))
    yield from (told(text, more=more) for text in signals_as_written() for more in (0, 2))
    yield told(gzip.compress(b"time,hr\n0,1\n1,2\n"))
    yield told(gzip.compress(b"time,hr\n0,1\n1,2\n")[:-9])
    yield told(b"\x1f\x8b\x07" + bytes(20))
    for order in 0, 5, 6:  # told by a row, month or day first
        for days in ("5/4/2026 5/13/2026", "5/4/2026 13/4/2026", "5-4-26 5-5-26", "5/5/2026 5/5/2026", "4.5.26 5.5.26", "5/4/2026 5/5/2026"):
            yield told("Date,Time,hr\n" + "".join(f"{day},10:15:0{i} AM,{i}\n" for i, day in enumerate(days.split())), time=order)
            yield told("date,hr\n" + "".join(f"{day} 12:15\u202fp.m.,{i}\n" for i, day in enumerate(days.split())), time=order)
    yield told("time,\u00b5S,uS,us,Gr\u00f6\u00dfe,re\u0301,\u041f\u0443\u043b\u044c\u0441,\u03bb\u00b2,\u5fc3\n0,1,2,3,4,5,6,7\n")
    yield told(b"time,\xb5S,\xff\n0,1,2\n")
    yield told("time,hr\r0,1\r\r1,2\r")
    yield told("timestamp_unix,timestamp_iso,eda\n1777889700000,x,1\n")
    yield told("text\nhello\n", chat=1)
    yield told("time,note\n0,hello\n", chat=1)
    yield told("time,text\n" + "".join(f"{i / 50},ok\n" for i in range(300)), chat=1)
    yield told("time,text\n0," + 70000 * "a" + "\n", chat=1)
    yield told("time,text\n0," + 66000 * "a" + "\n", chat=1)
    yield told("time,hr\n0," + 74000 * " " + "\n")


def resume():
    """Which state, and changes: a field, how, by what (fuzz/resume.c)."""
    alone, sound, beside, search = range(4)
    byte, _, place, share, whole, _, count, time, start = range(1, 10)  # kinds of fields; 0: any
    one, minus_one, large, never, latest, quiet_nan = 1, 2, 7, 10, 12, 16  # of hostile()
    four, eight, within, cut, odd_told, told, shorter = range(1, 8)

    def change(field, how, by, kind=0):
        return struct.pack("<HBI", field, how + 8 * kind, by)

    def stretch(field, by):
        """All of a field's first bytes."""
        return b"".join(change(field, within, 32 * at + (by - 32 * at) % 20, byte) for at in range(96))
    for which in range(4):
        yield bytes([which])
    for which in alone, sound, beside:
        for field in range(0, 200, 12):
            yield bytes([which]) + change(field, four, field * 7)
        for field in range(18):
            yield bytes([which]) + change(field, eight, (3, 11, 3)[which])
        for by in range(0, 24, 5):
            yield bytes([which]) + change(by, cut, by % 2 + 8 * by)
        for at in range(0, 300, 46):
            yield bytes([which]) + change(at, odd_told, at)
        for kind in b"sw":  # a sighting and a window of too many bytes, and of too few
            yield bytes([which]) + change(0, told, 0xffff00 | kind)
            yield bytes([which]) + change(0, told, 0x4000 | kind)
        yield bytes([which]) + change(9, told, 0x7fffffff)  # a window that begins after its end
        yield bytes([which]) + change(0, shorter, 0)
        yield bytes([which]) + change(4, 0, 0)
        for field in range(0, 20, 2):
            yield bytes([which]) + change(field, eight, latest, count)
            yield bytes([which]) + change(9 * field, four, quiet_nan, place)
        yield bytes([which]) + change(3, eight, never, start)
        for field in range(0, 60, 6):
            yield bytes([which]) + change(field, four, minus_one, whole)
            yield bytes([which]) + change(field, four, quiet_nan, share)
    for field in range(140, 170):
        yield bytes([alone]) + change(field, eight, latest if field % 2 else minus_one, time)
    for field in range(76, 80):
        yield bytes([alone]) + change(field, eight, one, time)
    for field in range(242, 250):  # what waits
        yield bytes([alone]) + stretch(field, minus_one)
    for field in range(7):
        yield bytes([search]) + change(field, four, minus_one)
        yield bytes([search]) + change(field, eight, large)
    for doubts in one, 3:
        yield bytes([search]) + change(6, four, doubts) + change(0, cut, 2 + 8 * (80 * doubts))


# ---- models, checkpoints, stores ----------------------------------------------------------------

def model():
    """Parts, a kind of fusion, changes (fuzz/model.c)."""
    face, voice, expert, spatial, temporal, detector, hog, plain, measures, yunet = (1 << i for i in range(10))

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


    yield of(yunet, 8)
    for array in range(0, 120, 3):
        for change in (0, 0), (2, 9), (2, 14), (4, 0):
            yield of(yunet, 8, (change[0], array, change[1]))
    for level in range(3):  # what the detector says of all places, by its last biases
        bias = 276 + 2 + 4 * (17 + level) + 3
        for value in range(10):
            yield of(face | detector | measures, 2, (7, bias, value))
            yield of(face | voice | detector | measures | temporal, 2, (7, bias, 9), (6, 37 * value + level, value))


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
    for column in range(140):
        for value in range(column % 5, 16, 5):
            yield bytes([1, 1, column, 1, value]) + b"caf\xc3\xa9 \x1b[0m"
    for at in range(0, 100, 2):
        yield b"\0" + bytes([at, 0, 0, 0xff])
    yield b"\0" + bytes([0, 0, 0, ord("S")]) + b"\x80"


# ---- names --------------------------------------------------------------------------------------

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


def onnx():
    node, tensor, end, model = onnx_files.node, onnx_files.tensor, onnx_files.end, onnx_files.model
    whole = [onnx_files.INT64]
    yield onnx_files.classifier(side=8)
    yield onnx_files.classifier(side=9, planes=1, answers=2)
    sizes = tensor("s", [2], [2, 3], *whole)
    picture, row, one = [1, 2, 4, 4], [1, 6], tensor("one", [1], [1.0])
    cases = [(picture, [node("Transpose", "x", "a", perm=[0, 2, 3, 1]), node("Flatten", "a", "b"),
                        node("Split", "b", "c d", axis=1), node("Concat", "d c", "y", axis=1)]),
             (picture, [node("Pad", "x", "a", pads=[0, 0, 1, 1, 0, 0, 1, 1], value=2.0),
                        node("MaxPool", "a", "b", kernel_shape=[2, 2], ceil_mode=1), node("Elu", "b", "y")]),
             (picture, [node("AveragePool", "x", "a", kernel_shape=[3, 3], auto_pad="SAME_LOWER", count_include_pad=1),
                        node("ReduceMean", "a", "b", axes=[2, 3], keepdims=0), node("Softmax", "b", "y")]),
             (picture, [node("GlobalMaxPool", "x", "a"), node("Squeeze", "a", "b", axes=[2]),
                        node("Unsqueeze", "b", "c", axes=[0]), node("Exp", "c", "y")]),
             (row, [node("Reshape", "x s", "a"), node("Sub", "a one", "b"), node("Div", "b a", "c"),
                    node("Sqrt", "c", "d"), node("Dropout", "d", "e"), node("Identity", "e", "y")]),
             (row, [node("Slice", "x", "a", starts=[1], ends=[-1], axes=[1]), node("LeakyRelu", "a", "b"),
                    node("MatMul", "b w", "c"), node("Clip", "c", "y", min=-1.0, max=1.0)]),
             (row, [node("Shape", "x", "a"), node("Slice", "a", "b", starts=[0], ends=[1]), node("Cast", "b", "c", to=7),
                    node("Concat", "c s", "d", axis=0), node("Gather", "d s0", "e"),
                    node("Constant", "", "f", value=one), node("Add", "x f", "y")])]
    constants = [sizes, one, tensor("w", [4, 2], [0.5] * 8), tensor("s0", [], [0], *whole)]
    for opset in 9, 13:
        for shape, nodes in cases:
            yield model(nodes, constants, [end("x", shape)], [end("y", ["n"])], opset)
    yield model([node("Relu", "x", "y")], [], [end("x", row, onnx_files.INT64)], [end("y", row)])
    yield model([node("Erf", "x", "y")], [], [end("x", row)], [end("y", row)])
    yield from onnx_refused(constants)


def onnx_refused(constants):
    """One refusal each."""
    node, tensor, end, model, field = onnx_files.node, onnx_files.tensor, onnx_files.end, onnx_files.model, onnx_files.field
    picture, row = [end("x", [1, 2, 4, 4])], [end("x", [1, 6])]
    out = [end("y", ["n"])]
    for inputs, kind, names, attributes in (
            (row, "Relu", "z", {}), (row, "Relu", "s", {}), (row, "Relu", "", {}), (row, "Reshape", "x x", {}),
            (row, "Reshape", "x s0", {}), (row, "Flatten", "x", {"axis": 9}), (row, "Concat", "x w", {"axis": 1}),
            (row, "Concat", "x x", {"axis": 7}), (row, "MatMul", "x x", {}), (row, "MatMul", "x w", {}),
            (row, "Gemm", "x w", {"transA": 1}), (row, "Gemm", "x w", {}), (row, "Add", "x w", {}),
            (row, "Transpose", "x", {"perm": [0, 0]}), (row, "Transpose", "x", {"perm": [0, 5]}),
            (row, "Split", "x", {"axis": 1, "split": [2, 2]}), (row, "Slice", "x", {"starts": [0], "ends": [1, 2]}),
            (row, "Slice", "x s0 s0 s0 s", {}), (row, "Slice", "x x x", {}), (row, "Pad", "x", {"mode": "reflect"}),
            (row, "Pad", "x", {"pads": [1]}), (row, "Pad", "x", {"pads": [0, -9, 0, 0]}),
            (row, "Squeeze", "x", {"axes": [1]}), (row, "Unsqueeze", "x", {"axes": [0] * 9}), (row, "Dropout", "x s0 b", {}),
            (row, "Gather", "x s0", {}), (row, "Cast", "x", {"to": 7}), (row, "Cast", "x", {"to": 99}),
            (row, "Softmax", "x", {"axis": 4}), (row, "ReduceMean", "x", {"axes": [3]}), (row, "Conv", "x w", {}),
            (row, "MaxPool", "x", {"kernel_shape": [2, 2]}), (row, "GlobalMaxPool", "x", {}),
            (row, "Clip", "x x", {}), (row, "Identity", "", {}), (row, "LeakyRelu", "x", {"alpha": 1e30}),
            (picture, "Conv", "x w", {}), (picture, "Conv", "x k", {"group": 3}), (picture, "Conv", "x x", {}),
            (picture, "Conv", "x k", {"kernel_shape": [3, 3]}), (picture, "MaxPool", "x", {"kernel_shape": [9, 9]}),
            (picture, "MaxPool", "x", {"kernel_shape": [0, 2]}), (picture, "MaxPool", "x", {}),
            (picture, "MaxPool", "x", {"kernel_shape": [2] * 20}), (picture, "MaxPool", "x", {"kernel_shape": [1 << 40, 1]}),
            (picture, "BatchNormalization", "x w w w w", {}), (picture, "BatchNormalization", "x", {"training_mode": 1}),
            (picture, "AveragePool", "x", {"kernel_shape": [2, 2], "pads": [1, 1, 1, 1], "strides": [3, 3], "ceil_mode": 1})):
        truth = field(1, 1) + field(2, onnx_files.BOOL) + field(8, "b") + field(9, b"\1")
        kernel = tensor("k", [3, 2, 2, 2], [0.1] * 24)
        yield model([node(kind, names, "y", **attributes)], [*constants, truth, kernel], inputs, out)
    relu, ends = [node("Relu", "x", "y")], (row, out)
    floats = field(1, 2) + field(2, onnx_files.FLOAT) + field(8, "f")
    whole = field(1, 2) + field(2, onnx_files.INT64) + field(8, "f")
    for odd in (floats + field(4, 1.0) + field(4, 2.0), floats + field(4, bytes(8)), floats + field(4, 1.0),
                whole + field(7, 1) + field(7, 2), whole + field(7, bytes(2)), whole + field(7, b"\xff"), whole + field(7, 1),
                floats + field(9, b"abc"), floats + field(13, field(1, "location")) + field(14, 1),
                field(1, 1) * 20 + floats, field(1, 1 << 40) + floats,
                field(1, 2) + field(2, 6) + field(8, "i") + field(9, bytes(8)),
                field(1, 2) + field(2, onnx_files.BOOL) + field(8, "t") + field(9, b"\0\1"), floats + field(8, b"a\0b"),
                field(1, 2) + field(2, 10) + field(8, "h") + field(9, bytes(4))):
        yield model(relu, [odd], *ends)
    yield model(relu, [], row, out, 6)
    yield model(relu, [], row * 2, out)
    yield model(relu, [], row, [end("z", ["n"])])
    yield model(relu, [], [end("x", [1] * 12)], out)
    yield model(relu, [], [end("x", [1, 1 << 40])], out)
    yield model([node("Relu", " ".join("x" * 80), "y")], [], *ends)
    yield model([node("Relu", "x", "y", **{f"a{i}": i for i in range(80)})], [], *ends)
    yield model([node("Relu", "x", "y") + field(7, "elsewhere")], [], *ends)
    yield field(1, 8) + field(8, field(1, "") + field(2, 13))
    for damaged in (b"\xff" * 11, b"\x0b", b"\x09" + bytes(8), b"\x3a\x7f", field(7, b"\x0a\xff")):
        yield field(1, 8) + damaged


MAKERS = (weights, onnx, media, clips, box, csv, recipe, timeline, report, messages, model, checkpoint, store, corpus,
          writers, launch, text, log, resume)
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
