"""A framework model with the SageMaker SDK v3, on an endpoint and over a file; its code comes from S3; prints JSON."""

import json
import sys
import tarfile
import time
from pathlib import Path

from sagemaker.core import image_uris
from sagemaker.core.helper.session_helper import Session, get_execution_role
from sagemaker.core.resources import Endpoint, EndpointConfig, Model
from sagemaker.core.shapes import ContainerDefinition, ProductionVariant
from sagemaker.core.transformer import Transformer

folder, scripts = Path(sys.argv[1]), Path(sys.argv[2])
session = Session()
prefix = f"serve-v3-{time.time_ns()}"
with tarfile.open(folder / "sourcedir.tar.gz", "w:gz") as archive:
    archive.add(scripts / "serve_scikit_learn.py", "serve_scikit_learn.py")
(folder / "rows.csv").write_text("1,2\n3,4\n")
rows = session.upload_data(str(folder / "rows.csv"), key_prefix=f"{prefix}/rows")
model_data, source = (
    session.upload_data(str(folder / f"{name}.tar.gz"), key_prefix=prefix) for name in ("scikit-learn", "sourcedir")
)
model = Model.create(
    model_name=prefix,
    primary_container=ContainerDefinition(
        image=image_uris.retrieve("sklearn", session.boto_region_name, version="1.2-1", instance_type="ml.m5.large"),
        model_data_url=model_data,
        environment={"SAGEMAKER_PROGRAM": "serve_scikit_learn.py", "SAGEMAKER_SUBMIT_DIRECTORY": source},
    ),
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
answers = {}
for content_type, body in (("text/csv", "1,2\n3,4"), ("application/json", "[[1, 2], [3, 4]]")):
    answer = endpoint.invoke(body=body, content_type=content_type, accept="application/json")
    answers[content_type] = json.loads(answer.body.read())
endpoint.delete()
config.delete()
transformer = Transformer(
    prefix, 1, "ml.m5.large", strategy="MultiRecord", assemble_with="Line", accept="text/csv",
    output_path=f"s3://{session.default_bucket()}/{prefix}/scores", sagemaker_session=session,
)  # fmt: skip
transformer.transform(rows, content_type="text/csv", split_type="Line", wait=False)
job = {"TransformJobName": transformer.latest_transform_job.transform_job_name}
while session.sagemaker_client.describe_transform_job(**job)["TransformJobStatus"] == "InProgress":
    time.sleep(0.1)
scores = session.read_s3_file(session.default_bucket(), f"{prefix}/scores/rows.csv.out")
answers["batch"] = [float(line) for line in scores.split()]
model.delete()
print(json.dumps(answers))
