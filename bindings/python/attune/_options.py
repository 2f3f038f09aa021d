from __future__ import annotations

from typing import Any

from . import _c, _given

_NAMES = ("rate", "window_s", "hop_s", "lag_s", "max_tracks", "threads", "no_video", "no_audio", "min_face",
          "no_baseline", "causal")
_OF_FILES = ("live", "video_track", "audio_track", "pcm_rate", "mic", "reconnect_s", "no_sandbox")


def options(given: dict[str, Any], of_file: bool) -> _c.Options:
    """attune_options of keywords."""
    names = _NAMES + _OF_FILES if of_file else _NAMES
    made = _c.Options()
    for name, value in given.items():
        if name not in names:
            raise TypeError(f"no option {name!r}; there are {', '.join(names)}")
        _given.filled(made, **{name: _given.path_or_none("mic", value) if name == "mic" else value})
    return made
