"""How long the steps take that AWS's notebooks wait for, on a log of the size of ml-latest-small.

    .venv/bin/python -m benchmarks.personalize_times [--write]

Half of the users of ml-latest-small are beside the project. They come twice, as different users, the second time with
some of the items under other names: as many users and items as the whole file has, and about as many events. Each step
is timed with boto3 from the request to ACTIVE, in a Clary that has just started.
"""

from __future__ import annotations

import csv
import json
from typing import Any

from benchmarks.clary_server import Server, running_clary
from benchmarks.personalize_serving import wait
from benchmarks.recommendation.data_sets import FOLDER
from benchmarks.recommendation.page import publish
from benchmarks.report import machine, table

RATINGS = FOLDER / "movielens_small/dev/ratings.csv"
ITEMS = 9_477
RECIPES = ("aws-user-personalization", "aws-sims", "aws-personalized-ranking")
NOTEBOOKS = {"import": "12-17 min", "aws-user-personalization": "38-56 min", "campaign": "7-10 min"}
"""What the public notebooks of AWS recorded."""


def log() -> tuple[str, int, int, int]:
    """The CSV, and its users, items and events."""
    with RATINGS.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    items = sorted({row["movieId"] for row in rows}, key=int)
    renamed = set(items[: max(0, ITEMS - len(items))])
    lines = []
    for copy in ("a", "b"):
        for row in rows:
            item = f"{row['movieId']}b" if copy == "b" and row["movieId"] in renamed else row["movieId"]
            kinds = [kind for kind, least in (("click", 1), ("watch", 3)) if float(row["rating"]) > least]
            lines += [f"{row['userId']}{copy},{item},{kind},{row['timestamp']}" for kind in kinds]
    users = {line.split(",")[0] for line in lines}
    known = {line.split(",")[1] for line in lines}
    return "\n".join(["USER_ID,ITEM_ID,EVENT_TYPE,TIMESTAMP", *lines]) + "\n", len(users), len(known), len(lines)


def measured(server: Server, text: str) -> list[tuple[str, float]]:
    """The seconds of each step."""
    personalize, s3 = server.client("personalize"), server.client("s3")
    role = server.client("iam").get_role(RoleName="ClaryExecutionRole")["Role"]["Arn"]
    s3.create_bucket(Bucket="benchmark")
    s3.put_object(Bucket="benchmark", Key="log.csv", Body=text)
    group = personalize.create_dataset_group(name="benchmark")["datasetGroupArn"]
    fields: list[dict[str, Any]] = [{"name": name, "type": "string"} for name in ("USER_ID", "ITEM_ID", "EVENT_TYPE")]
    fields.append({"name": "TIMESTAMP", "type": "long"})
    avro = {"type": "record", "name": "Interactions", "namespace": "x", "fields": fields, "version": "1.0"}
    schema = personalize.create_schema(name="log", schema=json.dumps(avro))["schemaArn"]
    dataset = personalize.create_dataset(
        name="log", schemaArn=schema, datasetGroupArn=group, datasetType="Interactions"
    )["datasetArn"]
    job = personalize.create_dataset_import_job(
        jobName="log", datasetArn=dataset, dataSource={"dataLocation": "s3://benchmark/log.csv"}, roleArn=role
    )["datasetImportJobArn"]
    took = [
        ("import", wait(personalize.describe_dataset_import_job, "datasetImportJob", datasetImportJobArn=job)),
    ]
    for name in RECIPES:
        arn = f"arn:aws:personalize:::recipe/{name}"
        solution = personalize.create_solution(name=name, datasetGroupArn=group, recipeArn=arn)["solutionArn"]
        version = personalize.create_solution_version(solutionArn=solution)["solutionVersionArn"]
        seconds = wait(personalize.describe_solution_version, "solutionVersion", solutionVersionArn=version)
        took.append((name, seconds))
        campaign = personalize.create_campaign(name=name, solutionVersionArn=version)["campaignArn"]
        took.append(("campaign", wait(personalize.describe_campaign, "campaign", campaignArn=campaign)))
    return took


def main() -> None:
    """Measures and reports."""
    text, users, items, events = log()
    with running_clary() as server:
        took = measured(server, text)
    rows = [
        [
            f"version of {step}, trained and measured" if step in RECIPES else step,
            f"{seconds:.1f} s",
            NOTEBOOKS.get(step, ""),
        ]
        for step, seconds in took
    ]
    head = ("until ACTIVE", "Clary", "AWS's notebooks")
    publish(
        "personalize-times",
        f"{events:,} events of {users} users, {items:,} items.\n\n{table(head, rows)}\n\n{machine()}.",
    )


if __name__ == "__main__":
    main()
