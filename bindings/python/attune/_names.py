"""Windows and pictures under the names that other programs' users know."""
from __future__ import annotations

from typing import Any, Iterable

import numpy as np

from . import _c

_AUS = sorted({au for au in _c.units.values() if au})
_PY_FEAT = {"anger": "angry", "disgust": "disgusted", "fear": "fearful", "happiness": "happy", "sadness": "sad",
            "surprise": "surprised", "neutral": "neutral"}


def _table(columns: Iterable[tuple[str, Any]]) -> np.ndarray:
    columns = [(name, np.asarray(values)) for name, values in columns]
    table = np.empty(len(columns[0][1]), [(name, values.dtype) for name, values in columns])
    for name, values in columns:
        table[name] = values
    return table


def _moment(w: np.ndarray) -> np.ndarray:
    """Number of the moment that a window ends at, from 1: faces seen together share it."""
    return np.cumsum(np.diff(w["end_s"], prepend=np.nan) != 0)


def _seen(w: np.ndarray) -> np.ndarray:
    return (w["track"] != 0) & (w["seen_face"] >= 0.5)


def _au(rows: np.ndarray, au: int) -> np.ndarray:
    """[0,1] Mean of the movements that come nearest to the action unit."""
    return np.mean([rows["unit_" + name] for name, of in _c.units.items() if of == au], axis=0)


def _box(rows: np.ndarray) -> list[tuple[str, np.ndarray]]:
    return [(f"box_{side}", rows[f"box_{side}"]) for side in "xywh"]


def _emotions(rows: np.ndarray) -> list[tuple[str, np.ndarray]]:
    return [(f"emotion_{name}", rows[f"emotion_{name}"]) for name in _c.emotion_names]


def _level(w: np.ndarray, state: str) -> np.ndarray:
    return sum(k * w[f"state_{state}_{k}"] for k in range(1, _c.LEVELS))


def _openface(rows: np.ndarray, frame: np.ndarray, time: np.ndarray, seen: np.ndarray) -> list[tuple[str, np.ndarray]]:
    """OpenFace's own columns."""
    def own(values: np.ndarray) -> np.ndarray:  # 0 where there is no face
        return np.where(seen, np.nan_to_num(values), 0)

    return [
        ("frame", frame), ("face_id", rows["track"]), ("timestamp", time),
        ("confidence", own(rows["detector_score"])), ("success", seen.astype("i4")),
        ("pose_Rx", own(-np.radians(rows["pitch"]))), ("pose_Ry", own(-np.radians(rows["yaw"]))),
        ("pose_Rz", own(np.radians(rows["roll"]))),
        *((f"AU{au:02d}_r", own(5 * _au(rows, au))) for au in _AUS)]


def _openface_windows(w: np.ndarray) -> np.ndarray:
    """As `attune export --to openface-windows` has it, not rounded."""
    return _table([
        *_openface(w, _moment(w), w["end_s"], _seen(w)), *_box(w), ("withheld", w["abstain"].astype("i4")), *_emotions(w),
        *((f"engagement_{e}", w[f"engagement_{e}"]) for e in _c.engagement_names),
        *((f"level_{s}", _level(w, s)) for s in _c.state_names),
        *((f"{what}_{of}", w[f"{what}_{of}"]) for of in ("face", "voice") for what in ("reliability", "weight"))])


def _openface_pictures(p: np.ndarray) -> np.ndarray:
    """As `attune analyze --export openface` has it, not rounded."""
    return _table([
        *_openface(p, p["picture"], p["time_s"], p["track"] != 0), *_box(p),
        *((f"{name}_{axis}", p[f"{name}_{axis}"]) for name in _c.landmark_names for axis in "xy"),
        ("covered", p["coverage"]), *_emotions(p)])


def _py_feat(rows: np.ndarray, frame: np.ndarray, time: np.ndarray, seen: np.ndarray, told: np.ndarray) -> np.ndarray:
    """As a Fex of py-feat names things; action units in [0,1], pose in degrees, NaN without a face; emotions where they
    are told."""
    def own(values: np.ndarray) -> np.ndarray:
        return np.where(seen, values, np.nan)

    return _table([
        ("frame", frame), ("approx_time", time), ("Identity", rows["track"]),
        *((f"FaceRect{side}", own(rows[f"box_{of}"])) for side, of in
          (("X", "x"), ("Y", "y"), ("Width", "w"), ("Height", "h"))),
        ("FaceScore", own(rows["detector_score"])),
        ("Pitch", own(rows["pitch"])), ("Roll", own(rows["roll"])), ("Yaw", own(rows["yaw"])),
        *((f"AU{au:02d}", own(_au(rows, au))) for au in _AUS),
        *((name, np.where(told, rows[f"emotion_{of}"], np.nan)) for name, of in _PY_FEAT.items())])


def _py_feat_windows(w: np.ndarray) -> np.ndarray:
    return _py_feat(w, _moment(w) - 1, w["end_s"], _seen(w), ~w["abstain"])


def _py_feat_pictures(p: np.ndarray) -> np.ndarray:
    seen = p["track"] != 0
    return _py_feat(p, p["picture"] - 1, p["time_s"], seen, seen)


OF_WINDOWS = {"attune": np.asarray, "openface": _openface_windows, "py-feat": _py_feat_windows}
OF_PICTURES = {"attune": np.asarray, "openface": _openface_pictures, "py-feat": _py_feat_pictures}
