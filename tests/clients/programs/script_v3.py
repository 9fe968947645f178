"""Scripts on frameworks with the SageMaker SDK v3: FOLDER holds train.csv, SCRIPTS the scripts; prints JSON."""

import json
import sys
import time
from pathlib import Path

from sagemaker.core import image_uris
from sagemaker.core.helper.session_helper import Session, get_execution_role
from sagemaker.core.shapes import MetricDefinition
from sagemaker.train import ModelTrainer
from sagemaker.train.configs import Compute, InputData, OutputDataConfig, SourceCode, StoppingCondition
from sagemaker.train.distributed import Torchrun

folder, scripts = Path(sys.argv[1]), Path(sys.argv[2])
session = Session()
prefix = f"script-v3-{time.time_ns()}"
region = session.boto_region_name
train = session.upload_data(str(folder / "train.csv"), key_prefix=f"{prefix}/train")
wanted = {"image_scope": "training", "instance_type": "ml.m5.large"}
pytorch = {"version": "2.3", "py_version": "py311", **wanted}
tensorflow = {"version": "2.11.0", "py_version": "py39", **wanted}
jobs = {
    "scikit-learn": (
        image_uris.retrieve("sklearn", region, version="1.2-1", instance_type="ml.m5.large"),
        SourceCode(source_dir=str(scripts), entry_script="train_scikit_learn.py"),
        {"max-leaf-nodes": 30},
        MetricDefinition(name="accuracy", regex="accuracy: ([0-9.]+);"),
        None,
    ),
    "pytorch": (
        image_uris.retrieve("pytorch", region, **pytorch),
        SourceCode(source_dir=str(scripts), entry_script="train_pytorch.py"),
        {"epochs": 20},
        MetricDefinition(name="loss", regex=r"loss: ([0-9\.]+)"),
        Torchrun(process_count_per_node=1),
    ),
    "tensorflow": (
        image_uris.retrieve("tensorflow", region, **tensorflow),
        SourceCode(source_dir=str(scripts), entry_script="train_keras.py"),
        {"epochs": 3},
        MetricDefinition(name="loss", regex=r"loss: ([0-9\.]+)"),
        None,
    ),
}
trainers = {}
for name, (image, source, hyperparameters, metric, distributed) in jobs.items():
    trainer = ModelTrainer(
        sagemaker_session=session,
        training_image=image,
        source_code=source,
        distributed=distributed,
        role=get_execution_role(),
        base_job_name=f"{prefix}-{name}",
        compute=Compute(instance_type="ml.m5.large", instance_count=1),
        output_data_config=OutputDataConfig(s3_output_path=f"s3://{session.default_bucket()}/{prefix}/output"),
        stopping_condition=StoppingCondition(max_runtime_in_seconds=600),
        hyperparameters=hyperparameters,
    ).with_metric_definitions([metric])
    trainer.train(input_data_config=[InputData(channel_name="train", data_source=train)], wait=False, logs=False)
    trainers[name] = trainer
answers = {}
for name, trainer in trainers.items():
    job = trainer._latest_training_job
    job.refresh()
    while job.training_job_status == "InProgress":
        time.sleep(0.2)
        job.refresh()
    metrics = job.final_metric_data_list
    answers[name] = {
        "status": job.training_job_status,
        "reason": job.failure_reason if isinstance(job.failure_reason, str) else "",
        "metrics": {metric.metric_name: metric.value for metric in metrics} if isinstance(metrics, list) else {},
    }
print(json.dumps(answers))
