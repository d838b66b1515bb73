"""The numpy arrays and the one marker that the packages hand to each other."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Bools: TypeAlias = npt.NDArray[np.bool_]
Codes: TypeAlias = npt.NDArray[np.int8]
Days: TypeAlias = npt.NDArray[np.datetime64]
Doubles: TypeAlias = npt.NDArray[np.float64]
Floats: TypeAlias = npt.NDArray[np.float32]
Indices: TypeAlias = npt.NDArray[np.intp]
Integers: TypeAlias = npt.NDArray[np.int32]
Keys: TypeAlias = npt.NDArray[np.uint64]
Longs: TypeAlias = npt.NDArray[np.int64]
Positions: TypeAlias = npt.NDArray[np.integer[Any]]
"""Row numbers of any width."""
Strings: TypeAlias = npt.NDArray[np.str_]

NOTHING = -1
"""Stands for "no item" in arrays of positions: after the end of a list, or where there is no source."""
