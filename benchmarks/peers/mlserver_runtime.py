"""The same model behind MLServer, as a custom runtime that speaks the Open Inference Protocol."""

import os

import numpy as np
import xgboost
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse


class Model(MLModel):
    """One row in, one score out."""

    async def load(self) -> bool:
        """Loads the model."""
        self.booster = xgboost.Booster(model_file=os.environ["MODEL"])
        self.booster.set_param({"nthread": 1})
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """Scores the row."""
        row = NumpyCodec.decode_input(payload.inputs[0]).astype(np.float32)
        score = np.asarray(self.booster.inplace_predict(row))
        return InferenceResponse(model_name=self.name, outputs=[NumpyCodec.encode_output("score", score)])
