"""Prediction for dense rows through xgboost's C interface.

`Booster.inplace_predict` spends as long on its arguments as on the prediction of a row by a hundred trees. The
function that it calls, `XGBoosterPredictFromDense` of the public C interface, is called here with arguments that were
prepared when the model was loaded. It may be called from several threads: the C library keeps its results for each.
"""

from __future__ import annotations

import ctypes
import json
from typing import Any

import numpy as np
import xgboost
from xgboost import core

_FEW_SCORES = 256
"""Up to so many scores a Python list is the quicker way out of C memory."""


class DensePrediction:
    """Predicts float32 rows with one booster.

    Args:
        booster: of trees; kept alive by this object.
        rounds: the first round and the one after the last; (0, 0) is all.
    """

    def __init__(self, booster: xgboost.Booster, rounds: tuple[int, int]) -> None:
        self._booster = booster
        self._arguments = json.dumps(
            {
                "type": 0,
                "training": False,
                "iteration_begin": rounds[0],
                "iteration_end": rounds[1],
                "missing": float("nan"),
                "strict_shape": False,
                "cache_id": 0,
            }
        ).encode()

    def __call__(self, rows: Any) -> Any:
        """The predictions, float32, shape (rows,) or (rows, classes).

        Args:
            rows: float32, C-contiguous, shape (rows, features of the model).

        Raises:
            XGBoostError: the rows cannot be predicted.
        """
        address = rows.__array_interface__["data"][0]
        described = b'{"data":[%d,true],"shape":[%d,%d],"typestr":"<f4","version":3}' % (address, *rows.shape)
        shape = ctypes.POINTER(ctypes.c_uint64)()
        dimensions = ctypes.c_uint64()
        scores = ctypes.POINTER(ctypes.c_float)()
        core._check_call(
            core._LIB.XGBoosterPredictFromDense(
                self._booster.handle,
                described,
                self._arguments,
                None,
                ctypes.byref(shape),
                ctypes.byref(dimensions),
                ctypes.byref(scores),
            )
        )
        extents = shape[: dimensions.value]
        count = int(np.prod(extents)) if len(extents) > 1 else extents[0]
        if count <= _FEW_SCORES:
            return np.array(scores[:count], np.float32).reshape(extents)
        return np.ctypeslib.as_array(scores, (count,)).reshape(extents).copy()
