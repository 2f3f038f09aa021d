from __future__ import annotations

import ctypes
import json
from typing import Any, Callable, Sequence

from . import _c, _given
from ._c import lib
from ._callbacks import raising
from ._given import Path
from ._model import Model


def evaluate(dataset: str, root: Path, *, model: Model | Path | None = None, split: str | None = None, task: str | None = None,
             stream: str | None = None, crops: bool = False, corrupt: Sequence[str] = (), noise: Path | None = None,
             limit: int = 0, threads: int = 0, draws: int = 0, seed: int = 0, answers: Path | None = None,
             excluded: Path | None = None, cache: Path | None = None, face: Path | None = None,
             face_input: str | None = None, face_classes: str | Sequence[str] | None = None, precision: str | None = None,
             progress: Callable[[int, int], Any] | None = None) -> dict[str, Any]:
    """How well a model does on labelled data: `attune eval` (docs/evaluation.md, attune/eval.h).

    dataset: a data set's name, root: its folder. model: a file, or a Model, whose file is read; None: the default model. split: None: all of it.
    task: "emotion7", "state4", "dominant4" or "engagement3"; stream: "face" or "voice" alone. corrupt:
    ["blur=3", ...]. answers, excluded: CSVs to write. face: an ONNX classifier of faces in place of the model's
    (docs/onnx.md), face_input: "unit", "byte", "signed" or "imagenet", face_classes: ["neutral", "happy", ...].
    precision: as of a Model; None: the model's own, "f32" of a file.
    progress(done, samples): called as it goes, on this thread; what it raises ends the evaluation and is raised.

    Returns what `attune eval --json` writes: n, withheld, coverage, accuracy, balanced_accuracy, macro_f1, ece,
    per_class, confusion, interval (95 %), ...; None for what could not be measured.
    """
    if face is None and (face_input or face_classes):
        raise ValueError("face_input and face_classes go with face")
    if isinstance(corrupt, str):
        raise TypeError(f"corrupt is a list, as [{corrupt!r}]")
    kinds = (ctypes.c_char_p * len(corrupt))(*(_given.text("corrupt", kind) for kind in corrupt))
    classes = face_classes if isinstance(face_classes, str) else ",".join(face_classes or ())
    text, err = ctypes.c_char_p(), _c.ErrorText()
    with raising() as raised:
        setup = _given.filled(
            _c.EvalOptions(corrupt=kinds, quiet=1, stop=_c.ON_STOP(raised.callback(None)),
                           progress=_c.ON_DONE(raised.callback(progress))),
            dataset=_given.text("dataset", dataset), root=_given.path("root", root),
            split=_given.text_or_none("split", split or None), task=_given.text_or_none("task", task or None),
            stream=_given.text_or_none("stream", stream or None), crops=bool(crops), corrupts=len(kinds),
            noise=_given.path_or_none("noise", noise), limit=limit, threads=threads, draws=draws, seed=seed,
            answers=_given.path_or_none("answers", answers), excluded=_given.path_or_none("excluded", excluded),
            cache=_given.path_or_none("cache", cache), face=_given.path_or_none("face", face),
            face_input=_given.text_or_none("face_input", face_input or None),
            face_classes=_given.text_or_none("face_classes", classes or None),
            precision=_c.precision_of(precision or (model.precision if isinstance(model, Model) else "f32")))
        named = model.path if isinstance(model, Model) else model
        file = None if named == "default" else _given.path_or_none("model", named)
        status = lib.attune_evaluate_json(ctypes.byref(text), file, ctypes.byref(setup), ctypes.byref(err))
    _c.check(status, err)
    try:
        return json.loads(text.value)
    finally:
        lib.attune_text_free(ctypes.byref(text))
