"""Batch transform and processing with the SageMaker SDK v3; FOLDER is for scratch; prints what was found as JSON."""

import json
import sys
import time
from pathlib import Path

import numpy as np
from sagemaker.core import image_uris
from sagemaker.core.helper.session_helper import Session, get_execution_role
from sagemaker.core.processing import FrameworkProcessor, ScriptProcessor
from sagemaker.core.resources import Model, TrainingJob
from sagemaker.core.shapes import (
    AlgorithmSpecification,
    Channel,
    ContainerDefinition,
    DataSource,
    OutputDataConfig,
    ProcessingInput,
    ProcessingOutput,
    ProcessingS3Input,
    ProcessingS3Output,
    ResourceConfig,
    S3DataSource,
    StoppingCondition,
)
from sagemaker.core.transformer import Transformer

folder = Path(sys.argv[1])
session = Session()
role = get_execution_role()
bucket, prefix = session.default_bucket(), f"batch-v3-{time.time_ns()}"
client = session.sagemaker_client
storage = session.boto_session.client("s3")


def ended(kind: str, name: str) -> dict:
    while True:
        job = getattr(client, f"describe_{kind}_job")(**{f"{kind.title()}JobName": name})
        if job[f"{kind.title()}JobStatus"] in ("Completed", "Failed", "Stopped"):
            return job
        time.sleep(0.1)


def read(key: str) -> str:
    return storage.get_object(Bucket=bucket, Key=f"{prefix}/{key}")["Body"].read().decode()


scripts = folder / "scripts"
scripts.mkdir()
(scripts / "split.py").write_text("""
import argparse, pandas
parser = argparse.ArgumentParser()
parser.add_argument("--ratio", type=float)
rows = pandas.read_csv("/opt/ml/processing/input/rows.csv", header=None)
first = round(len(rows) * parser.parse_args().ratio)
for name, part in (("train", rows[:first]), ("batch", rows[first:])):
    part.to_csv(f"/opt/ml/processing/{name}/{name}.csv", index=False, header=False)
""")
features = np.random.default_rng(7).normal(size=(400, 4))
rows = np.c_[(features[:, 0] + features[:, 1] > 0).astype(int), features]
np.savetxt(folder / "rows.csv", rows, delimiter=",", fmt="%.6g")
uploaded = session.upload_data(str(folder / "rows.csv"), bucket=bucket, key_prefix=f"{prefix}/raw")


def inputs() -> list[ProcessingInput]:
    place = ProcessingS3Input(
        s3_uri=uploaded, local_path="/opt/ml/processing/input", s3_data_type="S3Prefix", s3_input_mode="File"
    )
    return [ProcessingInput(input_name="rows", s3_input=place)]


def outputs(name: str) -> list[ProcessingOutput]:
    return [
        ProcessingOutput(
            output_name=part,
            s3_output=ProcessingS3Output(
                s3_uri=f"s3://{bucket}/{prefix}/{name}/{part}",
                local_path=f"/opt/ml/processing/{part}",
                s3_upload_mode="EndOfJob",
            ),
        )
        for part in ("train", "batch")
    ]


common = {"role": role, "instance_count": 1, "instance_type": "ml.m5.large", "sagemaker_session": session}
image = image_uris.retrieve("sklearn", session.boto_region_name, version="1.2-1")
script = ScriptProcessor(image_uri=image, command=["python3"], **common)
framework = FrameworkProcessor(image_uri=image, command=["python3"], **common)
script.run(
    code=str(scripts / "split.py"), inputs=inputs(), outputs=outputs("script"), arguments=["--ratio", "0.75"],
    wait=False, logs=False,
)  # fmt: skip
framework.run(
    code="split.py", source_dir=str(scripts), inputs=inputs(), outputs=outputs("framework"),
    arguments=["--ratio", "0.75"], wait=False, logs=False,
)  # fmt: skip
jobs = {"script": script.latest_job.processing_job_name, "framework": framework.latest_job.processing_job_name}
processed = {name: ended("processing", job) for name, job in jobs.items()}

xgboost = image_uris.retrieve("xgboost", session.boto_region_name, version="1.7-1")
train = S3DataSource(s3_data_type="S3Prefix", s3_uri=f"s3://{bucket}/{prefix}/script/train")
training = TrainingJob.create(
    training_job_name=prefix,
    algorithm_specification=AlgorithmSpecification(training_image=xgboost, training_input_mode="File"),
    role_arn=role,
    input_data_config=[
        Channel(channel_name="train", content_type="text/csv", data_source=DataSource(s3_data_source=train))
    ],
    output_data_config=OutputDataConfig(s3_output_path=f"s3://{bucket}/{prefix}/output"),
    resource_config=ResourceConfig(instance_type="ml.m5.large", instance_count=1, volume_size_in_gb=5),
    stopping_condition=StoppingCondition(max_runtime_in_seconds=600),
    hyper_parameters={"objective": "binary:logistic", "num_round": "10"},
)
training.wait(poll=1)
training.refresh()
Model.create(
    model_name=prefix,
    primary_container=ContainerDefinition(image=xgboost, model_data_url=training.model_artifacts.s3_model_artifacts),
    execution_role_arn=role,
)
transformer = Transformer(
    prefix, 1, "ml.m5.large", strategy="MultiRecord", assemble_with="Line", accept="text/csv",
    output_path=f"s3://{bucket}/{prefix}/scores", sagemaker_session=session,
)  # fmt: skip
transformer.transform(
    f"s3://{bucket}/{prefix}/script/batch",
    content_type="text/csv",
    split_type="Line",
    input_filter="$[1:]",
    join_source="Input",
    output_filter="$[0,-1]",
    wait=False,
)
transformed = ended("transform", transformer.latest_transform_job.transform_job_name)
print(
    json.dumps(
        {
            "processed": {
                name: [job["ProcessingJobStatus"], job.get("FailureReason", "")] for name, job in processed.items()
            },
            "rows": {name: len(read(f"{name}/train/train.csv").splitlines()) for name in jobs},
            "transformed": [transformed["TransformJobStatus"], transformed.get("FailureReason", "")],
            "scores": [[*map(float, line.split(","))] for line in read("scores/batch.csv.out").split()],
        }
    )
)
