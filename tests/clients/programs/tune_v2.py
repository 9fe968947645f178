"""Tuning with the SageMaker SDK v2: FOLDER holds train and validation CSV; prints what the tuner tells as JSON."""

import json
import sys
import time
from pathlib import Path

import sagemaker
from sagemaker.estimator import Estimator
from sagemaker.inputs import TrainingInput
from sagemaker.tuner import (
    CategoricalParameter,
    ContinuousParameter,
    HyperparameterTuner,
    IntegerParameter,
    WarmStartConfig,
    WarmStartTypes,
)

folder = Path(sys.argv[1])
session = sagemaker.Session()
prefix = f"tune-v2-{time.time_ns() // 1000}"  # the names that the SDK makes differ from minute to minute only
channels = {
    name: TrainingInput(
        session.upload_data(str(folder / f"{name}.csv"), key_prefix=f"{prefix}/{name}"), content_type="csv"
    )
    for name in ("train", "validation")
}


def tuner_of(**more):
    estimator = Estimator(
        image_uri=sagemaker.image_uris.retrieve("xgboost", session.boto_region_name, version="1.7-1"),
        role=sagemaker.get_execution_role(),
        instance_count=1,
        instance_type="ml.m4.xlarge",
        output_path=f"s3://{session.default_bucket()}/{prefix}/output",
        sagemaker_session=session,
    )
    estimator.set_hyperparameters(objective="binary:logistic", num_round=5)
    return HyperparameterTuner(
        estimator,
        "validation:auc",
        {
            "eta": ContinuousParameter(0.1, 0.5, scaling_type="Logarithmic"),
            "max_depth": IntegerParameter(1, 6),
            "tree_method": CategoricalParameter(["hist", "exact"]),
        },
        objective_type="Maximize",
        max_jobs=3,
        max_parallel_jobs=2,
        random_seed=4,
        **more,
    )


tuner = tuner_of()
tuner.fit(channels, job_name=prefix, wait=False)
while tuner.describe()["HyperParameterTuningJobStatus"] == "InProgress":  # the SDK's own wait looks every 5 seconds
    time.sleep(0.2)
frame = tuner.analytics().dataframe()
best = tuner.best_estimator()
attached = HyperparameterTuner.attach(tuner.latest_tuning_job.name, sagemaker_session=session)
child = tuner_of(
    warm_start_config=WarmStartConfig(WarmStartTypes.IDENTICAL_DATA_AND_ALGORITHM, {tuner.latest_tuning_job.name})
)
child.fit(channels, wait=False, job_name=f"{prefix}-child")
child.stop_tuning_job()
print(
    json.dumps(
        {
            "best": tuner.best_training_job(),
            "model_data": best.model_data,
            "static": best.hyperparameters(),
            "columns": sorted(frame.columns),
            "names": frame["TrainingJobName"].tolist(),
            "objectives": frame["FinalObjectiveValue"].tolist(),
            "statuses": frame["TrainingJobStatus"].tolist(),
            "ranges": attached.hyperparameter_ranges()["ContinuousParameterRanges"],
            "parents": list(child.warm_start_config.parents),
        }
    )
)
