"""A shop that learns from its orders: import, train, deploy, ask, and see an event change the next answer.

eval "$(clary env)" && python examples/recommendations.py
"""

import json
import random
import time

import boto3

personalize, s3 = boto3.client("personalize"), boto3.client("s3")
runtime, events = boto3.client("personalize-runtime"), boto3.client("personalize-events")
role = boto3.client("iam").get_role(RoleName="ClaryExecutionRole")["Role"]["Arn"]
name = f"shop-{int(time.time())}"


def wait(describe, key, **arn):
    while (state := describe(**arn)[key])["status"] != "ACTIVE":
        assert "FAILED" not in state["status"], state["failureReason"]
        time.sleep(0.2)


dice = random.Random(1)  # customers keep to a shelf: tea is item 0 to 19, coffee 20 to 39, cups 40 to 59
rows = [
    f"c{c},{(c % 3) * 20 + dice.randrange(20)},{1_700_000_000 + 3600 * n + c}" for c in range(200) for n in range(10)
]
s3.create_bucket(Bucket=name)
s3.put_object(Bucket=name, Key="orders.csv", Body="USER_ID,ITEM_ID,TIMESTAMP\n" + "\n".join(rows))
fields = [{"name": n, "type": t} for n, t in (("USER_ID", "string"), ("ITEM_ID", "string"), ("TIMESTAMP", "long"))]
avro = {"type": "record", "name": "Interactions", "namespace": "com.amazonaws.personalize.schema", "fields": fields}
schema = personalize.create_schema(name=name, schema=json.dumps({**avro, "version": "1.0"}))["schemaArn"]
group = {"datasetGroupArn": personalize.create_dataset_group(name=name)["datasetGroupArn"]}
data = {
    "datasetArn": personalize.create_dataset(name=name, schemaArn=schema, datasetType="Interactions", **group)[
        "datasetArn"
    ]
}
orders = {"dataLocation": f"s3://{name}/orders.csv"}
job = personalize.create_dataset_import_job(jobName=name, dataSource=orders, roleArn=role, **data)
wait(personalize.describe_dataset_import_job, "datasetImportJob", datasetImportJobArn=job["datasetImportJobArn"])
recipe = "arn:aws:personalize:::recipe/aws-user-personalization"
solution = personalize.create_solution(name=name, recipeArn=recipe, **group)["solutionArn"]
version = {"solutionVersionArn": personalize.create_solution_version(solutionArn=solution)["solutionVersionArn"]}
wait(personalize.describe_solution_version, "solutionVersion", **version)
print("precision@10:", personalize.get_solution_metrics(**version)["metrics"]["precision_at_10"])
campaign = {"campaignArn": personalize.create_campaign(name=name, minProvisionedTPS=1, **version)["campaignArn"]}
wait(personalize.describe_campaign, "campaign", **campaign)
tracker = personalize.create_event_tracker(name=name, **group)["trackingId"]
for click in (None, "25", "31"):  # a newcomer looks at coffee
    if click:
        event = {"eventType": "view", "itemId": click, "sentAt": time.time()}
        events.put_events(trackingId=tracker, userId="newcomer", sessionId="visit", eventList=[event])
    found = runtime.get_recommendations(userId="newcomer", numResults=8, **campaign)["itemList"]
    print(f"after {click or 'nothing'}:", [item["itemId"] for item in found])
