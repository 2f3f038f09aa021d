"""Windows under the names that other programs' users know."""
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


def _au(w: np.ndarray, au: int) -> np.ndarray:
    """[0,1] Mean of the movements that come nearest to the action unit."""
    return np.mean([w["unit_" + name] for name, of in _c.units.items() if of == au], axis=0)


def _level(w: np.ndarray, state: str) -> np.ndarray:
    return sum(k * w[f"state_{state}_{k}"] for k in range(1, _c.LEVELS))


def openface(w: np.ndarray) -> np.ndarray:
    """As `attune export --to openface-windows` has it, not rounded."""
    seen = _seen(w)

    def own(values: np.ndarray) -> np.ndarray:  # OpenFace's are 0 where there is no face
        return np.where(seen, np.nan_to_num(values), 0)

    return _table([
        ("frame", _moment(w)), ("face_id", w["track"]), ("timestamp", w["end_s"]),
        ("confidence", own(w["detector_score"])), ("success", seen.astype("i4")),
        ("pose_Rx", own(-np.radians(w["pitch"]))), ("pose_Ry", own(-np.radians(w["yaw"]))),
        ("pose_Rz", own(np.radians(w["roll"]))),
        *((f"AU{au:02d}_r", own(5 * _au(w, au))) for au in _AUS),
        *((f"box_{side}", w[f"box_{side}"]) for side in "xywh"), ("withheld", w["abstain"].astype("i4")),
        *((f"emotion_{e}", w[f"emotion_{e}"]) for e in _c.emotion_names),
        *((f"engagement_{e}", w[f"engagement_{e}"]) for e in _c.engagement_names),
        *((f"level_{s}", _level(w, s)) for s in _c.state_names),
        *((f"{what}_{of}", w[f"{what}_{of}"]) for of in ("face", "voice") for what in ("reliability", "weight"))])


def py_feat(w: np.ndarray) -> np.ndarray:
    """As a Fex of py-feat names things; action units in [0,1], pose in degrees, NaN without a face."""
    seen = _seen(w)

    def own(values: np.ndarray) -> np.ndarray:
        return np.where(seen, values, np.nan)

    return _table([
        ("frame", _moment(w) - 1), ("approx_time", w["end_s"]), ("Identity", w["track"]),
        *((f"FaceRect{side}", own(w[f"box_{of}"])) for side, of in
          (("X", "x"), ("Y", "y"), ("Width", "w"), ("Height", "h"))),
        ("FaceScore", own(w["detector_score"])),
        ("Pitch", own(w["pitch"])), ("Roll", own(w["roll"])), ("Yaw", own(w["yaw"])),
        *((f"AU{au:02d}", own(_au(w, au))) for au in _AUS),
        *((name, np.where(w["abstain"], np.nan, w[f"emotion_{of}"])) for name, of in _PY_FEAT.items())])


STYLES = {"attune": np.asarray, "openface": openface, "py-feat": py_feat}
