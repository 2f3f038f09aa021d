"""The C interface: the layouts of include/attune's structs, its calls, its errors as exceptions.

Layouts stand here and nowhere else; tests/cli_python.py holds them to the compiler's."""
from __future__ import annotations

import ctypes
from ctypes import (CFUNCTYPE, POINTER, Structure, c_char, c_char_p, c_double, c_float, c_int, c_int64, c_size_t,
                    c_ssize_t, c_uint, c_uint32, c_uint64, c_void_p)

from . import _library

EMOTIONS, STATES, LEVELS, ENGAGEMENTS = 7, 4, 4, 3
MODALITIES, MAX_MODALITIES, UNITS, LANDMARKS = 2, 8, 51, 5
MAX_SIGNALS = 8
MAX_NOTES, NOTE_BYTES = 8, 192
RGB, BGR, RGBA, BGRA, GREY = range(5)
F32, S16 = range(2)


class ErrorText(Structure):
    _name_ = "attune_error"
    _fields_ = [("status", c_int), ("text", c_char * 512)]


class Picture(Structure):
    _name_ = "attune_picture"
    _fields_ = [("format", c_int), ("w", c_int), ("h", c_int), ("plane", c_void_p * 3), ("stride", c_ssize_t * 3),
                ("matrix", c_int), ("range", c_int), ("orientation", c_int), ("aspect_num", c_int),
                ("aspect_den", c_int)]


class Sound(Structure):
    _name_ = "attune_sound"
    _fields_ = [("sample", c_int), ("rate", c_int), ("channels", c_int), ("data", c_void_p), ("n", c_size_t)]


class Quality(Structure):
    _name_ = "attune_quality"
    _fields_ = [(name, c_float) for name in (
        "sharpness", "brightness", "contrast", "face_size", "detector_score", "coverage", "face_share", "snr_db",
        "speech_share", "yaw", "pitch", "roll")] + [("reserved", c_float * 13)]


class Signal(Structure):
    _name_ = "attune_signal"
    _fields_ = [(name, c_float) for name in ("mean", "slope", "deviation", "coverage", "z")] + \
               [("reserved", c_uint32 * 3)]


class BesideWindow(Structure):
    _name_ = "attune_beside"
    _fields_ = [("signals", c_int), ("signal", Signal * MAX_SIGNALS), ("messages", c_int),
                ("chat_emotion7", c_float * EMOTIONS), ("chat_state4", c_float * STATES), ("unread", c_int),
                ("reserved", c_uint64 * 8)]


class BesideSetup(Structure):
    _name_ = "attune_beside_setup"
    _fields_ = [("signals", c_void_p), ("events", c_uint), ("usual", c_void_p), ("chat", c_int),
                ("signal_log", c_void_p), ("chat_log", c_void_p), ("reserved", c_uint64 * 4)]


ON_STOP = CFUNCTYPE(c_int, c_void_p)


class LogOptions(Structure):
    _name_ = "attune_log_options"
    _fields_ = [("chat", c_int), ("time", c_int), ("offset_s", c_double), ("zero", c_char_p), ("columns", c_char_p),
                ("events", c_char_p), ("from", c_char_p), ("stop", ON_STOP), ("user", c_void_p), ("reserved", c_uint64 * 2)]


class Window(Structure):
    _name_ = "attune_window"
    _fields_ = [("start_us", c_int64), ("end_us", c_int64), ("track", c_uint32), ("used", c_uint),
                ("reliability", c_float * MAX_MODALITIES), ("weight", c_float * MAX_MODALITIES), ("abstain", c_int),
                ("emotion7", c_float * EMOTIONS), ("has_state", c_int), ("state4", c_float * LEVELS * STATES),
                ("engagement3", c_float * ENGAGEMENTS), ("box", c_float * 4), ("quality", Quality),
                ("seen", c_float * MAX_MODALITIES), ("any_face", c_float), ("offset", c_float * EMOTIONS),
                ("baseline_s", c_float), ("unit", c_float * UNITS), ("condition", c_float * MAX_MODALITIES),
                ("reserved_first", c_uint32), ("beside", c_void_p), ("reserved", c_uint32 * 5)]


class Sighting(Structure):
    _name_ = "attune_sighting"
    _fields_ = [("t_us", c_int64), ("picture", c_int64), ("track", c_uint32), ("box", c_float * 4),
                ("landmark", c_float * 2 * LANDMARKS), ("quality", Quality), ("emotion7", c_float * EMOTIONS),
                ("unit", c_float * UNITS), ("reserved", c_uint32 * 8)]


class Unit(Structure):
    _name_ = "attune_unit"
    _fields_ = [("name", c_char_p), ("au", c_int)]


ON_SIGHTING = CFUNCTYPE(None, c_void_p, POINTER(Sighting))


class Options(Structure):
    _name_ = "attune_options"
    _fields_ = [("rate", c_double), ("window_s", c_double), ("hop_s", c_double), ("lag_s", c_double),
                ("max_tracks", c_int), ("threads", c_int), ("no_video", c_int), ("no_audio", c_int), ("live", c_int),
                ("video_track", c_int), ("audio_track", c_int), ("pcm_rate", c_int), ("min_face", c_int),
                ("thumbnails", c_int), ("no_baseline", c_int), ("causal", c_int), ("mic", c_char_p),
                ("reconnect_s", c_double), ("on_live", c_void_p), ("on_live_user", c_void_p),
                ("on_sighting", ON_SIGHTING), ("on_sighting_user", c_void_p), ("no_sandbox", c_int),
                ("beside", c_void_p), ("reserved", c_uint64 * 4)]


class ModelFacts(Structure):
    _name_ = "attune_model_facts"
    _fields_ = [("path", c_char_p), ("file_bytes", c_int64), ("arrays", c_int), ("values", c_int64),
                ("has_detector", c_int), ("has_visual", c_int), ("has_audio", c_int), ("reserved", c_uint64 * 8)]


class Counts(Structure):
    _name_ = "attune_counts"
    _fields_ = [("frames", c_int64), ("frames_with_face", c_int64), ("end_us", c_int64), ("late_frames", c_int64),
                ("late_audio_us", c_int64), ("signal_rows", c_int64), ("late_signal_rows", c_int64),
                ("messages", c_int64), ("late_messages", c_int64), ("unread_messages", c_int64),
                ("reserved", c_int64)]


class InputInfo(Structure):
    _name_ = "attune_input_info"
    _fields_ = [("duration_s", c_double), ("container_s", c_double), ("has_video", c_int), ("has_audio", c_int),
                ("width", c_int), ("height", c_int), ("truncated", c_int), ("truncated_reason", c_char * 256),
                ("n_notes", c_int), ("note", c_char * NOTE_BYTES * MAX_NOTES), ("counts", Counts),
                ("elapsed_s", c_double), ("smallest_face", c_double), ("reserved", c_uint64 * 15)]


ON_WINDOW = CFUNCTYPE(c_int, c_void_p, POINTER(Window))
ON_PROGRESS = CFUNCTYPE(c_int, c_void_p, c_double, c_double)
ON_DONE = CFUNCTYPE(None, c_void_p, c_int, c_int)
ON_TEXT = CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p, c_size_t)


class Sink(Structure):
    _name_ = "attune_sink"
    _fields_ = [("user", c_void_p), ("window", ON_WINDOW), ("progress", ON_PROGRESS), ("thumbnail", c_void_p)]


class ReportOptions(Structure):
    _name_ = "attune_report_options"
    _fields_ = [("dir", c_char_p), ("sinks", c_char_p), ("input", c_char_p), ("model", c_void_p),
                ("model_path", c_char_p), ("session", Options), ("facts", c_void_p), ("usual", c_void_p),
                ("file", c_char_p), ("write", ON_TEXT), ("user", c_void_p), ("sightings", c_int),
                ("logs", c_char_p)]


class ExportOptions(Structure):
    _name_ = "attune_export_options"
    _fields_ = [("to", c_char_p), ("dir", c_char_p), ("file", c_char_p), ("input", c_char_p),
                ("reserved", c_uint64 * 4)]


class Column(Structure):
    _name_ = "attune_column"
    _fields_ = [("name", c_char * 40), ("what", c_char * 112)]


class EvalOptions(Structure):
    _name_ = "attune_eval_options"
    _fields_ = [("dataset", c_char_p), ("root", c_char_p), ("split", c_char_p), ("task", c_char_p),
                ("stream", c_char_p), ("crops", c_int), ("corrupt", POINTER(c_char_p)), ("corrupts", c_int),
                ("noise", c_char_p), ("face", c_char_p), ("face_input", c_char_p),
                ("face_classes", c_char_p), ("limit", c_int), ("threads", c_int), ("precision", c_int),
                ("draws", c_int), ("seed", c_uint64), ("answers", c_char_p), ("excluded", c_char_p), ("qualities", c_char_p),
                ("cache", c_char_p), ("quiet", c_int), ("stop", ON_STOP), ("progress", ON_DONE), ("user", c_void_p)]


PRECISIONS = ("f32", "int8")  # in the order of attune_precision


def precision_of(name: str) -> int:
    if name not in PRECISIONS:
        raise ValueError(f"precision is f32 or int8, not {name!r}")
    return PRECISIONS.index(name)


# ---- calls -----------------------------------------------------------------------------------------

_ERROR = POINTER(ErrorText)
_CALLS = {  # name: (result, arguments)
    "attune_default_model": (c_char_p, []),
    "attune_model_load": (c_int, [POINTER(c_void_p), c_char_p, _ERROR]),
    "attune_model_free": (None, [POINTER(c_void_p)]),
    "attune_model_set_precision": (c_int, [c_void_p, c_int, _ERROR]),
    "attune_model_meta_at": (c_char_p, [c_void_p, c_int, POINTER(c_char_p)]),
    "attune_model_describe": (None, [c_void_p, POINTER(ModelFacts)]),
    "attune_session_open": (c_int, [POINTER(c_void_p), c_void_p, POINTER(Options), _ERROR]),
    "attune_session_free": (None, [POINTER(c_void_p)]),
    "attune_session_push_picture": (c_int, [c_void_p, c_int64, POINTER(Picture)]),
    "attune_session_push_sound": (c_int, [c_void_p, c_int64, POINTER(Sound)]),
    "attune_session_push_signal": (c_int, [c_void_p, c_int64, c_void_p]),
    "attune_session_push_text": (c_int, [c_void_p, c_int64, c_char_p, c_size_t]),
    "attune_session_finish": (c_int, [c_void_p]),
    "attune_session_next": (c_int, [c_void_p, POINTER(Window)]),
    "attune_session_error": (c_char_p, [c_void_p]),
    "attune_session_counts": (None, [c_void_p, POINTER(Counts)]),
    "attune_analyze_file": (c_int, [c_void_p, c_char_p, POINTER(Options), POINTER(Sink), POINTER(InputInfo), _ERROR]),
    "attune_report_open": (c_int, [POINTER(c_void_p), POINTER(ReportOptions), _ERROR]),
    "attune_report_free": (None, [POINTER(c_void_p)]),
    "attune_report_window": (c_int, [c_void_p, POINTER(Window), _ERROR]),
    "attune_report_sighting": (c_int, [c_void_p, POINTER(Sighting), _ERROR]),
    "attune_report_finish": (c_int, [c_void_p, POINTER(InputInfo), c_int, _ERROR]),
    "attune_report_json": (c_char_p, [c_void_p]),
    "attune_report_text": (c_char_p, [c_void_p]),
    "attune_export": (c_int, [c_char_p, POINTER(ExportOptions), _ERROR]),
    "attune_log_open": (c_int, [POINTER(c_void_p), c_char_p, POINTER(LogOptions), _ERROR]),
    "attune_log_free": (None, [POINTER(c_void_p)]),
    "attune_log_signals": (c_void_p, [c_void_p]),
    "attune_log_events": (c_uint, [c_void_p]),
    "attune_column_at": (c_int, [c_void_p, c_int, POINTER(Column)]),
    "attune_window_values": (c_int, [c_void_p, POINTER(Window), c_void_p, c_int]),
    "attune_evaluate_json": (c_int, [POINTER(c_char_p), c_char_p, POINTER(EvalOptions), _ERROR]),
    "attune_text_free": (None, [POINTER(c_char_p)]),
}

lib = _library.load()
for _name, (_result, _arguments) in _CALLS.items():
    getattr(lib, _name).restype, getattr(lib, _name).argtypes = _result, _arguments

emotion_names = [n.decode() for n in (c_char_p * EMOTIONS).in_dll(lib, "attune_emotion_names")]
state_names = [n.decode() for n in (c_char_p * STATES).in_dll(lib, "attune_state_names")]
landmark_names = [n.decode() for n in (c_char_p * LANDMARKS).in_dll(lib, "attune_landmark_names")]
engagement_names = [n.decode() for n in (c_char_p * ENGAGEMENTS).in_dll(lib, "attune_engagement_names")]
# Facial movement: the action unit that it comes nearest to, 0: none.
units = {u.name.decode(): u.au for u in (Unit * UNITS).in_dll(lib, "attune_units")}


# ---- errors ----------------------------------------------------------------------------------------

class Error(Exception):
    """The library's own text of what went wrong."""


class OutOfMemoryError(Error, MemoryError):
    """An allocation failed."""


class FileError(Error, OSError):
    """A file could not be opened, read or written."""


class FormatError(Error, ValueError):
    """A file is not what it should be, or is damaged."""


class UnsupportedError(Error):
    """Valid, but beyond what attune, or this build of it, handles."""


class ArgumentError(Error, ValueError):
    """An argument is out of range."""


class StoppedError(Error):
    """A callback asked to stop."""


class StateError(Error):
    """Not now: the input has ended."""


_ERRORS = {-1: OutOfMemoryError, -2: FileError, -3: FormatError, -4: UnsupportedError, -5: ArgumentError,
           -6: StoppedError, -7: StateError}


def fail(status: int, text: bytes) -> None:
    """Raises what a status < 0 stands for."""
    raise _ERRORS.get(status, Error)(text.decode(errors="replace"))


def check(status: int, err: ErrorText) -> int:
    """The status of a call that was given err, if it is none of failure."""
    if status < 0:
        fail(status, err.text)
    return status
