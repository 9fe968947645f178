"""Scripts on frameworks with the SageMaker SDK v2: FOLDER holds train.csv, SCRIPTS the scripts; prints JSON."""

import json
import sys
import time
from pathlib import Path

import sagemaker
from sagemaker.pytorch import PyTorch
from sagemaker.sklearn import SKLearn
from sagemaker.tensorflow import TensorFlow

folder, scripts = Path(sys.argv[1]), Path(sys.argv[2])
session = sagemaker.Session()
prefix = f"script-v2-{time.time_ns()}"
train = session.upload_data(str(folder / "train.csv"), key_prefix=f"{prefix}/train")
common = {
    "role": sagemaker.get_execution_role(),
    "instance_count": 1,
    "instance_type": "ml.m5.large",
    "sagemaker_session": session,
    "max_run": 600,
}
loss = [{"Name": "loss", "Regex": r"loss: ([0-9\.]+)"}]
estimators = {
    "scikit-learn": SKLearn(
        entry_point=str(scripts / "train_scikit_learn.py"),
        framework_version="1.2-1",
        hyperparameters={"max-leaf-nodes": 30},
        metric_definitions=[{"Name": "accuracy", "Regex": "accuracy: ([0-9.]+);"}],
        **common,
    ),
    "pytorch": PyTorch(
        entry_point="train_pytorch.py",
        source_dir=str(scripts),
        framework_version="1.8.1",
        py_version="py36",
        hyperparameters={"epochs": 20, "lr": 0.05},
        metric_definitions=loss,
        environment={"MY_VARIABLE": "mine"},
        **common,
    ),
    "tensorflow": TensorFlow(
        entry_point=str(scripts / "train_keras.py"),
        framework_version="2.11.0",
        py_version="py39",
        hyperparameters={"epochs": 3},
        metric_definitions=loss,
        **common,
    ),
}
answers = {}
for estimator in estimators.values():
    estimator.fit({"train": train}, wait=False)
for name, estimator in estimators.items():
    described = estimator.latest_training_job.describe()
    while described["TrainingJobStatus"] == "InProgress":
        time.sleep(0.2)
        described = estimator.latest_training_job.describe()
    answers[name] = {
        "name": described["TrainingJobName"],
        "status": described["TrainingJobStatus"],
        "reason": described.get("FailureReason", ""),
        "metrics": {metric["MetricName"]: metric["Value"] for metric in described.get("FinalMetricDataList", [])},
        "model": described["ModelArtifacts"]["S3ModelArtifacts"],
    }
print(json.dumps(answers))
