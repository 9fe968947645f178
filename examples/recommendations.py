"""A shop that learns from its orders: import, train, deploy, ask, and see an event change the next answer.

eval "$(clary env)" && python examples/recommendations.py
"""

import json
import random
import time

import boto3

shop, s3, live = boto3.client("personalize"), boto3.client("s3"), boto3.client("personalize-runtime")
role = boto3.client("iam").get_role(RoleName="ClaryExecutionRole")["Role"]["Arn"]
name = f"shop-{int(time.time())}"


def done(kind, arn):
    while (state := getattr(shop, f"describe_{kind[0]}")(**{kind[1] + "Arn": arn})[kind[1]])["status"] != "ACTIVE":
        assert "FAILED" not in state["status"], state["failureReason"]
        time.sleep(0.2)
    return arn


# customers keep to a shelf: tea is item 0 to 19, coffee 20 to 39, cups 40 to 59
orders = [f"c{c},{c % 3 * 20 + random.randrange(20)},{1_700_000_000 + 3600 * n}" for c in range(200) for n in range(10)]
s3.create_bucket(Bucket=name)
s3.put_object(Bucket=name, Key="orders.csv", Body="USER_ID,ITEM_ID,TIMESTAMP\n" + "\n".join(orders))
fields = [{"name": n, "type": t} for n, t in (("USER_ID", "string"), ("ITEM_ID", "string"), ("TIMESTAMP", "long"))]
avro = {"type": "record", "name": "Interactions", "namespace": "shop", "fields": fields, "version": "1.0"}
schema = shop.create_schema(name=name, schema=json.dumps(avro))["schemaArn"]
group = shop.create_dataset_group(name=name)["datasetGroupArn"]
log = shop.create_dataset(name=name, schemaArn=schema, datasetGroupArn=group, datasetType="Interactions")["datasetArn"]
source = {"dataLocation": f"s3://{name}/orders.csv"}
job = shop.create_dataset_import_job(jobName=name, datasetArn=log, dataSource=source, roleArn=role)
done(("dataset_import_job", "datasetImportJob"), job["datasetImportJobArn"])
recipe = "arn:aws:personalize:::recipe/aws-user-personalization"
solution = shop.create_solution(name=name, datasetGroupArn=group, recipeArn=recipe)["solutionArn"]
version = shop.create_solution_version(solutionArn=solution)["solutionVersionArn"]
done(("solution_version", "solutionVersion"), version)
print("precision@10:", shop.get_solution_metrics(solutionVersionArn=version)["metrics"]["precision_at_10"])
campaign = done(("campaign", "campaign"), shop.create_campaign(name=name, solutionVersionArn=version)["campaignArn"])
tracker = shop.create_event_tracker(name=name, datasetGroupArn=group)["trackingId"]
for click in (None, "25", "31"):  # a newcomer looks at coffee
    if click:
        event = {"eventType": "view", "itemId": click, "sentAt": time.time()}
        seen = {"trackingId": tracker, "userId": "newcomer", "sessionId": "visit", "eventList": [event]}
        boto3.client("personalize-events").put_events(**seen)
    found = live.get_recommendations(campaignArn=campaign, userId="newcomer", numResults=8)["itemList"]
    print(f"after {click or 'nothing'}:", [item["itemId"] for item in found])
