"""Who will take the offer? Train, deploy and ask a model with the SageMaker SDK and boto3, none of them changed.

The path of a first AWS machine-learning workshop: make a data set, upload it to S3, train the built-in XGBoost with
its log on the screen, deploy an endpoint, ask it about customers it has never seen, and publish the result as a page.
The customers are made up by this program (seeded): nobody's data is in here, and the score says how well the model
finds the rule they were made with, blurred by chance.

    eval "$(clary env)"
    python examples/marketing_offer.py [OUTPUT_FOLDER]
"""

import json
import logging
import sys
import time
from pathlib import Path

import boto3
import matplotlib
import numpy as np
from customers import area_under_curve, make_customers

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import sagemaker
from sagemaker.estimator import Estimator
from sagemaker.inputs import TrainingInput
from sagemaker.serializers import CSVSerializer

SEED = 20
CUSTOMERS = 20_000


def say(step: str) -> None:
    """Prints a headline."""
    print(f"\n\033[1m== {step}\033[0m", flush=True)


def upload(session: sagemaker.Session, folder: Path, prefix: str) -> tuple[dict[str, str], np.ndarray]:
    """Writes train and validation CSV files, uploads them, and keeps a tenth of the customers back."""
    customers = make_customers(CUSTOMERS, SEED)
    tenth = CUSTOMERS // 10
    parts = {"validation": customers[tenth : 3 * tenth], "train": customers[3 * tenth :]}
    addresses = {}
    for name, rows in parts.items():
        path = folder / f"{name}.csv"
        np.savetxt(path, rows, delimiter=",", fmt="%.10g")
        addresses[name] = session.upload_data(str(path), key_prefix=f"{prefix}/{name}")
        print(f"{len(rows):>6} customers -> {addresses[name]}")
    print(f"{tenth:>6} customers kept back to examine the model with")
    return addresses, customers[:tenth]


def train(session: sagemaker.Session, addresses: dict[str, str], prefix: str) -> Estimator:
    """Trains the built-in XGBoost."""
    estimator = Estimator(
        image_uri=sagemaker.image_uris.retrieve("xgboost", session.boto_region_name, version="1.7-1"),
        role=sagemaker.get_execution_role(session),
        instance_count=1,
        instance_type="ml.m5.xlarge",
        output_path=f"s3://{session.default_bucket()}/{prefix}/output",
        sagemaker_session=session,
    )
    estimator.set_hyperparameters(
        objective="binary:logistic", eval_metric="auc", num_round=60, max_depth=4, eta=0.15, subsample=0.8, seed=SEED
    )
    channels = {name: TrainingInput(address, content_type="text/csv") for name, address in addresses.items()}
    estimator.fit(channels, job_name=f"marketing-offer-{int(time.time())}")
    job = estimator.latest_training_job.describe()
    for metric in job["FinalMetricDataList"]:
        print(f"{metric['MetricName']:>16} {metric['Value']:.4f}")
    print(f"{'model':>16} {job['ModelArtifacts']['S3ModelArtifacts']}")
    return estimator


def ask(endpoint_name: str, rows: np.ndarray) -> np.ndarray:
    """Asks the endpoint for the probability of each customer taking the offer, 500 customers a request."""
    runtime = boto3.client("sagemaker-runtime")
    scores: list[float] = []
    for start in range(0, len(rows), 500):
        body = "\n".join(",".join(f"{value:.10g}" for value in row) for row in rows[start : start + 500])
        answer = runtime.invoke_endpoint(EndpointName=endpoint_name, ContentType="text/csv", Body=body)
        scores += [float(score) for score in answer["Body"].read().decode().replace("\n", ",").strip(",").split(",")]
    return np.array(scores)


def draw(truth: np.ndarray, scores: np.ndarray, path: Path) -> None:
    """Draws the ROC curve and how many takers are reached by calling the best-ranked customers first."""
    order = np.argsort(-scores)
    takers = np.concatenate([[0], np.cumsum(truth[order])]) / truth.sum()
    decliners = np.concatenate([[0], np.cumsum(1 - truth[order])]) / (1 - truth).sum()
    figure, (roc, gain) = plt.subplots(1, 2, figsize=(10, 4.4), layout="constrained")
    roc.plot(decliners, takers, label=f"AUC {area_under_curve(truth, scores):.3f}")
    roc.plot([0, 1], [0, 1], ":", color="grey")
    roc.set(xlabel="decliners called", ylabel="takers called", title="ROC curve")
    roc.legend(loc="lower right")
    gain.plot(np.linspace(0, 100, len(takers)), 100 * takers)
    gain.plot([0, 100], [0, 100], ":", color="grey")
    gain.set(xlabel="customers called, best first (%)", ylabel="takers reached (%)", title="Whom to call")
    figure.savefig(path, dpi=120)
    plt.close(figure)


def publish(session: sagemaker.Session, picture: Path, accuracy: float, auc: float) -> str:
    """Puts the result into an S3 static website that everybody who reaches Clary may read."""
    s3 = boto3.client("s3")
    bucket = f"marketing-offer-report-{session.account_id()}"
    s3.create_bucket(Bucket=bucket)
    s3.put_public_access_block(
        Bucket=bucket,
        PublicAccessBlockConfiguration=dict.fromkeys(
            ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), False
        ),
    )
    statement = {
        "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*",
    }  # fmt: skip
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    s3.put_bucket_website(Bucket=bucket, WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}})
    s3.upload_file(str(picture), bucket, "result.png", ExtraArgs={"ContentType": "image/png"})
    page = (
        "<!doctype html><meta charset=utf-8><title>Who will take the offer?</title>"
        "<body style='font-family:sans-serif;max-width:60rem;margin:2rem auto'><h1>Who will take the offer?</h1>"
        f"<p>Accuracy {accuracy:.3f}, AUC {auc:.3f} on customers the model has not seen. The customers are made up."
        "</p><img src=result.png style='max-width:100%' alt='ROC curve and gain chart'>"
    )
    s3.put_object(Bucket=bucket, Key="index.html", Body=page.encode(), ContentType="text/html; charset=utf-8")
    return f"{s3.meta.endpoint_url}/_website/{bucket}/"


def deploy(estimator: Estimator, session: sagemaker.Session) -> str:
    """Deploys the model; waits by itself because the SDK would look only every 30 seconds."""
    started = time.perf_counter()
    predictor = estimator.deploy(1, "ml.m5.large", serializer=CSVSerializer(), wait=False)
    while (
        session.sagemaker_client.describe_endpoint(EndpointName=predictor.endpoint_name)["EndpointStatus"] == "Creating"
    ):
        time.sleep(0.1)
    state = session.sagemaker_client.describe_endpoint(EndpointName=predictor.endpoint_name)
    if state["EndpointStatus"] != "InService":
        sys.exit(f"the endpoint is {state['EndpointStatus']}: {state.get('FailureReason')}")
    print(f"{predictor.endpoint_name} is in service after {time.perf_counter() - started:.1f} s")
    return str(predictor.endpoint_name)


def main(output: Path) -> None:
    """Tells the story."""
    output.mkdir(parents=True, exist_ok=True)
    logging.getLogger("botocore").setLevel(logging.WARNING)
    session = sagemaker.Session()
    say("1. Data: made-up customers of a bank, to S3")
    addresses, kept_back = upload(session, output, "marketing-offer")
    say("2. Train the built-in XGBoost")
    estimator = train(session, addresses, "marketing-offer")
    say("3. Deploy an endpoint")
    endpoint_name = deploy(estimator, session)
    say("4. Ask it about customers it has never seen")
    truth, scores = kept_back[:, 0], ask(endpoint_name, kept_back[:, 1:])
    accuracy, auc = float(((scores > 0.5) == truth).mean()), area_under_curve(truth, scores)
    print(f"accuracy {accuracy:.3f} (saying no to all: {1 - truth.mean():.3f}), AUC {auc:.3f}")
    say("5. Show it")
    draw(truth, scores, output / "result.png")
    address = publish(session, output / "result.png", accuracy, auc)
    print(f"picture {output / 'result.png'}\npage    {address}")
    (output / "result.json").write_text(json.dumps({"accuracy": accuracy, "auc": auc, "page": address}))
    say("6. Clean up")
    session.delete_endpoint(endpoint_name)
    session.delete_endpoint_config(endpoint_name)
    print(f"{endpoint_name} deleted")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "demo-output"))
