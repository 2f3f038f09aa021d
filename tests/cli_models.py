#!/usr/bin/env python3
"""Model files that are none, or not whole, or out of range: attune analyze and attune info say which, and why."""
import json
import math
import pathlib
import struct
import unittest

from cli_analyze import MODEL, Case, needs_model, write_wav


def read_model(path):
    """Header and data of a safetensors file."""
    data = pathlib.Path(path).read_bytes()
    size, = struct.unpack("<Q", data[:8])
    return json.loads(data[8:8 + size]), data[8 + size:]


class BadModel(Case):
    def test_each_is_named_with_its_reason(self):
        def st(header, data=b""):
            return struct.pack("<Q", len(header)) + header + data
        hostile = {
            "empty": b"",
            "short": b"\x10\0\0",
            "text": b"this is no model at all, just some text\n" * 9,
            "length": struct.pack("<Q", 1 << 62) + b"{}",
            "cut": st(b'{"visual.x":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}', b"\0" * 3),
            "offsets": st(b'{"visual.x":{"dtype":"F32","shape":[4],"data_offsets":[8,4]}}', b"\0" * 16),
            "shape": st(b'{"visual.x":{"dtype":"F32","shape":[1073741824,1073741824],'
                        b'"data_offsets":[0,16]}}', b"\0" * 16),
            "nothing": st(b"{}"),
            "parts": st(b'{"visual.x":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}', b"\0" * 16),
        }
        write_wav(self.dir / "a.wav", 1)
        for name, data in hostile.items():
            path = self.dir / f"{name}.safetensors"
            path.write_bytes(data)
            with self.subTest(name):
                done = self.run_attune("analyze", "a.wav", "--model", path, code=1)
                self.assert_one_line(done.stderr, path.name)
                self.assert_one_line(self.run_attune("info", path, code=1).stderr, path.name)
        for path in ("missing.safetensors", "."):
            done = self.run_attune("analyze", "a.wav", "--model", path, code=1)
            self.assert_one_line(done.stderr, path)
        self.assertFalse((self.dir / "attune-a").exists())

    def refused_by_both(self, path, *words):
        """One check: what `info` takes `analyze` runs, and neither takes the rest."""
        done = self.run_attune("analyze", "a.wav", "--model", path, code=1)
        self.assert_one_line(done.stderr, path, *words)
        shown = self.run_attune("info", path, code=1)
        self.assert_one_line(shown.stderr, path, *words)

    @needs_model
    def test_default_is_a_name(self):
        """As of eval and export."""
        self.assertEqual(self.run_attune("info", "default").stdout, self.run_attune("info").stdout)

    @needs_model
    def test_values_and_parts_that_are_not_right(self):
        header, data = read_model(MODEL)
        write_wav(self.dir / "a.wav", 1)
        del header["__metadata__"]["xxh64"]

        def write(changed, values=data):
            text = json.dumps(changed).encode()
            (self.dir / "m.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + values)

        for value in (math.nan, math.inf, -math.inf, 3e38, -2e6):
            name = next(x for x in header if header[x].get("dtype") == "F32")
            at = header[name]["data_offsets"][0]
            write(header, data[:at] + struct.pack("<f", value) + data[at + 4:])
            self.refused_by_both("m.safetensors", f"{name}[0] is", "must be from -1e+06 to 1e+06")
        # an array under another name, or of another shape
        for name in ("detector.backbone.model0.conv1.weight", "detector.bbox_head.2.conv1.weight",
                     "detector.neck.lateral_convs.1.conv2.bias", "visual.stem.weight",
                     "visual.block3.expand.weight", "visual.expression.weight", "audio.score0.weight", "audio.lstm0.fwd.w_x",
                     "audio.functionals.weight"):
            lost = {(x + "x" if x == name else x): header[x] for x in header}
            shape = header[name]["shape"]
            write(lost)
            self.refused_by_both("m.safetensors", name.rpartition(".")[0])
            for other in [*shape, 1], shape[::-1]:  # as others write it
                if other != shape:
                    write({**header, name: {**header[name], "shape": other}})
                    self.refused_by_both("m.safetensors", name.removesuffix(".weight"))

    def test_a_model_larger_than_any(self):
        """Three gigabytes that take no room on the disk."""
        write_wav(self.dir / "a.wav", 1)
        header = json.dumps({"a": {"dtype": "F32", "shape": [3 << 28], "data_offsets": [0, 3 << 30]}}).encode()
        with open(self.dir / "m.safetensors", "wb") as f:
            f.write(struct.pack("<Q", len(header)) + header)
            f.truncate(8 + len(header) + (3 << 30))
        self.refused_by_both("m.safetensors", "m.safetensors: larger than 134217728 bytes")

    @needs_model
    def test_a_model_cut_short(self):
        data = MODEL.read_bytes()
        write_wav(self.dir / "a.wav", 1)
        for part in (len(data) - 1, len(data) // 2, 4096):
            (self.dir / "m.safetensors").write_bytes(data[:part])
            done = self.run_attune("analyze", "a.wav", "--model", "m.safetensors", code=1)
            self.assert_one_line(done.stderr, "m.safetensors")


if __name__ == "__main__":
    unittest.main()
