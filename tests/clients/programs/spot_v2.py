"""A spot job with the SageMaker SDK v2: FOLDER holds train and validation CSV; prints what was told as JSON."""

import json
import sys
import time
from pathlib import Path

import sagemaker
from sagemaker.estimator import Estimator
from sagemaker.inputs import TrainingInput

folder, seconds = Path(sys.argv[1]), sys.argv[2]
session = sagemaker.Session()
prefix = f"spot-v2-{time.time_ns()}"
channels = {
    name: TrainingInput(
        session.upload_data(str(folder / f"{name}.csv"), key_prefix=f"{prefix}/{name}"), content_type="csv"
    )
    for name in ("train", "validation")
}
estimator = Estimator(
    image_uri=sagemaker.image_uris.retrieve("xgboost", session.boto_region_name, version="1.7-1"),
    role=sagemaker.get_execution_role(),
    instance_count=1,
    instance_type="ml.m5.large",
    output_path=f"s3://{session.default_bucket()}/{prefix}/output",
    sagemaker_session=session,
    use_spot_instances=True,
    max_run=600,
    max_wait=900,
    checkpoint_s3_uri=f"s3://{session.default_bucket()}/{prefix}/checkpoints",
    tags=[{"Key": "clary:spot-interrupt-after-seconds", "Value": seconds}],
)
estimator.set_hyperparameters(objective="binary:logistic", num_round=3000, eval_metric="logloss", seed=1)
estimator.fit(channels)
described = estimator.latest_training_job.describe()
print(json.dumps({"name": described["TrainingJobName"], "status": described["TrainingJobStatus"]}))
