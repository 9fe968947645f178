"""An image of one's own with the SageMaker SDK v3: IMAGE FOLDER; prints what the endpoint answers as JSON."""

import json
import sys
import time

from sagemaker.core.helper.session_helper import Session, get_execution_role
from sagemaker.core.resources import Endpoint, EndpointConfig, Model
from sagemaker.core.shapes import ContainerDefinition, MetricDefinition, ProductionVariant
from sagemaker.train import ModelTrainer
from sagemaker.train.configs import Compute, InputData, OutputDataConfig, StoppingCondition

image, folder = sys.argv[1:]
session = Session()
prefix = f"own-v3-{time.time_ns()}"
data = session.upload_data(folder, key_prefix=f"{prefix}/training")
trainer = ModelTrainer(
    sagemaker_session=session,
    training_image=image,
    role=get_execution_role(),
    base_job_name=prefix,
    compute=Compute(instance_type="ml.m5.large", instance_count=1),
    output_data_config=OutputDataConfig(s3_output_path=f"s3://{session.default_bucket()}/{prefix}/output"),
    stopping_condition=StoppingCondition(max_runtime_in_seconds=600),
    hyperparameters={"scale": "2"},
).with_metric_definitions([MetricDefinition(name="sum", regex="sum=(.*?);")])
trainer.train(input_data_config=[InputData(channel_name="training", data_source=data)], wait=False, logs=False)
job = trainer._latest_training_job
job.refresh()
while job.training_job_status == "InProgress":
    time.sleep(0.2)
    job.refresh()
model = Model.create(
    model_name=prefix,
    primary_container=ContainerDefinition(
        image=image, model_data_url=job.model_artifacts.s3_model_artifacts, environment={"GREETING": "hello"}
    ),
    execution_role_arn=get_execution_role(),
)
variant = ProductionVariant(
    variant_name="AllTraffic", model_name=prefix, initial_instance_count=1, instance_type="ml.m5.large"
)
config = EndpointConfig.create(endpoint_config_name=prefix, production_variants=[variant])
endpoint = Endpoint.create(endpoint_name=prefix, endpoint_config_name=prefix)
endpoint.wait_for_status("InService", poll=1)
answer = json.loads(endpoint.invoke(body="1.5", content_type="text/csv", accept="application/json").body.read())
endpoint.delete()
config.delete()
model.delete()
metrics = [{"MetricName": metric.metric_name, "Value": metric.value} for metric in job.final_metric_data_list]
print(json.dumps({"status": job.training_job_status, "metrics": metrics, **answer}))
