"""The main path with the SageMaker SDK v2: FOLDER holds train, validation and test CSV; prints scores as JSON."""

import json
import sys
import time
from pathlib import Path

import numpy as np
import sagemaker
from sagemaker.deserializers import CSVDeserializer
from sagemaker.estimator import Estimator
from sagemaker.inputs import TrainingInput
from sagemaker.serializers import CSVSerializer

folder, rounds = Path(sys.argv[1]), int(sys.argv[2])
session = sagemaker.Session()
prefix = f"sdk-v2-{time.time_ns()}"
channels = {
    name: TrainingInput(
        session.upload_data(str(folder / f"{name}.csv"), key_prefix=f"{prefix}/{name}"), content_type="csv"
    )
    for name in ("train", "validation")
}
estimator = Estimator(
    image_uri=sagemaker.image_uris.retrieve("xgboost", session.boto_region_name, version="latest"),
    role=sagemaker.get_execution_role(),
    instance_count=1,
    instance_type="ml.m4.xlarge",
    output_path=f"s3://{session.default_bucket()}/{prefix}/output",
    sagemaker_session=session,
)
estimator.set_hyperparameters(
    objective="binary:logistic", eval_metric="auc", num_round=rounds, max_depth=5, eta=0.1, subsample=0.8, seed=1
)
estimator.fit(channels)
metrics = estimator.training_job_analytics.dataframe()
predictor = estimator.deploy(1, "ml.m4.xlarge", serializer=CSVSerializer(), deserializer=CSVDeserializer(), wait=False)
session.wait_for_endpoint(predictor.endpoint_name, poll=1)
test = np.loadtxt(folder / "test.csv", delimiter=",")
scores = []
for start in range(0, len(test), 500):
    answer = predictor.predict(test[start : start + 500, 1:])
    scores += [float(score) for row in answer for score in row]
predictor.delete_model()
predictor.delete_endpoint()
attached = Estimator.attach(estimator.latest_training_job.name, sagemaker_session=session)
print(
    json.dumps(
        {
            "scores": scores,
            "metric_names": sorted(set(metrics["metric_name"])),
            "role": sagemaker.get_execution_role(),
            "account": session.account_id(),
            "model_data": attached.model_data,
        }
    )
)
