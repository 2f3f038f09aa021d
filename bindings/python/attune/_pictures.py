"""A row a picture and face: attune_sighting."""
from __future__ import annotations

import ctypes
import functools
from typing import Any, Callable

import numpy as np

from . import _c, _names
from ._table import Table
from ._windows import columns

_MEASURES = ("sharpness", "brightness", "contrast", "face_size", "detector_score", "coverage", "yaw", "pitch", "roll")


def picture_columns() -> dict[str, str]:
    """The columns of Pictures: name and meaning, with unit and range."""
    of_windows = columns()
    return {
        "time_s": "when the picture was taken, seconds from the start of the input",
        "picture": "its number among those that were analysed, from 1",
        "track": "number of the face, as in windows; 0: no face that windows tell of, and the rest is NaN",
        **{f"box_{side}": f"the face, pixels of the source: {side}" for side in "xywh"},
        **{f"{name}_{axis}": f"a landmark (left and right are the person's own), pixels of the source: {axis}"
           for name in _c.landmark_names for axis in "xy"},
        **{name: of_windows[name] for name in _MEASURES},
        **{f"emotion_{name}": "probability by this picture alone, what is usual for the person not taken out, sum 1: "
           + name for name in _c.emotion_names},
        **{f"unit_{name}": of_windows[f"unit_{name}"] for name in _c.units},
    }


@functools.lru_cache(maxsize=None)
def picture_dtype() -> np.dtype:
    """Of a row of Pictures: time_s (seconds), picture (from 1), track, and float32 of the rest, NaN without a face."""
    types = {"time_s": "f8", "picture": "i8", "track": "u4"}
    return np.dtype((np.record, [(name, types.get(name, "f4")) for name in picture_columns()]))


class Pictures(Table):
    """Pictures that were analysed, (n) of picture_dtype(), in order of time: a row for each face that windows tell of, or
    one of track 0. picture_columns() says what the fields mean. How far it can be trusted is known of windows alone."""

    _styles = _names.OF_PICTURES


def pictures_of(raw: bytes | bytearray) -> Pictures:
    """Of attune_sightings copied, one after the other."""
    told = np.frombuffer(raw, np.dtype(_c.Sighting))
    values = np.concatenate([
        told["box"], told["landmark"].reshape(-1, 2 * _c.LANDMARKS), *(told["quality"][name][:, None] for name in _MEASURES),
        told["emotion7"], told["unit"]], axis=1)
    values[told["track"] == 0] = np.nan
    made = np.empty(len(told), picture_dtype()).view(Pictures)
    made["time_s"], made["picture"], made["track"] = told["t_us"] / 1e6, told["picture"], told["track"]
    for name, column in zip(picture_dtype().names[3:], values.T):
        made[name] = column
    return made


def copier(into: bytearray) -> Callable[[Any], None]:
    """Copies an attune_sighting that is pointed to behind the others."""
    return lambda told: into.extend(ctypes.string_at(told, ctypes.sizeof(_c.Sighting)))
