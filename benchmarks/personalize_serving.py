"""Answers of a campaign while a shop is open: recommendations with a filter over 10,000 items, rankings, events.

    .venv/bin/python -m benchmarks.personalize_serving [--write]

Requests are signed and their policies evaluated. They arrive at a fixed rate, whether or not the earlier ones are
answered: what is measured counts from the moment a request was due. Filtered recommendations and events come at 200 a
second each, one after the other and then both at once; rankings of 500 items at 50. Of the 10,000 items 3,000 were sold
before, the others are known by their features only.
"""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from benchmarks.clary_server import Server, running_clary
from benchmarks.report import machine, report, table

ITEMS, SOLD, USERS, EVENTS = 10_000, 3_000, 2_000, 40_000
RATE, SECONDS, THREADS = 200, 20, 16
GENRES = [f"genre{number}" for number in range(20)]


Request = Callable[[int], tuple[str, dict[str, Any]]]


class Paced:
    """Sends prepared requests at a fixed rate over kept connections.

    Args:
        build: the path and body of request number n.
    """

    def __init__(self, server: Server, build: Request, rate: float) -> None:
        self.latencies: list[float] = []
        self.failures = 0
        self._server, self._build, self._rate = server, build, rate
        self._next = 0
        self._lock = threading.Lock()
        self._began = 0.0

    def run(self, seconds: float) -> None:
        """Blocks until all are answered."""
        self._began = time.perf_counter() + 0.2
        count = int(self._rate * seconds)
        threads = [threading.Thread(target=self._work, args=(count,)) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _work(self, count: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._server.port)
        while True:
            with self._lock:
                number, self._next = self._next, self._next + 1
            if number >= count:
                return
            path, body = self._build(number)
            headers = signed(self._server, path, json.dumps(body))
            due = self._began + number / self._rate
            time.sleep(max(0.0, due - time.perf_counter()))
            connection.request("POST", path, json.dumps(body), headers)
            answer = connection.getresponse()
            answer.read()
            self.latencies.append(time.perf_counter() - due)
            self.failures += answer.status != 200


def signed(server: Server, path: str, body: str) -> dict[str, str]:
    """The headers of a signed request."""
    headers = {"Content-Type": "application/json"}
    request = AWSRequest("POST", server.url + path, data=body, headers=headers)
    key = Credentials(server.keys["AWS_ACCESS_KEY_ID"], server.keys["AWS_SECRET_ACCESS_KEY"])
    SigV4Auth(key, "personalize", server.keys["AWS_DEFAULT_REGION"]).add_auth(request)
    return {**dict(request.headers.items()), "Host": urlsplit(server.url).netloc}


def wait(describe: Callable[..., dict[str, Any]], key: str, **arn: str) -> float:
    """Waits until it is ACTIVE; the seconds that took."""
    began = time.perf_counter()
    while (state := describe(**arn)[key])["status"] != "ACTIVE":
        assert "FAILED" not in state["status"], state
        time.sleep(0.05)
    return time.perf_counter() - began


def furnish(server: Server) -> tuple[str, str, str, dict[str, float]]:
    """A campaign over 10,000 items; its ARN, a filter's ARN, a tracking id, and how long the steps took."""
    personalize, s3 = server.client("personalize"), server.client("s3")
    role = server.client("iam").get_role(RoleName="ClaryExecutionRole")["Role"]["Arn"]
    dice = random.Random(3)
    popularity = [1 / (rank + 10) for rank in range(SOLD)]
    drawn = dice.choices(range(SOLD), popularity, k=EVENTS)
    log = [f"u{dice.randrange(USERS)},i{item},{1_700_000_000 + n * 60}" for n, item in enumerate(drawn)]
    rows = [f"i{n},{'|'.join(dice.sample(GENRES, 2))},{1980 + n % 45}" for n in range(ITEMS)]
    s3.create_bucket(Bucket="benchmark")
    s3.put_object(Bucket="benchmark", Key="log.csv", Body="\n".join(["USER_ID,ITEM_ID,TIMESTAMP", *log]))
    s3.put_object(Bucket="benchmark", Key="items.csv", Body="\n".join(["ITEM_ID,GENRES,YEAR", *rows]))
    group = personalize.create_dataset_group(name="benchmark")["datasetGroupArn"]
    text, whole = {"type": "string"}, {"type": "long"}
    fields = {
        "Interactions": {"USER_ID": text, "ITEM_ID": text, "TIMESTAMP": whole},
        "Items": {"ITEM_ID": text, "GENRES": {**text, "categorical": True}, "YEAR": whole},
    }
    took: dict[str, float] = {}
    for kind, key in (("Interactions", "log.csv"), ("Items", "items.csv")):
        columns = [{"name": name, **rest} for name, rest in fields[kind].items()]
        avro = json.dumps({"type": "record", "name": kind, "namespace": "x", "fields": columns, "version": "1.0"})
        schema = personalize.create_schema(name=kind, schema=avro)["schemaArn"]
        dataset = personalize.create_dataset(name=kind, schemaArn=schema, datasetGroupArn=group, datasetType=kind)
        job = personalize.create_dataset_import_job(
            jobName=kind,
            datasetArn=dataset["datasetArn"],
            dataSource={"dataLocation": f"s3://benchmark/{key}"},
            roleArn=role,
        )["datasetImportJobArn"]
        describe = personalize.describe_dataset_import_job
        took[f"import of {kind.lower()}"] = wait(describe, "datasetImportJob", datasetImportJobArn=job)
    recipe = "arn:aws:personalize:::recipe/aws-user-personalization"
    solution = personalize.create_solution(name="benchmark", datasetGroupArn=group, recipeArn=recipe)["solutionArn"]
    version = personalize.create_solution_version(solutionArn=solution)["solutionVersionArn"]
    took["training"] = wait(personalize.describe_solution_version, "solutionVersion", solutionVersionArn=version)
    campaign = personalize.create_campaign(name="benchmark", solutionVersionArn=version)["campaignArn"]
    took["campaign"] = wait(personalize.describe_campaign, "campaign", campaignArn=campaign)
    expression = "INCLUDE ItemID WHERE Items.GENRES IN ($GENRE) AND Items.YEAR >= 1990"
    found = personalize.create_filter(name="benchmark", datasetGroupArn=group, filterExpression=expression)
    tracker = personalize.create_event_tracker(name="benchmark", datasetGroupArn=group)["trackingId"]
    return campaign, found["filterArn"], tracker, took


def measured(server: Server, kinds: Sequence[tuple[str, Request, float]]) -> list[list[str]]:
    """Runs some kinds of requests at the same time; a row each."""
    runs = [(name, rate, Paced(server, build, rate)) for name, build, rate in kinds]
    threads = [threading.Thread(target=paced.run, args=(SECONDS,)) for _, _, paced in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rows = []
    for name, rate, paced in runs:
        assert not paced.failures, (name, paced.failures)
        p50, p99 = np.percentile(np.array(paced.latencies) * 1000, (50, 99))
        rows.append([name, f"{rate:g}", f"{p50:.1f}", f"{p99:.1f}"])
    return rows


def main() -> None:
    """Measures and prints."""
    with running_clary() as server:
        campaign, by_genre, tracker, took = furnish(server)

        def recommend(number: int) -> tuple[str, dict[str, Any]]:
            values = {"GENRE": f'"{GENRES[number % len(GENRES)]}"'}
            user = f"u{number % USERS}"
            body = {"campaignArn": campaign, "userId": user, "filterArn": by_genre, "filterValues": values}
            return "/recommendations", body

        def rank(number: int) -> tuple[str, dict[str, Any]]:
            items = [f"i{(number * 37 + step) % ITEMS}" for step in range(500)]
            return "/personalize-ranking", {"campaignArn": campaign, "userId": f"u{number % USERS}", "inputList": items}

        def put(number: int) -> tuple[str, dict[str, Any]]:
            event = {"eventType": "click", "itemId": f"i{number % ITEMS}", "sentAt": int(time.time())}
            user = f"u{number % USERS}"
            return "/events", {"trackingId": tracker, "userId": user, "sessionId": user, "eventList": [event]}

        filtered = ("GetRecommendations with a filter, 10,000 items", recommend, RATE)
        events = ("PutEvents", put, RATE)
        measured(server, [("warm-up", recommend, 50)])
        rows = measured(server, [filtered]) + measured(server, [events])
        rows += measured(server, [("GetPersonalizedRanking of 500 items", rank, 50)])
        both = measured(server, [filtered, events])
        rows += [[f"{row[0]}, both at once", *row[1:]] for row in both]
    steps = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in took.items())
    head = ["request", "a second", "median, ms", "p99, ms"]
    report("personalize-serving", f"{table(head, rows)}\n\n{steps}. {machine()}.")


if __name__ == "__main__":
    main()
