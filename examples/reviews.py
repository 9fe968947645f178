"""What customers like and dislike, out of a file of reviews, one on each line.

eval "$(clary env)" && python examples/reviews.py [REVIEWS.txt]
"""

import collections
import io
import json
import pathlib
import sys
import tarfile
import time

import boto3

REVIEWS = """The camera takes wonderful pictures, but the battery is dead after two hours.
Great lens and a lovely screen. The battery, however, is terrible.
I love the pictures it takes. Support never answered my mails.
The support was rude and unhelpful.
Beautiful screen, the pictures are amazing.
The strap broke on the first day.
Delivery was fast and the pictures look fantastic.
A horrible menu, I hate the menu.
"""
text, s3 = boto3.client("comprehend"), boto3.client("s3")
role = boto3.client("iam").get_role(RoleName="ClaryExecutionRole")["Role"]["Arn"]
name = f"reviews-{int(time.time())}"
s3.create_bucket(Bucket=name)
reviews = pathlib.Path(sys.argv[1]).read_text() if len(sys.argv) > 1 else REVIEWS
s3.put_object(Bucket=name, Key="reviews.txt", Body=reviews.encode())
places = {
    "InputDataConfig": {"S3Uri": f"s3://{name}/reviews.txt", "InputFormat": "ONE_DOC_PER_LINE"},
    "OutputDataConfig": {"S3Uri": f"s3://{name}/out"},
    "DataAccessRoleArn": role,
    "LanguageCode": "en",
}


def lines(kind, member):
    """Runs a job over all reviews; its answers."""
    job = getattr(text, f"start_{kind}_detection_job")(**places)["JobId"]
    describe = getattr(text, f"describe_{kind}_detection_job")
    while (state := describe(JobId=job)[member])["JobStatus"] in ("SUBMITTED", "IN_PROGRESS"):
        time.sleep(0.2)
    assert state["JobStatus"] == "COMPLETED", state["Message"]
    key = state["OutputDataConfig"]["S3Uri"].removeprefix(f"s3://{name}/")
    packed = io.BytesIO(s3.get_object(Bucket=name, Key=key)["Body"].read())
    with tarfile.open(fileobj=packed, mode="r:gz") as archive:
        return [json.loads(line) for line in archive.extractfile("output")]


feelings = collections.Counter(line.get("Sentiment") for line in lines("sentiment", "SentimentDetectionJobProperties"))
print("reviews:", dict(feelings))
opinions = collections.defaultdict(collections.Counter)
for line in lines("targeted_sentiment", "TargetedSentimentDetectionJobProperties"):
    for entity in line.get("Entities", []):
        best = entity["Mentions"][entity["DescriptiveMentionIndex"][0]]
        for mention in entity["Mentions"]:
            opinions[best["Text"].lower()][mention["MentionSentiment"]["Sentiment"]] += 1
for title, feeling in (("liked", "POSITIVE"), ("disliked", "NEGATIVE")):
    found = sorted(((counts[feeling], what) for what, counts in opinions.items() if counts[feeling]), reverse=True)
    print(f"{title}:", ", ".join(f"{what} ({count})" for count, what in found[:10]))
