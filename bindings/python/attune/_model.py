from __future__ import annotations

import ctypes
import functools
import os

from . import _c, _given
from ._c import lib
from ._given import Path


def _free(pointer: ctypes.c_void_p) -> None:
    lib.attune_model_free(ctypes.byref(pointer))


class Model:
    """A model file, loaded: immutable, and so for any number of sessions and threads at a time. Goes when nothing uses
    it any more.

    path: a safetensors file; None or "default": the default model ($ATTUNE_MODEL, else the installed one). precision: "f32", or "int8":
    the networks of the face in eight bits, which need NAME.int8.safetensors beside NAME.safetensors.
    """

    path: str
    precision: str
    meta: dict[str, str]  #: what the file says of itself: "licence", "training", ...
    file_bytes: int
    arrays: int
    values: int  #: in all arrays
    has_detector: bool
    has_visual: bool  #: without a part its stream stays absent
    has_audio: bool

    def __init__(self, path: Path | None = None, precision: str = "f32") -> None:
        chosen = _c.precision_of(precision)
        self._pointer, err = ctypes.c_void_p(), _c.ErrorText()
        file = None if path == "default" else _given.path_or_none("path", path)
        _c.check(lib.attune_model_load(ctypes.byref(self._pointer), file, ctypes.byref(err)), err)
        _given.freed_with(self, _free, self._pointer)
        _c.check(lib.attune_model_set_precision(self._pointer, chosen, ctypes.byref(err)), err)
        facts = _c.ModelFacts()
        lib.attune_model_describe(self._pointer, ctypes.byref(facts))
        self.path, self.precision = os.fsdecode(facts.path), precision
        self.file_bytes, self.arrays, self.values = facts.file_bytes, facts.arrays, facts.values
        self.has_detector, self.has_visual = bool(facts.has_detector), bool(facts.has_visual)
        self.has_audio = bool(facts.has_audio)
        self.meta, key = {}, ctypes.c_char_p()
        while (value := lib.attune_model_meta_at(self._pointer, len(self.meta), ctypes.byref(key))) is not None:
            self.meta[key.value.decode()] = value.decode()

    def __copy__(self) -> Model:
        return self

    def __deepcopy__(self, _memo: object) -> Model:
        return self

    def __repr__(self) -> str:
        return f"<attune.Model {self.path}>"


@functools.lru_cache(maxsize=1)
def _loaded(path: str) -> Model:
    return Model(path)


def model_of(model: Model | Path | None) -> Model:
    """What is meant by a model, a path to one, or None: the default one, which stays loaded."""
    if isinstance(model, Model):
        return model
    return Model(model) if model is not None else _loaded(os.fsdecode(lib.attune_default_model()))
