from __future__ import annotations

import contextlib
import ctypes
import dataclasses
import json
import os
from typing import TYPE_CHECKING, Any, Callable, Iterator, Optional

from . import _c, _given
from ._beside import Beside, Log, pointer_to
from ._c import lib
from ._callbacks import raising
from ._given import Path
from ._model import Model, model_of
from ._options import FileOptions, options
from ._pictures import Pictures, copier, pictures_of
from ._windows import Windows, columns_told, copied, windows_in, windows_of

if TYPE_CHECKING:
    from typing_extensions import Unpack


@dataclasses.dataclass(frozen=True, eq=False)
class Result:
    """What was told of a recording."""

    path: str  #: as it was given
    windows: Windows  #: (n) in order of time, and of first sighting of the faces
    pictures: Optional[Pictures]  #: (n) in order of time, with pictures=True; else None
    summary: dict[str, Any]  #: as summary.json has it
    text: str  #: the same in a few lines for a person
    notes: list[str]  #: how the input was taken: what was left out, damage that was skipped
    truncated: Optional[str]  #: why decoding ended early; None: it did not
    duration_s: float  #: as far as analysed
    model: Model = dataclasses.field(repr=False)
    _raw: bytes = dataclasses.field(repr=False)
    _sightings: Optional[bytes] = dataclasses.field(repr=False)
    _options: _c.Options = dataclasses.field(repr=False)
    _info: _c.InputInfo = dataclasses.field(repr=False)
    _beside: Optional[Beside] = dataclasses.field(repr=False)  # what _options points to

    @property
    def columns(self) -> dict[str, str]:
        """The columns of windows: name and meaning, with unit and range."""
        return dict(self._beside.columns if self._beside else columns_told())

    def save(self, folder: Path, sinks: str = "default") -> None:
        """Writes what `attune analyze -o FOLDER` does: timeline.csv, report.html, ...; sinks: names with commas between
        (docs/outputs.md, docs/exports.md), of which "default" stands for those that are written anyway. "openface" has a
        row a picture and takes pictures=True. What was told is written, whatever was done to windows since."""
        with _report(self.path, self.model, self._options, self._raw, self._sightings, self._info, self._beside,
                     dir=_given.path("folder", folder), sinks=_given.text_or_none("sinks", sinks)):
            pass


@contextlib.contextmanager
def _report(path: str, model: Model, session: _c.Options, raw: bytes, sightings: bytes | None, info: _c.InputInfo,
            beside: Beside | None, **where: Any) -> Iterator[ctypes.c_void_p]:
    """A finished report over windows, and pictures."""
    setup = _c.ReportOptions(input=_given.path("path", path), model=model._pointer,
                             model_path=_given.path("model", model.path), session=session,
                             sightings=sightings is not None, **where)
    report, err = ctypes.c_void_p(), _c.ErrorText()
    _c.check(lib.attune_report_open(ctypes.byref(report), ctypes.byref(setup), ctypes.byref(err)), err)
    try:
        for at in range(0, len(sightings or b""), ctypes.sizeof(_c.Sighting)):
            _c.check(lib.attune_report_sighting(report, _c.Sighting.from_buffer_copy(sightings, at), ctypes.byref(err)), err)
        for window in windows_in(raw, beside):
            _c.check(lib.attune_report_window(report, ctypes.byref(window), ctypes.byref(err)), err)
        _c.check(lib.attune_report_finish(report, ctypes.byref(info), 0, ctypes.byref(err)), err)
        yield report
    finally:
        lib.attune_report_free(ctypes.byref(report))


def analyze(path: Path, *, model: Model | Path | None = None, signal: Log | Path | None = None,
            chat: Log | Path | None = None,
            pictures: bool = False, progress: Callable[[float, float], Any] | None = None,
            window: Callable[[Any], Any] | None = None, **options_: Unpack[FileOptions]) -> Result:
    """Analyses a file, a camera (/dev/video0), a pipe, "-", or with live=True an address.

    model: a Model, a path to one, or None: the default model.
    signal, chat: files of what was recorded beside, numbers over time and messages (Log: how their times are to be
    taken); windows then have more columns (Result.columns).
    pictures: keep what was seen in each analysed picture (Result.pictures), some 6 kB a face and second at the usual rate.
    progress(done_s, total_s): called as it goes, on this thread; total_s is 0 where it is not known.
    window(w): called with each window as it is told.
    options_: attune.FileOptions, with units and what they are when left out: rate (analysed frames a second), window_s, hop_s,
    lag_s, max_tracks (faces followed at once), threads (0: all cores), no_video, no_audio, min_face (pixels), no_baseline,
    causal, live, video_track, audio_track, pcm_rate, mic, reconnect_s, no_sandbox.

    What a callback raises ends the analysis and is raised, and so is KeyboardInterrupt. Other Python threads run
    meanwhile. Raises attune.Error with the library's text.
    """
    file = _given.path("path", path)
    model, session, beside = model_of(model), options(options_, of_file=True), Beside.of_files(signal, chat)
    session.beside = pointer_to(beside)
    raw, sightings, info, err = bytearray(), bytearray(), _c.InputInfo(), _c.ErrorText()

    def told(pointer: Any) -> None:
        one = copied(pointer.contents)
        raw.extend(one)
        if window:
            window(windows_of(one, beside)[0])

    with raising() as raised:
        if pictures:
            session.on_sighting = _c.ON_SIGHTING(raised.callback(copier(sightings)))
        sink = _c.Sink(window=_c.ON_WINDOW(raised.callback(told)),
                       progress=_c.ON_PROGRESS(raised.callback(progress)))
        status = lib.attune_analyze_file(model._pointer, file, ctypes.byref(session), ctypes.byref(sink),
                                         ctypes.byref(info), ctypes.byref(err))
    _c.check(status, err)
    session.on_sighting = _c.ON_SIGHTING()
    write = _c.ON_TEXT(lambda *_: 0)
    with _report(os.fspath(path), model, session, bytes(raw), None, info, beside, sinks=b"summary", write=write) as report:
        summary, text = json.loads(lib.attune_report_json(report)), lib.attune_report_text(report).decode()
    return Result(os.fspath(path), windows_of(raw, beside), pictures_of(sightings) if pictures else None, summary, text,
                  [info.note[i].value.decode(errors="replace") for i in range(info.n_notes)],
                  info.truncated_reason.decode(errors="replace") if info.truncated else None, info.duration_s, model,
                  bytes(raw), bytes(sightings) if pictures else None, session, info, beside)


def export(report: Path, to: str, folder: Path | None = None, clip: Path | None = None) -> None:
    """Writes a report's folder in the forms of other programs: to "eaf,table,svg", ... (docs/exports.md), into folder
    (None: the report's own). clip: where the clip lies now, if not where it lay."""
    err = _c.ErrorText()
    setup = _c.ExportOptions(to=_given.text("to", to), dir=_given.path_or_none("folder", folder),
                             input=_given.path_or_none("clip", clip))
    _c.check(lib.attune_export(_given.path("report", report), ctypes.byref(setup), ctypes.byref(err)), err)
