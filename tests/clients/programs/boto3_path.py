"""The main path with boto3 alone: FOLDER holds train, validation and test CSV; prints scores as JSON."""

import json
import sys
import time
from pathlib import Path

import boto3
import numpy as np

folder, rounds = Path(sys.argv[1]), sys.argv[2]
name = f"boto3-{time.time_ns()}"
s3, sagemaker, logs = boto3.client("s3"), boto3.client("sagemaker"), boto3.client("logs")
runtime = boto3.client("sagemaker-runtime")
account = boto3.client("sts").get_caller_identity()["Account"]
role = boto3.client("iam").get_role(RoleName="ClaryExecutionRole")["Role"]["Arn"]
bucket = f"boto3-path-{account}-{name[-12:]}"
s3.create_bucket(Bucket=bucket)
for channel in ("train", "validation"):
    s3.upload_file(str(folder / f"{channel}.csv"), bucket, f"{channel}/{channel}.csv")
image = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
sagemaker.create_training_job(
    TrainingJobName=name,
    AlgorithmSpecification={"TrainingImage": image, "TrainingInputMode": "File"},
    RoleArn=role,
    InputDataConfig=[
        {
            "ChannelName": channel,
            "ContentType": "text/csv",
            "DataSource": {
                "S3DataSource": {
                    "S3DataType": "S3Prefix",
                    "S3Uri": f"s3://{bucket}/{channel}/",
                    "S3DataDistributionType": "FullyReplicated",
                }
            },
        }
        for channel in ("train", "validation")
    ],
    OutputDataConfig={"S3OutputPath": f"s3://{bucket}/output"},
    ResourceConfig={"InstanceType": "ml.m5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 10},
    StoppingCondition={"MaxRuntimeInSeconds": 600},
    HyperParameters={
        "objective": "binary:logistic", "eval_metric": "auc", "num_round": rounds,
        "max_depth": "5", "eta": "0.1", "subsample": "0.8", "seed": "1",
    },
)  # fmt: skip
sagemaker.get_waiter("training_job_completed_or_stopped").wait(
    TrainingJobName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 300}
)
job = sagemaker.describe_training_job(TrainingJobName=name)
streams = logs.describe_log_streams(logGroupName="/aws/sagemaker/TrainingJobs", logStreamNamePrefix=f"{name}/")
events = logs.get_log_events(
    logGroupName="/aws/sagemaker/TrainingJobs",
    logStreamName=streams["logStreams"][0]["logStreamName"],
    startFromHead=True,
)["events"]
sagemaker.create_model(
    ModelName=name,
    PrimaryContainer={"Image": image, "ModelDataUrl": job["ModelArtifacts"]["S3ModelArtifacts"]},
    ExecutionRoleArn=role,
)
sagemaker.create_endpoint_config(
    EndpointConfigName=name,
    ProductionVariants=[
        {"VariantName": "AllTraffic", "ModelName": name, "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
    ],
)
sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 120})
test = np.loadtxt(folder / "test.csv", delimiter=",")
scores: list[float] = []
for start in range(0, len(test), 500):
    body = "\n".join(",".join(f"{value:.10g}" for value in row) for row in test[start : start + 500, 1:])
    answer = runtime.invoke_endpoint(EndpointName=name, ContentType="text/csv", Body=body)["Body"].read().decode()
    scores += [float(score) for score in answer.strip().split(",")]
sagemaker.delete_endpoint(EndpointName=name)
sagemaker.delete_endpoint_config(EndpointConfigName=name)
sagemaker.delete_model(ModelName=name)
print(
    json.dumps(
        {
            "scores": scores,
            "metrics": {metric["MetricName"]: metric["Value"] for metric in job["FinalMetricDataList"]},
            "log": [event["message"] for event in events],
            "status": job["TrainingJobStatus"],
        }
    )
)
