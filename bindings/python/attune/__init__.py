"""attune: perceived expressions and learning states over time, from face video and speech.

    import attune
    result = attune.analyze("lecture.mp4")
    result.windows["emotion_happy"]      # a structured array: a row a window and face
    result.windows.to_pandas()
    result.save("attune-lecture")        # timeline.csv, report.html, ...
    attune.analyze("lecture.mp4", pictures=True).pictures      # a row a picture and face: place, landmarks, movements

Estimates speak of perceived expression, not of inner state. In the EU, inferring the emotions of people in education
institutions is prohibited outside medical and safety uses (Regulation (EU) 2024/1689, Art. 5(1)(f)).
"""
from ._analysis import Result, analyze, export
from ._beside import Log
from ._c import (ArgumentError, Error, FileError, FormatError, OutOfMemoryError, StateError, StoppedError,
                 UnsupportedError)
from ._evaluation import evaluate
from ._library import VERSION as __version__
from ._model import Model
from ._options import FileOptions, SessionOptions
from ._pictures import Pictures, picture_columns, picture_dtype
from ._session import Session
from ._windows import Windows, columns, dtype

__all__ = ["ArgumentError", "Error", "FileError", "FileOptions", "FormatError", "Log", "Model", "OutOfMemoryError",
           "Pictures", "Result", "Session", "SessionOptions", "StateError", "StoppedError", "UnsupportedError", "Windows",
           "analyze", "columns", "dtype", "evaluate", "export", "picture_columns", "picture_dtype"]
