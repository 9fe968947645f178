"""A made-up shop for Personalize, and the clients that work with it."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from typing import Any

import boto3
from botocore.config import Config

from tests.clients.conftest import RunningClary

GENRES = ("Drama", "Comedy", "Action", "Horror")
USERS, ITEMS = 160, 80
INTERACTIONS = [
    {"name": "USER_ID", "type": "string"},
    {"name": "ITEM_ID", "type": "string"},
    {"name": "EVENT_TYPE", "type": "string"},
    {"name": "TIMESTAMP", "type": "long"},
]
ITEM_FIELDS = [
    {"name": "ITEM_ID", "type": "string"},
    {"name": "GENRES", "type": "string", "categorical": True},
    {"name": "YEAR", "type": "int"},
]
RECIPE = "arn:aws:personalize:::recipe/"


def avro(name: str, fields: list[dict[str, Any]]) -> str:
    """A schema as the notebooks write it."""
    namespace = "com.amazonaws.personalize.schema"
    return json.dumps({"type": "record", "name": name, "namespace": namespace, "fields": fields, "version": "1.0"})


def genre(item: int) -> str:
    """Each item has the genre of its quarter, every fifth one a second genre."""
    first = GENRES[item * len(GENRES) // ITEMS]
    return f"{first}|Musical" if item % 5 == 0 else first


def interactions(events: tuple[str, str] = ("click", "watch")) -> str:
    """Users keep to a quarter of the items, mostly."""
    dice = random.Random(7)
    rows = ["USER_ID,ITEM_ID,EVENT_TYPE,TIMESTAMP"]
    for user in range(USERS):
        quarter = user % len(GENRES)
        for step in range(14):
            near = quarter * ITEMS // len(GENRES) + dice.randrange(ITEMS // len(GENRES))
            item = near if dice.random() < 0.85 else dice.randrange(ITEMS)
            rows.append(f"u{user},i{item},{events[dice.random() < 0.55]},{1_600_000_000 + step * 86_400 + user}")
    return "\n".join(rows) + "\n"


def items() -> str:
    """The catalogue, with two items that nobody has seen."""
    rows = [f"i{item},{genre(min(item, ITEMS - 1))},{1980 + item % 40}" for item in range(ITEMS + 2)]
    return "\n".join(["ITEM_ID,GENRES,YEAR", *rows]) + "\n"


class Shop:
    """Clients and a bucket.

    Args:
        name: of everything that is made.
    """

    def __init__(self, clary: RunningClary, name: str) -> None:
        key = clary.environment()
        session = boto3.session.Session(
            aws_access_key_id=key["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=key["AWS_SECRET_ACCESS_KEY"],
            region_name="us-east-1",
        )
        config = Config(retries={"total_max_attempts": 1}, max_pool_connections=64)

        def client(api: str) -> Any:
            return session.client(api, endpoint_url=clary.url, config=config)

        self.name = name
        self.personalize, self.runtime = client("personalize"), client("personalize-runtime")
        self.events, self.s3, self.iam = client("personalize-events"), client("s3"), client("iam")
        self.role = self.iam.get_role(RoleName="ClaryExecutionRole")["Role"]["Arn"]
        self.bucket = f"shop-{name}"
        self.s3.create_bucket(Bucket=self.bucket)
        self.group = ""

    def put(self, key: str, text: str) -> str:
        """Stores a text; its address."""
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=text.encode())
        return f"s3://{self.bucket}/{key}"

    def dataset(self, kind: str, fields: list[dict[str, Any]], domain: str = "") -> str:
        """A data set with its schema."""
        more = {"domain": domain} if domain else {}
        schema = self.personalize.create_schema(name=f"{self.name}-{kind}", schema=avro(kind, fields), **more)
        return str(
            self.personalize.create_dataset(
                name=f"{self.name}-{kind}",
                schemaArn=schema["schemaArn"],
                datasetGroupArn=self.group,
                datasetType=kind,
            )["datasetArn"]
        )

    def start_import(self, name: str, dataset: str, address: str, **more: Any) -> str:
        """Begins an import."""
        return str(
            self.personalize.create_dataset_import_job(
                jobName=f"{self.name}-{name}",
                datasetArn=dataset,
                dataSource={"dataLocation": address},
                roleArn=more.pop("role", self.role),
                **more,
            )["datasetImportJobArn"]
        )

    def imported(self, arn: str) -> dict[str, Any]:
        """The import when it is over."""
        return self.ended(
            lambda: self.personalize.describe_dataset_import_job(datasetImportJobArn=arn)["datasetImportJob"]
        )

    def open(self, domain: str = "", events: tuple[str, str] = ("click", "watch")) -> tuple[str, str]:
        """A group with interactions and items; the ARNs of the data sets."""
        more = {"domain": domain} if domain else {}
        self.group = self.personalize.create_dataset_group(name=self.name, **more)["datasetGroupArn"]
        log = self.dataset("Interactions", INTERACTIONS, domain)
        job = self.start_import("log", log, self.put("interactions.csv", interactions(events)))
        assert self.imported(job)["status"] == "ACTIVE"
        catalogue = ""
        if not domain:
            catalogue = self.dataset("Items", ITEM_FIELDS)
            job = self.start_import("items", catalogue, self.put("items/items.csv", items()))
            assert self.imported(job)["status"] == "ACTIVE"
        return log, catalogue

    def start_version(self, recipe: str, **more: Any) -> str:
        """Begins to train a solution of a recipe; the ARN of the version."""
        solution = self.personalize.create_solution(
            name=f"{self.name}-{recipe}"[:63], datasetGroupArn=self.group, recipeArn=RECIPE + recipe, **more
        )["solutionArn"]
        return str(self.personalize.create_solution_version(solutionArn=solution)["solutionVersionArn"])

    def trained(self, version: str) -> dict[str, Any]:
        """The version when its training is over."""
        return self.ended(
            lambda: self.personalize.describe_solution_version(solutionVersionArn=version)["solutionVersion"]
        )

    def campaign(self, version: str, **config: Any) -> str:
        """A campaign that answers."""
        name = f"{self.name}-{version.split('/')[-1]}"
        arn = str(
            self.personalize.create_campaign(
                name=name, solutionVersionArn=version, minProvisionedTPS=1, campaignConfig=config
            )["campaignArn"]
        )
        state = self.ended(lambda: self.personalize.describe_campaign(campaignArn=arn)["campaign"])
        assert state["status"] == "ACTIVE", state
        return arn

    def items(self, campaign: str, **request: Any) -> list[str]:
        """The items of an answer."""
        answer = self.runtime.get_recommendations(campaignArn=campaign, **request)
        return [item["itemId"] for item in answer["itemList"]]

    def click(self, tracking_id: str, item: str, session: str, user: str | None = None, kind: str = "click") -> None:
        """One event, now."""
        event = {"eventType": kind, "itemId": item, "sentAt": time.time()}
        who = {"userId": user} if user else {}
        self.events.put_events(trackingId=tracking_id, sessionId=session, eventList=[event], **who)

    @staticmethod
    def ended(describe: Callable[[], dict[str, Any]], seconds: float = 150) -> dict[str, Any]:
        """What is described when its status is final."""
        deadline = time.monotonic() + seconds
        while True:
            state = describe()
            if not any(word in state["status"] for word in ("PENDING", "IN_PROGRESS", "STOPPING")):
                return state
            assert time.monotonic() < deadline, state
            time.sleep(0.05)
