"""The main path with the SageMaker SDK v3: FOLDER holds train, validation and test CSV; prints scores as JSON."""

import json
import sys
import time
from pathlib import Path

import numpy as np
from sagemaker.core import image_uris
from sagemaker.core.helper.session_helper import Session, get_execution_role
from sagemaker.core.resources import Endpoint, EndpointConfig, Model
from sagemaker.core.shapes import ContainerDefinition, ProductionVariant
from sagemaker.train import ModelTrainer
from sagemaker.train.configs import Compute, InputData, OutputDataConfig, StoppingCondition

folder, rounds = Path(sys.argv[1]), int(sys.argv[2])
session = Session()
prefix = f"sdk-v3-{time.time_ns()}"
image = image_uris.retrieve("xgboost", session.boto_region_name, version="3.0-5")
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
    training_image=image,
    role=get_execution_role(),
    base_job_name=prefix,
    compute=Compute(instance_type="ml.m5.xlarge", instance_count=1),
    output_data_config=OutputDataConfig(s3_output_path=f"s3://{session.default_bucket()}/{prefix}/output"),
    stopping_condition=StoppingCondition(max_runtime_in_seconds=600),
    hyperparameters={
        "objective": "binary:logistic",
        "eval_metric": "auc",
        "num_round": rounds,
        "max_depth": 5,
        "eta": 0.1,
        "subsample": 0.8,
        "seed": 1,
    },
)
trainer.train(input_data_config=channels, logs=True)
job = trainer._latest_training_job
job.refresh()
model = Model.create(
    model_name=prefix,
    primary_container=ContainerDefinition(image=image, model_data_url=job.model_artifacts.s3_model_artifacts),
    execution_role_arn=get_execution_role(),
)
config = EndpointConfig.create(
    endpoint_config_name=prefix,
    production_variants=[
        ProductionVariant(
            variant_name="AllTraffic",
            model_name=prefix,
            initial_instance_count=1,
            instance_type="ml.m5.large",
            initial_variant_weight=1.0,
        )
    ],
)
endpoint = Endpoint.create(endpoint_name=prefix, endpoint_config_name=prefix)
endpoint.wait_for_status("InService", poll=1)
test = np.loadtxt(folder / "test.csv", delimiter=",")
scores = []
for start in range(0, len(test), 500):
    body = "\n".join(",".join(f"{value:.10g}" for value in row) for row in test[start : start + 500, 1:])
    answer = endpoint.invoke(body=body, content_type="text/csv", accept="text/csv")
    scores += [float(score) for score in answer.body.read().decode().replace("\n", ",").strip(",").split(",")]
endpoint.delete()
config.delete()
model.delete()
print(
    json.dumps(
        {
            "scores": scores,
            "metrics": {metric.metric_name: metric.value for metric in job.final_metric_data_list},
            "role": get_execution_role(),
        }
    )
)
