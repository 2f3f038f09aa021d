"""What arrays of windows and of pictures have in common."""
from __future__ import annotations

from typing import TYPE_CHECKING, Callable, ClassVar, Mapping

import numpy as np

if TYPE_CHECKING:
    import pandas


class Table(np.recarray):
    """A structured array, rows of named columns: `t["track"]` and `t.track` are the same; so it is of one row,
    `t[3].track`."""

    _styles: ClassVar[Mapping[str, Callable[[np.ndarray], np.ndarray]]]

    def named(self, names: str = "attune") -> np.ndarray:
        """The same (n) under other programs' column names: "openface" or "py-feat". What they mean differs in places:
        docs/python.md."""
        if names not in self._styles:
            raise KeyError(f"names are those of {', '.join(self._styles)}, not {names!r}")
        return self._styles[names](self)

    def to_pandas(self, names: str = "attune") -> pandas.DataFrame:
        """As a pandas.DataFrame; names as in named()."""
        import pandas
        return pandas.DataFrame(self.named(names))
