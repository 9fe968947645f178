"""Batch transform and processing with the SageMaker SDK v2; FOLDER is for scratch; prints what was found as JSON."""

import json
import sys
import time
from pathlib import Path

import numpy as np
import sagemaker
from sagemaker.estimator import Estimator
from sagemaker.inputs import TrainingInput
from sagemaker.processing import FrameworkProcessor, ProcessingInput, ProcessingOutput, ScriptProcessor
from sagemaker.sklearn.estimator import SKLearn
from sagemaker.sklearn.processing import SKLearnProcessor

folder = Path(sys.argv[1])
session = sagemaker.Session()
role = sagemaker.get_execution_role()
bucket, prefix = session.default_bucket(), f"batch-v2-{time.time_ns()}"
client = session.sagemaker_client


def ended(kind: str, name: str) -> dict:
    """Waits for a job; the SDK's own waiting looks every ten seconds only."""
    while True:
        job = getattr(client, f"describe_{kind}_job")(**{f"{kind.title()}JobName": name})
        if job[f"{kind.title()}JobStatus"] in ("Completed", "Failed", "Stopped"):
            return job
        time.sleep(0.1)


def read(uri: str) -> str:
    return sagemaker.s3.S3Downloader.read_file(uri, sagemaker_session=session)


# scripts/split.py splits rows.csv by a ratio; it needs what lies beside it and what requirements.txt asks for.
scripts = folder / "scripts"
scripts.mkdir()
(scripts / "share.py").write_text("def share(rows, ratio):\n    return round(len(rows) * ratio)\n")
(scripts / "split.py").write_text("""
import argparse, pathlib, sklearn, pandas
try:
    from share import share
except ImportError:
    share = lambda rows, ratio: round(len(rows) * ratio)
parser = argparse.ArgumentParser()
parser.add_argument("--ratio", type=float)
ratio = parser.parse_args().ratio
rows = pandas.read_csv("/opt/ml/processing/input/rows.csv", header=None)
first = share(rows, ratio)
for name, part in (("train", rows[:first]), ("batch", rows[first:])):
    part.to_csv(f"/opt/ml/processing/{name}/{name}.csv", index=False, header=False)
print("scikit-learn", sklearn.__version__)
""")
rng = np.random.default_rng(7)
features = rng.normal(size=(400, 4))
rows = np.c_[(features[:, 0] + features[:, 1] > 0).astype(int), features]
np.savetxt(folder / "rows.csv", rows, delimiter=",", fmt="%.6g")
inputs = [ProcessingInput(source=str(folder / "rows.csv"), destination="/opt/ml/processing/input")]


def outputs(name: str) -> list[ProcessingOutput]:
    return [
        ProcessingOutput(f"/opt/ml/processing/{part}", f"s3://{bucket}/{prefix}/{name}/{part}", output_name=part)
        for part in ("train", "batch")
    ]


common = {"role": role, "instance_count": 1, "instance_type": "ml.m5.large", "sagemaker_session": session}
image = sagemaker.image_uris.retrieve("sklearn", session.boto_region_name, version="1.2-1")
processors = {
    "sklearn": SKLearnProcessor(framework_version="1.2-1", **common),
    "script": ScriptProcessor(image_uri=image, command=["python3"], **common),
    "framework": FrameworkProcessor(estimator_cls=SKLearn, framework_version="1.2-1", **common),
}
jobs = {}
for name, processor in processors.items():
    code = (
        {"code": "split.py", "source_dir": str(scripts)} if name == "framework" else {"code": str(scripts / "split.py")}
    )
    processor.run(**code, inputs=inputs, outputs=outputs(name), arguments=["--ratio", "0.75"], wait=False, logs=False)
    jobs[name] = processor.latest_job.job_name
processed = {name: ended("processing", job) for name, job in jobs.items()}

estimator = Estimator(
    image_uri=sagemaker.image_uris.retrieve("xgboost", session.boto_region_name, version="1.7-1"),
    output_path=f"s3://{bucket}/{prefix}/output",
    **common,
)
estimator.set_hyperparameters(objective="binary:logistic", num_round=10)
estimator.fit({"train": TrainingInput(f"s3://{bucket}/{prefix}/sklearn/train", content_type="csv")}, wait=False)
while (
    client.describe_training_job(TrainingJobName=estimator.latest_training_job.name)["TrainingJobStatus"] != "Completed"
):
    time.sleep(0.1)
transformer = estimator.transformer(
    1, "ml.m5.large", strategy="MultiRecord", assemble_with="Line", accept="text/csv",
    output_path=f"s3://{bucket}/{prefix}/scores",
)  # fmt: skip
transformer.transform(
    f"s3://{bucket}/{prefix}/sklearn/batch",
    content_type="text/csv",
    split_type="Line",
    input_filter="$[1:]",
    join_source="Input",
    output_filter="$[0,-1]",
    wait=False,
)
transformed = ended("transform", transformer.latest_transform_job.name)
transformer.wait(logs=True)
attached = sagemaker.transformer.Transformer.attach(transformer.latest_transform_job.name, sagemaker_session=session)
print(
    json.dumps(
        {
            "processed": {
                name: [job["ProcessingJobStatus"], job.get("FailureReason", "")] for name, job in processed.items()
            },
            "rows": {name: len(read(f"s3://{bucket}/{prefix}/{name}/train/train.csv").splitlines()) for name in jobs},
            "transformed": [transformed["TransformJobStatus"], transformed.get("FailureReason", "")],
            "scores": [
                [*map(float, line.split(","))] for line in read(f"{transformer.output_path}/batch.csv.out").split()
            ],
            "attached": [attached.strategy, attached.assemble_with, attached.accept, attached.output_path],
        }
    )
)
