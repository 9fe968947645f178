"""The same model behind BentoML, as its documentation shows."""

import os
from typing import Any

import bentoml
import numpy as np
import xgboost


@bentoml.service(workers=1, traffic={"timeout": 10})
class Model:
    """One CSV row in, one score out."""

    def __init__(self) -> None:
        self.booster = xgboost.Booster(model_file=os.environ["MODEL"])
        self.booster.set_param({"nthread": 1})

    @bentoml.api
    def predict(self, row: str) -> dict[str, Any]:
        """Scores the row."""
        values = np.array(row.split(","), dtype=np.float32).reshape(1, -1)
        return {"score": float(self.booster.inplace_predict(values)[0])}
