"""Tags the pictures of a folder, and finds a person in them.

eval "$(clary env)" && python examples/images.py FOLDER [PERSON.jpg]
"""

import sys
from pathlib import Path

import boto3
from botocore.exceptions import ClientError

if len(sys.argv) < 2:
    sys.exit(__doc__)
rekognition = boto3.client("rekognition")
pictures = [path for path in sorted(Path(sys.argv[1]).rglob("*")) if path.suffix.lower() in (".jpg", ".jpeg", ".png")]
if not pictures:
    sys.exit(f"{sys.argv[1]} holds no pictures")
person = {"Bytes": Path(sys.argv[2]).read_bytes()} if len(sys.argv) > 2 else None
collection = "examples-images"
rekognition.create_collection(CollectionId=collection)
try:
    by_image = {}
    for path in pictures:
        image = {"Bytes": path.read_bytes()}
        try:
            labels = rekognition.detect_labels(Image=image, MinConfidence=60)["Labels"]
            indexed = rekognition.index_faces(CollectionId=collection, Image=image)["FaceRecords"]
        except ClientError as error:
            print(f"{path}: {error.response['Error']['Message']}")
            continue
        by_image |= {record["Face"]["ImageId"]: path for record in indexed}
        tags = [f"{label['Name']} {label['Confidence']:.0f}%" for label in labels]
        print(f"{path}: {', '.join(tags) or 'nothing known'}; {len(indexed)} faces")
    if person:
        found = rekognition.search_faces_by_image(CollectionId=collection, Image=person, FaceMatchThreshold=80)
        for match in found["FaceMatches"]:
            print(f"{sys.argv[2]} is in {by_image[match['Face']['ImageId']]} ({match['Similarity']:.1f}%)")
finally:
    rekognition.delete_collection(CollectionId=collection)
