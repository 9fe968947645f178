"""An image of one's own with the SageMaker SDK v2: IMAGE FOLDER; prints what the endpoint answers as JSON."""

import json
import sys
import time

import sagemaker
from sagemaker.deserializers import JSONDeserializer
from sagemaker.estimator import Estimator
from sagemaker.serializers import CSVSerializer

image, folder = sys.argv[1:]
session = sagemaker.Session()
prefix = f"own-{time.time_ns()}"
data = session.upload_data(folder, key_prefix=f"{prefix}/training")
estimator = Estimator(
    image_uri=image,
    role=sagemaker.get_execution_role(),
    instance_count=1,
    instance_type="ml.m5.large",
    output_path=f"s3://{session.default_bucket()}/{prefix}/output",
    hyperparameters={"scale": "2"},
    metric_definitions=[{"Name": "sum", "Regex": "sum=(.*?);"}],
    sagemaker_session=session,
)
estimator.fit({"training": data}, wait=False)
name = estimator.latest_training_job.name
while session.describe_training_job(name)["TrainingJobStatus"] == "InProgress":
    time.sleep(0.2)
job = session.describe_training_job(name)
predictor = estimator.deploy(
    1,
    "ml.m5.large",
    env={"GREETING": "hello"},
    serializer=CSVSerializer(),
    deserializer=JSONDeserializer(),
    wait=False,
)
session.wait_for_endpoint(predictor.endpoint_name, poll=1)
answer = predictor.predict("1.5")
predictor.delete_model()
predictor.delete_endpoint()
print(json.dumps({"status": job["TrainingJobStatus"], "metrics": job["FinalMetricDataList"], **answer}, default=str))
