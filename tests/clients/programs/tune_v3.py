"""Tuning with the SageMaker SDK v3: FOLDER holds train and validation CSV; prints what the tuner tells as JSON."""

import json
import sys
import time
from pathlib import Path

from sagemaker.core import image_uris
from sagemaker.core.helper.session_helper import Session, get_execution_role
from sagemaker.core.parameter import ContinuousParameter, IntegerParameter
from sagemaker.train import ModelTrainer
from sagemaker.train.configs import Compute, InputData, OutputDataConfig, StoppingCondition
from sagemaker.train.tuner import HyperparameterTuner

folder = Path(sys.argv[1])
session = Session()
prefix = f"tune-v3-{time.time_ns() // 1000}"  # the names that the SDK makes differ from minute to minute only
channels = [
    InputData(
        channel_name=name,
        data_source=session.upload_data(str(folder / f"{name}.csv"), key_prefix=f"{prefix}/{name}"),
        content_type="text/csv",
    )
    for name in ("train", "validation")
]
trainer = ModelTrainer(
    sagemaker_session=session,
    training_image=image_uris.retrieve("xgboost", session.boto_region_name, version="3.0-5"),
    role=get_execution_role(),
    base_job_name="v3",
    compute=Compute(instance_type="ml.m5.xlarge", instance_count=1),
    output_data_config=OutputDataConfig(s3_output_path=f"s3://{session.default_bucket()}/{prefix}/output"),
    stopping_condition=StoppingCondition(max_runtime_in_seconds=600),
    hyperparameters={"objective": "binary:logistic", "num_round": 5},
)
tuner = HyperparameterTuner(
    model_trainer=trainer,
    objective_metric_name="validation:logloss",
    hyperparameter_ranges={"eta": ContinuousParameter(0.1, 0.5), "max_depth": IntegerParameter(1, 6)},
    objective_type="Minimize",
    max_jobs=3,
    max_parallel_jobs=2,
    early_stopping_type="Auto",
)
tuner.tune(inputs=channels, job_name=prefix, wait=False)
job = tuner.latest_tuning_job
job.wait(poll=1)
frame = tuner.analytics().dataframe()
print(
    json.dumps(
        {
            "best": tuner.best_training_job(),
            "status": tuner.describe().hyper_parameter_tuning_job_status,
            "names": frame["TrainingJobName"].tolist(),
            "objectives": frame["FinalObjectiveValue"].tolist(),
            "trials": [trial.training_job_name for trial in job.get_all_training_jobs()],
        }
    )
)
