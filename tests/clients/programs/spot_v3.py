"""A spot job with the SageMaker SDK v3: FOLDER holds train and validation CSV; prints what was told as JSON."""

import json
import sys
import time
from pathlib import Path

from sagemaker.core import image_uris
from sagemaker.core.helper.session_helper import Session, get_execution_role
from sagemaker.core.shapes import CheckpointConfig, Tag
from sagemaker.train import ModelTrainer
from sagemaker.train.configs import Compute, InputData, OutputDataConfig, StoppingCondition

folder, seconds = Path(sys.argv[1]), sys.argv[2]
session = Session()
prefix = f"spot-v3-{time.time_ns()}"
trainer = ModelTrainer(
    sagemaker_session=session,
    training_image=image_uris.retrieve("xgboost", session.boto_region_name, version="3.0-5"),
    role=get_execution_role(),
    base_job_name=prefix,
    compute=Compute(instance_type="ml.m5.large", instance_count=1, enable_managed_spot_training=True),
    output_data_config=OutputDataConfig(s3_output_path=f"s3://{session.default_bucket()}/{prefix}/output"),
    stopping_condition=StoppingCondition(max_runtime_in_seconds=600, max_wait_time_in_seconds=900),
    checkpoint_config=CheckpointConfig(s3_uri=f"s3://{session.default_bucket()}/{prefix}/checkpoints"),
    hyperparameters={"objective": "binary:logistic", "num_round": 3000, "eval_metric": "logloss", "seed": 1},
    tags=[Tag(key="clary:spot-interrupt-after-seconds", value=seconds)],
)
channels = [
    InputData(
        channel_name=name,
        data_source=session.upload_data(str(folder / f"{name}.csv"), key_prefix=f"{prefix}/{name}"),
        content_type="text/csv",
    )
    for name in ("train", "validation")
]
trainer.train(input_data_config=channels, logs=False)
job = trainer._latest_training_job
job.refresh()
print(json.dumps({"name": job.training_job_name, "status": job.training_job_status}))
