"""The same model behind LitServe, as its documentation shows, with its fast queue."""

import os

import litserve
import numpy as np
import xgboost


class Model(litserve.LitAPI):
    """One CSV row in, one score out."""

    def setup(self, device):
        """Loads the model in the worker."""
        self.booster = xgboost.Booster(model_file=os.environ["MODEL"])
        self.booster.set_param({"nthread": 1})

    def decode_request(self, request):
        """Reads the row."""
        return np.array(request["row"].split(","), dtype=np.float32).reshape(1, -1)

    def predict(self, row):
        """Scores it."""
        return float(self.booster.inplace_predict(row)[0])

    def encode_response(self, score):
        """Writes the score."""
        return {"score": score}


if __name__ == "__main__":
    litserve.LitServer(Model(api_path="/predict"), accelerator="cpu").run(
        host="127.0.0.1", port=int(os.environ["PORT"]), generate_client_file=False, log_level="error"
    )
