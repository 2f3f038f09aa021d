from __future__ import annotations

import collections
import contextlib
import ctypes
import threading
from typing import TYPE_CHECKING, Any, Iterator, Sequence

import numpy as np

from . import _c, _given
from ._beside import Beside, pointer_to
from ._c import lib
from ._callbacks import raising
from ._given import Path
from ._model import Model, model_of
from ._options import SessionOptions, options
from ._pictures import Pictures, copier, pictures_of
from ._windows import Windows, columns_told, copied, windows_of

if TYPE_CHECKING:
    from typing_extensions import Unpack

_FORMATS = {"rgb": (_c.RGB, _c.RGBA), "bgr": (_c.BGR, _c.BGRA)}


def _free(pointer: ctypes.c_void_p, *_held: Any) -> None:
    lib.attune_session_free(ctypes.byref(pointer))  # before the model and the setup, which are held until now


def _picture(frame: np.ndarray, order: str) -> tuple[_c.Picture, np.ndarray]:
    """The picture, and what it points into."""
    frame = np.asarray(frame)
    channels = frame.shape[2] if frame.ndim == 3 else 1
    if frame.dtype != np.uint8 or frame.ndim not in (2, 3) or channels not in (1, 3, 4):
        raise ValueError(f"a frame is (h, w), (h, w, 3) or (h, w, 4) of uint8, not {frame.shape} of {frame.dtype}")
    if order not in _FORMATS:
        raise ValueError(f"the order of channels is \"rgb\" or \"bgr\", not {order!r}")
    if frame.strides[1:] != (channels, 1)[:frame.ndim - 1]:  # only whole rows may lie apart
        frame = np.ascontiguousarray(frame)
    kind = _c.GREY if channels == 1 else _FORMATS[order][channels == 4]
    made = _c.Picture(format=kind, w=frame.shape[1], h=frame.shape[0])
    made.plane[0], made.stride[0] = frame.ctypes.data, frame.strides[0]
    return made, frame


class Session:
    """Timed pictures and timed sound in, windows out. A context manager; iterating gives the windows that are ready.

        with attune.Session(max_tracks=2) as session:
            for frame, t in camera:
                session.push_video(frame, t)
                for window in session:
                    print(window.end_s, window.emotion_happy)
            session.finish()
            last = session.take()

    model: a Model, a path to one, or None: the default model. options (attune.SessionOptions): rate, window_s, hop_s, lag_s,
    max_tracks, threads, no_video, no_audio, min_face, no_baseline, causal.

    signals: names of the columns of a signal (heart rate, clicks, ...), at most 8, which push_signal() gives; events:
    those of them that count what happens at a moment. chat=True: push_text() gives messages. Windows then have more
    columns (self.columns), and a model whose fusion was trained with them hears them (docs/signals.md, docs/text.md).

    pictures=True: what was seen in each analysed picture is kept for take_pictures().

    Times are in seconds from wherever the caller likes (1970 will do), the same for both inputs, and must not
    decrease. Who has only one of them says no_audio=True or no_video=True; else windows wait lag_s for the other.
    Different sessions run side by side; of one, calls from several threads wait for one another.
    """

    def __init__(self, model: Model | Path | None = None, *, signals: Sequence[str] = (), events: Sequence[str] = (),
                 chat: bool = False, pictures: bool = False, **options_: Unpack[SessionOptions]) -> None:
        self.model, self._beside = model_of(model), Beside.of_names(signals, events, chat)
        self._pointer, err = ctypes.c_void_p(), _c.ErrorText()
        setup = options(options_, of_file=False)
        setup.beside = pointer_to(self._beside)
        self._sightings = bytearray() if pictures else None
        if pictures:
            copy = copier(self._sightings)
            setup.on_sighting = _c.ON_SIGHTING(lambda _user, told: copy(told))
        _c.check(lib.attune_session_open(ctypes.byref(self._pointer), self.model._pointer, ctypes.byref(setup),
                                         ctypes.byref(err)), err)
        self._close = _given.freed_with(self, _free, self._pointer, self.model, self._beside,
                                       setup.on_sighting)
        self._lock = threading.RLock()
        self._ready: collections.deque[bytes] = collections.deque()

    def push_video(self, frame: np.ndarray, t: float, order: str = "rgb") -> None:
        """A picture at t, seconds. frame: (h, w, 3) or (h, w, 4) uint8, channels in order "rgb" or "bgr" (and one that is
        not looked at), or (h, w) grey; upright. It is not copied, unless the pixels of a row lie apart."""
        picture, held = _picture(frame, order)
        self._push(lib.attune_session_push_picture, _given.micros(t), ctypes.byref(picture))
        del held

    def push_audio(self, samples: np.ndarray, rate: int, t: float) -> None:
        """Sound that begins at t, seconds. samples: (n) or (n, channels), float32 in [-1,1] or int16; rate a second. Of
        any length; a gap to the sound before is silence, an overlap is dropped."""
        samples = np.asarray(samples)
        if samples.dtype not in (np.float32, np.int16) or samples.ndim not in (1, 2):
            raise ValueError("sound is (n) or (n, channels) of float32 or int16, "
                             f"not {samples.shape} of {samples.dtype}")
        samples = np.ascontiguousarray(samples)
        sound = _given.filled(_c.Sound(), sample=_c.F32 if samples.dtype == np.float32 else _c.S16, rate=rate,
                              channels=samples.shape[1] if samples.ndim == 2 else 1)
        step = max(rate, 1)  # a second at a time, as attune_sound asks
        for i in range(0, len(samples), step):
            piece = samples[i:i + step]
            sound.data, sound.n = piece.ctypes.data, len(piece)
            self._push(lib.attune_session_push_sound, _given.micros(t + i / step), ctypes.byref(sound))

    def push_signal(self, values: Sequence[float] | np.ndarray, t: float) -> None:
        """A row of the signal at t, seconds: (len(signals)), NaN where there is no value; of events, under 0 where nobody
        counts any more. What is of a time is pushed before the pictures and the sound of that time; what comes later is
        left out of windows that were told."""
        row = np.ascontiguousarray(values, np.float32)
        expected = self._beside.signals if self._beside else 0
        if row.shape != (expected,):
            raise ValueError(f"a row has {expected} values, one of each of the signals, not {row.shape}")
        self._push(lib.attune_session_push_signal, _given.micros(t), row.ctypes.data)

    def push_text(self, text: str, t: float) -> None:
        """A message of the chat at t, seconds, of at most 65,536 bytes. It is not kept."""
        message = _given.text("text", text)
        self._push(lib.attune_session_push_text, _given.micros(t), message, len(message))

    @property
    def columns(self) -> dict[str, str]:
        """The columns of its windows: name and meaning."""
        return dict(self._beside.columns if self._beside else columns_told())

    def finish(self) -> None:
        """No more input: what is pending becomes windows."""
        self._push(lib.attune_session_finish)

    def __iter__(self) -> Iterator[np.record]:
        """The windows that are ready, each once: of Windows' dtype. Ends when there is none yet."""
        while len(windows := self._take(1)):
            yield windows[0]

    def take(self) -> Windows:
        """All windows that are ready, each once."""
        return self._take(None)

    def take_pictures(self) -> Pictures:
        """What was seen in the pictures of windows that are made, each once: of a picture before its window can be
        taken."""
        if self._sightings is None:
            raise _c.StateError("the session was not opened with pictures=True")
        with self._lock:
            taken = pictures_of(bytes(self._sightings))
            self._sightings.clear()
            return taken

    def counts(self) -> dict[str, int]:
        """What it saw so far: frames (analysed), frames_with_face, end_us, late_frames, late_audio_us,
        signal_rows, late_signal_rows, messages, late_messages,
        unread_messages."""
        counts = _c.Counts()
        with self._lock:
            lib.attune_session_counts(self._open(), ctypes.byref(counts))
        return {name: getattr(counts, name) for name, _ in _c.Counts._fields_ if name != "reserved"}

    def close(self) -> None:
        """Gives its memory back; windows that were not taken can still be."""
        with self._lock:
            self._close()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def _open(self) -> ctypes.c_void_p:
        if not self._pointer:
            raise _c.StateError("the session is closed")
        return self._pointer

    def _check(self, status: int) -> None:
        if status < 0:
            _c.fail(status, lib.attune_session_error(self._pointer))

    def _push(self, call: Any, *what: Any) -> None:
        # a signal's handler must not raise in the midst of on_sighting
        with self._lock, contextlib.nullcontext() if self._sightings is None else raising():
            self._check(call(self._open(), *what))
            self._collect()

    def _collect(self) -> None:
        """What is left in the session would keep it from taking more."""
        window = _c.Window()
        while (status := lib.attune_session_next(self._pointer, ctypes.byref(window))) == 1:
            self._ready.append(copied(window))
        self._check(status)

    def _take(self, most: int | None) -> Windows:
        with self._lock:
            n = len(self._ready) if most is None else min(most, len(self._ready))
            return windows_of(b"".join(self._ready.popleft() for _ in range(n)), self._beside)
