"""Array types that every room shares."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
"""Any number of float64 values; the docstring says the shape."""

Ints = NDArray[np.int64]
"""Indices along a plant axis; -1 means none."""

Flags = NDArray[np.bool_]
