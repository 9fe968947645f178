"""Framework models with the SageMaker SDK v2: FOLDER holds archives and scripts; prints predictions as JSON."""

import json
import sys
import time
from pathlib import Path

import botocore.exceptions
import numpy as np
import sagemaker
from sagemaker.deserializers import CSVDeserializer, JSONDeserializer, NumpyDeserializer
from sagemaker.pytorch import PyTorchModel
from sagemaker.serializers import CSVSerializer, JSONSerializer, NumpySerializer
from sagemaker.sklearn import SKLearnModel
from sagemaker.tensorflow import TensorFlowModel

folder, scripts = Path(sys.argv[1]), Path(sys.argv[2])
session = sagemaker.Session()
prefix = f"serve-v2-{time.time_ns()}"
common = {"role": sagemaker.get_execution_role(), "sagemaker_session": session}


def uploaded(name: str) -> str:
    return session.upload_data(str(folder / f"{name}.tar.gz"), key_prefix=prefix)


models = {
    "scikit-learn": SKLearnModel(
        model_data=uploaded("scikit-learn"),
        entry_point=str(scripts / "serve_scikit_learn.py"),
        framework_version="1.2-1",
        **common,
    ),
    "pytorch": PyTorchModel(
        model_data=uploaded("pytorch"),
        entry_point=str(scripts / "serve_pytorch.py"),
        framework_version="2.3",
        py_version="py311",
        **common,
    ),
    "tensorflow": TensorFlowModel(model_data=uploaded("tensorflow"), framework_version="2.16", **common),
    "tensorflow-handlers": TensorFlowModel(
        model_data=uploaded("tensorflow"),
        entry_point=str(scripts / "tensorflow_serving" / "inference.py"),
        framework_version="2.16",
        **common,
    ),
}
for name, model in models.items():
    model.deploy(1, "ml.m5.large", wait=False, endpoint_name=f"{prefix}-{name}")
predictors = {
    name: model.predictor_cls(f"{prefix}-{name}", sagemaker_session=session) for name, model in models.items()
}
for name in models:
    session.wait_for_endpoint(f"{prefix}-{name}", poll=1)
rows = [[1.0, 2.0], [3.0, 4.0]]
answers = {
    "scikit-learn npy": predictors["scikit-learn"].predict(np.array(rows)).tolist(),
    "tensorflow list": predictors["tensorflow"].predict(rows),
    "tensorflow instances": predictors["tensorflow"].predict({"instances": rows}),
    "tensorflow inputs": predictors["tensorflow"].predict({"inputs": rows}),
}


def asked(name: str, data: object, serializer: object, deserializer: object) -> object:
    predictor = predictors[name]
    predictor.serializer, predictor.deserializer = serializer, deserializer
    return predictor.predict(data)


answers |= {
    "scikit-learn json": asked("scikit-learn", rows, JSONSerializer(), JSONDeserializer()),
    "scikit-learn csv": asked("scikit-learn", rows, CSVSerializer(), CSVDeserializer()),
    "pytorch json": asked("pytorch", {"inputs": rows}, JSONSerializer(), JSONDeserializer()),
    "pytorch npy": asked("pytorch", {"inputs": rows}, JSONSerializer(), NumpyDeserializer()).tolist(),
    "tensorflow csv": asked("tensorflow", rows, CSVSerializer(), JSONDeserializer()),
    "tensorflow-handlers": asked(
        "tensorflow-handlers", "1|2", CSVSerializer(content_type="application/x-pipes"), JSONDeserializer()
    ),
}
try:
    asked("pytorch", np.array(rows), NumpySerializer(), JSONDeserializer())
except botocore.exceptions.ClientError as error:
    answers["error"] = {**error.response["Error"], "status": error.response["OriginalStatusCode"]}
for predictor in predictors.values():
    predictor.delete_model()
    predictor.delete_endpoint()
print("\n" + json.dumps(answers))  # the SDK ends no line while it waits
