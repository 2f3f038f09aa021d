from __future__ import annotations

from typing import Any, Mapping, TypedDict

from . import _c, _given


class SessionOptions(TypedDict, total=False):
    """Of any session; in brackets what an option is that is left out."""

    rate: float  #: analysed frames a second, at most 60 (8)
    window_s: float  #: length of a window, 0.5 to 30 s (3)
    hop_s: float  #: from one window to the next, 0.05 s to window_s (0.5)
    lag_s: float  #: a stream that is so far behind the other is not waited for, at most 30 s (1)
    max_tracks: int  #: faces followed at once, at most 16 (1: the largest, longest seen)
    threads: int  #: 0: all cores; answers do not depend on it (0)
    no_video: bool  #: there is none: it is not waited for (False)
    no_audio: bool  #: likewise (False)
    min_face: int  #: width of the smallest faces looked for, 12 to 2000 pixels (24)
    no_baseline: bool  #: what is usual for a person is not taken out of the answers (False)
    causal: bool  #: of a file: every window is told by what came before it, as a session's are (False)


class FileOptions(SessionOptions, total=False):
    """Of analyze(), too."""

    live: bool  #: nothing that comes late is waited for, and the path may be an address or a microphone (False)
    video_track: int  #: the n-th of the input's pictures, from 1; 0: chosen (0)
    audio_track: int  #: the n-th of its sounds, from 1; 0: the one with most speech in its first 20 s (0)
    pcm_rate: int  #: the input is bare samples, mono, 16 bits, so many a second; 0: a file that says so itself (0)
    mic: _given.Path  #: sound comes from there and not from the path, which is live: "default", "pulse:SOURCE", ... (none)
    reconnect_s: float  #: how long what broke off is tried again; < 0: not at all (30)
    no_sandbox: bool  #: the input is decoded in this process, with all that it may (False)


def options(given: Mapping[str, Any], of_file: bool) -> _c.Options:
    """attune_options of keywords."""
    names = (FileOptions if of_file else SessionOptions).__annotations__
    made = _c.Options()
    for name, value in given.items():
        if name not in names:
            raise TypeError(f"no option {name!r}; there are {', '.join(names)}")
        _given.filled(made, **{name: _given.path_or_none("mic", value) if name == "mic" else value})
    return made
