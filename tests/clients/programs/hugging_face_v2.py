"""A Hugging Face script with the SageMaker SDK v2, trained and deployed: FOLDER holds train.csv; prints JSON.

Arguments: FOLDER, the folder of the scripts, "pytorch" or "tensorflow".
"""

import json
import sys
import time
from pathlib import Path

import sagemaker
from sagemaker.huggingface import HuggingFace

VERSIONS = {
    "pytorch": {"transformers_version": "4.26", "pytorch_version": "1.13", "py_version": "py39"},
    "tensorflow": {"transformers_version": "4.17", "tensorflow_version": "2.6", "py_version": "py38"},
}
folder, scripts, framework = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
session = sagemaker.Session()
prefix = f"hugging-face-{time.time_ns()}"
estimator = HuggingFace(
    entry_point="train_hugging_face.py" if framework == "pytorch" else "train_hugging_face_tensorflow.py",
    source_dir=str(scripts),
    role=sagemaker.get_execution_role(),
    instance_count=1,
    instance_type="ml.g4dn.xlarge",  # the SDK knows images for GPUs only
    **VERSIONS[framework],
    hyperparameters={"epochs": 6},
    metric_definitions=[{"Name": "loss", "Regex": r"'?loss'?: '?([0-9.]+)"}],
    sagemaker_session=session,
    max_run=600,
)
estimator.fit({"train": session.upload_data(str(folder / "train.csv"), key_prefix=prefix)}, wait=False)
described = estimator.latest_training_job.describe()
while described["TrainingJobStatus"] == "InProgress":
    time.sleep(0.2)
    described = estimator.latest_training_job.describe()
answer = {
    "status": described["TrainingJobStatus"],
    "reason": described.get("FailureReason", ""),
    "metrics": {metric["MetricName"]: metric["Value"] for metric in described.get("FinalMetricDataList", [])},
}
if answer["status"] == "Completed":
    predictor = estimator.deploy(1, "ml.m5.large", endpoint_name=prefix, wait=False)
    session.wait_for_endpoint(prefix, poll=1)
    answer["good"] = predictor.predict({"inputs": "a lovely warm film"})
    answer["bad"] = predictor.predict({"inputs": ["an awful cold film", "a lovely warm play"]})
    predictor.delete_endpoint()
print(f"\n{json.dumps(answer)}")  # waiting prints dots
