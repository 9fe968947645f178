"""Jobs, models, endpoints and flywheels from their birth to their end, in AWS's words."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from clary.compute.contract import Program
from clary.compute.hosting import endpoint_states
from clary.core.call import Principal
from clary.core.errors import AccessDeniedException
from clary.services.comprehend.errors import (
    InvalidFilterException,
    InvalidRequestException,
    JobNotFoundException,
    KmsKeyValidationException,
    ResourceInUseException,
    ResourceLimitExceededException,
    ResourceNotFoundException,
    ResourceUnavailableException,
    TextSizeLimitExceededException,
    TooManyTagsException,
    UnsupportedLanguageException,
)
from clary.services.comprehend.flywheels import flywheel_iterations

from .conftest import JOB, ROLE, Office

MANIFEST = {"S3Uri": "s3://texts/m.manifest", "AttributeNames": ["job"]}
READER = {"DocumentReadAction": "TEXTRACT_ANALYZE_DOCUMENT"}
SENTIMENT = {"sentiment": "positive", "scores": {"positive": 0.7, "negative": 0.1, "neutral": 0.1, "mixed": 0.1}}


def serve(office: Office, status: str = endpoint_states.IN_SERVICE) -> None:
    """Lets what was last applied answer, or fail."""
    record = office.records.by_arn(office.hosting.applied[-1].arn)
    assert record is not None
    office.records.update(record, status=status)


def test_answers_have_the_members_of_aws_and_errors_name_the_rule(office: Office) -> None:
    office.engine.answers["sentiment"] = lambda texts, language: [SENTIMENT for _ in texts]
    answer = office.call("DetectSentiment", Text="fine", LanguageCode="en")
    assert answer["Sentiment"] == "POSITIVE"
    assert answer["SentimentScore"]["Positive"] == 0.7
    with pytest.raises(UnsupportedLanguageException, match="no such model"):
        office.call("DetectSentiment", Text="fein", LanguageCode="de")
    with pytest.raises(TextSizeLimitExceededException, match="5000 bytes while in this request the text size is 5002"):
        office.call("DetectSentiment", Text="ä" * 2501, LanguageCode="en")
    with pytest.raises(InvalidRequestException, match="surrogate"):
        office.call("DetectSentiment", Text="\ud800", LanguageCode="en")
    batch = office.call("BatchDetectSentiment", TextList=["a", "\ud800", "b"], LanguageCode="en")
    assert [one["Index"] for one in batch["ResultList"]] == [0, 2]
    assert batch["ErrorList"][0]["ErrorCode"] == "INVALID_REQUEST"


def test_the_types_of_personal_information_come_surest_first(office: Office) -> None:
    found = [("NAME", 0.6), ("EMAIL", 0.9), ("NAME", 0.8)]
    data = [{"type": kind, "begin": n, "end": n + 1, "score": score} for n, (kind, score) in enumerate(found)]
    office.engine.answers["pii"] = lambda texts, language: [data]
    labels = office.call("ContainsPiiEntities", Text="x", LanguageCode="en")["Labels"]
    assert labels == [{"Name": "EMAIL", "Score": 0.9}, {"Name": "NAME", "Score": 0.8}]


def test_a_job_is_told_where_to_read_and_where_to_write(office: Office) -> None:
    request = {**JOB, "LanguageCode": "en", "JobName": "reviews", "ClientRequestToken": "t-1"}
    started = office.call("StartSentimentDetectionJob", **request)
    assert started["JobStatus"] == "SUBMITTED"
    assert office.call("StartSentimentDetectionJob", **request) == started
    spec = office.spec(started["JobArn"])
    assert (spec.role_arn, spec.channels[0].uri) == (ROLE, "s3://texts/in/")
    place = f"s3://texts/out/123456789012-SENTIMENT-{started['JobId']}/output/output.tar.gz"
    assert spec.outputs[0].uri == place
    assert not spec.limits.network
    assert office.task(started["JobArn"])["format"] == "ONE_DOC_PER_LINE"
    assert spec.program.writable == (str(office.folder / "progress" / started["JobId"]),)
    office.finish(started["JobArn"])
    member = "SentimentDetectionJobProperties"
    done = office.call("DescribeSentimentDetectionJob", JobId=started["JobId"])[member]
    assert (done["JobStatus"], done["OutputDataConfig"], done["JobName"]) == ("COMPLETED", {"S3Uri": place}, "reviews")
    assert "ClientRequestToken" not in done
    with pytest.raises(ResourceInUseException):
        office.call("StartSentimentDetectionJob", **{**request, "JobName": "others"})
    stopped = office.call("StopSentimentDetectionJob", JobId=started["JobId"])
    assert stopped["JobStatus"] == "COMPLETED"


@pytest.mark.parametrize(
    ("change", "error", "told"),
    [
        ({"InputDataConfig": {"S3Uri": "s3://elsewhere/x"}}, InvalidRequestException, "elsewhere does not exist"),
        ({"OutputDataConfig": {"S3Uri": "s3://elsewhere/x"}}, InvalidRequestException, "elsewhere does not exist"),
        ({"OutputDataConfig": {"S3Uri": "s3://texts/x", "KmsKeyId": "k"}}, KmsKeyValidationException, "KmsKeyId"),
        ({"VolumeKmsKeyId": "k"}, KmsKeyValidationException, "VolumeKmsKeyId"),
        ({"DataAccessRoleArn": ROLE + "-x"}, InvalidRequestException, "cannot assume the role"),
        ({"DataAccessRoleArn": ROLE.replace("123456789012", "9" * 12)}, InvalidRequestException, "must belong"),
        ({"LanguageCode": "de"}, InvalidRequestException, "LanguageCode de"),
        ({"Tags": [{"Key": f"k{n}", "Value": ""} for n in range(51)]}, TooManyTagsException, "50"),
        ({"Tags": [{"Key": "aws:k", "Value": ""}]}, InvalidRequestException, "reserved"),
        (
            {"InputDataConfig": {"S3Uri": "s3://texts/x", "DocumentReaderConfig": READER}},
            InvalidRequestException,
            "Reader",
        ),
    ],
)
def test_a_job_that_cannot_be_is_refused_and_leaves_nothing(
    office: Office, change: dict[str, Any], error: type[Exception], told: str
) -> None:
    with pytest.raises(error, match=told):
        office.call("StartSentimentDetectionJob", **{**JOB, "LanguageCode": "en", **change})
    assert office.queue.entries() == []
    assert office.call("ListSentimentDetectionJobs") == {"SentimentDetectionJobPropertiesList": []}


def test_nobody_hands_over_a_role_that_he_may_not_pass(office: Office) -> None:
    guest = Principal("user", "arn:aws:iam::123456789012:user/guest", "123456789012", "AIDA", "guest")
    with pytest.raises(AccessDeniedException, match="iam:PassRole"):
        office.call("StartSentimentDetectionJob", principal=guest, **JOB, LanguageCode="en")


def test_jobs_are_listed_newest_first_page_by_page(office: Office) -> None:
    jobs = []
    for number in range(5):
        jobs.append(office.call("StartTopicsDetectionJob", **JOB, JobName=f"j{number % 2}", NumberOfTopics=3)["JobId"])
        office.clock.advance(10)
    member = "TopicsDetectionJobPropertiesList"
    first = office.call("ListTopicsDetectionJobs", MaxResults=3)
    second = office.call("ListTopicsDetectionJobs", MaxResults=3, NextToken=first["NextToken"])
    assert [one["JobId"] for one in first[member] + second[member]] == jobs[::-1]
    assert "NextToken" not in second
    named = office.call("ListTopicsDetectionJobs", Filter={"JobName": "j1"})[member]
    assert [one["JobId"] for one in named] == [jobs[3], jobs[1]]
    middle = datetime.fromtimestamp(office.clock.time() - 25, UTC)
    before = office.call("ListTopicsDetectionJobs", Filter={"SubmitTimeBefore": middle})[member]
    assert [one["JobId"] for one in before] == jobs[:3]
    with pytest.raises(InvalidFilterException):
        office.call("ListTopicsDetectionJobs", Filter={"JobName": "a", "SubmitTimeBefore": middle})
    with pytest.raises(JobNotFoundException):
        office.call("DescribeTopicsDetectionJob", JobId="x")


def test_a_failed_job_tells_its_reason_without_where_it_came_from(office: Office) -> None:
    started = office.call("StartDominantLanguageDetectionJob", **JOB)
    reason = "ClientError: Insufficient privileges: AccessDenied (403) for s3://texts/in with the role r. User: x"
    office.finish(started["JobArn"], reason)
    state = office.call("DescribeDominantLanguageDetectionJob", JobId=started["JobId"])
    message = state["DominantLanguageDetectionJobProperties"]["Message"]
    assert message.startswith("NO_READ_ACCESS_TO_INPUT: ")
    assert "for s3://texts/in" in message


def program_of(office: Office) -> Program:
    """What the replicas of the last endpoint run."""
    return office.hosting.applied[-1].variants[0].plan.program


def test_a_job_sees_its_own_model_and_no_other(office: Office) -> None:
    arn = office.classifier()
    office.classifier(VersionName="v2")
    request = {**JOB, "DocumentClassifierArn": arn}
    job = office.call("StartDocumentClassificationJob", **request)["JobArn"]
    model = office.records.by_arn(arn)
    assert model is not None
    seen = list(office.spec(job).program.visible)
    assert seen == [str(office.folder / str(model.body["model"]))]
    assert not [place for place in office.spec(job).program.writable if "/models/" in place]
    assert len(list(office.folder.glob("models/*"))) == 2


def test_a_classifier_is_made_used_and_deleted(office: Office) -> None:
    arn = office.classifier()
    state = office.call("DescribeDocumentClassifier", DocumentClassifierArn=arn)["DocumentClassifierProperties"]
    assert state["Status"] == "TRAINED"
    assert state["ClassifierMetadata"]["EvaluationMetrics"]["F1Score"] == 0.9
    with pytest.raises(ResourceInUseException):
        office.classifier()
    version = office.classifier(VersionName="v2")
    assert version == f"{arn}/version/v2"
    (summary,) = office.call("ListDocumentClassifierSummaries")["DocumentClassifierSummariesList"]
    assert (summary["NumberOfVersions"], summary["LatestVersionName"]) == (2, "v2")
    endpoint = office.call("CreateEndpoint", EndpointName="e", ModelArn=arn, DesiredInferenceUnits=1)["EndpointArn"]
    with pytest.raises(ResourceInUseException, match="endpoint/e"):
        office.call("DeleteDocumentClassifier", DocumentClassifierArn=arn)
    with pytest.raises(ResourceInUseException):
        office.call("DeleteEndpoint", EndpointArn=endpoint)  # it is being created
    (model,) = [path for path in office.folder.glob("models/*/model") if f'"{path}"' in program_of(office).args[0]]
    assert (program_of(office).visible, program_of(office).writable) == ((str(model),), ())
    serve(office)
    properties = office.call("DescribeEndpoint", EndpointArn=endpoint)["EndpointProperties"]
    assert (properties["Status"], properties["ModelArn"]) == ("IN_SERVICE", arn)
    office.call("UpdateEndpoint", EndpointArn=endpoint, DesiredModelArn=version, DesiredInferenceUnits=2)
    assert office.call("DescribeEndpoint", EndpointArn=endpoint)["EndpointProperties"]["Status"] == "UPDATING"
    with pytest.raises(ResourceInUseException):
        office.call("UpdateEndpoint", EndpointArn=endpoint, DesiredInferenceUnits=1)
    serve(office)
    office.call("DeleteDocumentClassifier", DocumentClassifierArn=arn)
    with pytest.raises(ResourceNotFoundException):
        office.call("DescribeDocumentClassifier", DocumentClassifierArn=arn)
    with pytest.raises(ResourceLimitExceededException):
        office.call("UpdateEndpoint", EndpointArn=endpoint, DesiredInferenceUnits=99)
    office.call("DeleteEndpoint", EndpointArn=endpoint)
    assert office.hosting.removed == [office.hosting.applied[0].arn]
    assert office.call("ListEndpoints")["EndpointPropertiesList"] == []


def test_a_model_that_is_not_trained_answers_nobody(office: Office) -> None:
    arn = office.call(
        "CreateEntityRecognizer",
        RecognizerName="parts",
        DataAccessRoleArn=ROLE,
        LanguageCode="en",
        InputDataConfig={
            "EntityTypes": [{"Type": "PART"}],
            "Documents": {"S3Uri": "s3://texts/d"},
            "EntityList": {"S3Uri": "s3://texts/l.csv"},
        },
    )["EntityRecognizerArn"]
    with pytest.raises(ResourceUnavailableException, match="SUBMITTED"):
        office.call("CreateEndpoint", EndpointName="e", ModelArn=arn, DesiredInferenceUnits=1)
    with pytest.raises(ResourceUnavailableException):
        office.call("StartEntitiesDetectionJob", **JOB, LanguageCode="en", EntityRecognizerArn=arn)
    with pytest.raises(ResourceUnavailableException):
        office.call("DeleteEntityRecognizer", EntityRecognizerArn=arn)
    office.call("StopTrainingEntityRecognizer", EntityRecognizerArn=arn)
    state = office.call("DescribeEntityRecognizer", EntityRecognizerArn=arn)["EntityRecognizerProperties"]
    assert state["Status"] == "STOPPED"
    office.call("DeleteEntityRecognizer", EntityRecognizerArn=arn)


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({"DataFormat": "AUGMENTED_MANIFEST"}, "AugmentedManifests is required"),
        ({}, "S3Uri is required"),
        ({"S3Uri": "s3://texts/x", "LabelDelimiter": "|"}, "MULTI_LABEL"),
        ({"S3Uri": "s3://texts/x", "DocumentType": "SEMI_STRUCTURED_DOCUMENT"}, "Documents is required"),
        ({"S3Uri": "s3://nowhere/x"}, "nowhere does not exist"),
    ],
)
def test_a_training_that_lacks_something_is_refused(office: Office, config: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidRequestException, match=told):
        office.call(
            "CreateDocumentClassifier",
            DocumentClassifierName="c",
            DataAccessRoleArn=ROLE,
            LanguageCode="en",
            InputDataConfig=config,
        )
    assert office.queue.entries() == []


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({"AugmentedManifests": []}, "AugmentedManifests is required"),
        ({"AugmentedManifests": [MANIFEST], "DataFormat": "COMPREHEND_CSV", "S3Uri": "s3://texts/a"}, "only when"),
        ({"AugmentedManifests": [MANIFEST] * 6}, "at most 5 manifests, not 6"),
        ({"AugmentedManifests": [{**MANIFEST, "AttributeNames": []}]}, "1 to 5 names, not 0"),
        ({"AugmentedManifests": [{**MANIFEST, "AttributeNames": list("abcdef")}]}, "1 to 5 names, not 6"),
        ({"AugmentedManifests": [{**MANIFEST, "Split": "TEST"}]}, "one at least must be TRAIN"),
    ],
)
def test_manifests_that_cannot_be_learned_from_are_refused(office: Office, config: dict[str, Any], told: str) -> None:
    wanted = {"DataFormat": "AUGMENTED_MANIFEST", **config}
    common = {"DataAccessRoleArn": ROLE, "LanguageCode": "en"}
    with pytest.raises(InvalidRequestException, match=told):
        office.call("CreateDocumentClassifier", DocumentClassifierName="m", InputDataConfig=wanted, **common)
    wanted.pop("S3Uri", None)
    wanted |= {"EntityTypes": [{"Type": "PART"}], "Documents": {"S3Uri": "s3://texts/d"}}
    with pytest.raises(InvalidRequestException, match=told):
        office.call("CreateEntityRecognizer", RecognizerName="m", InputDataConfig=wanted, **common)


def test_models_are_learned_in_measured_languages_alone(office: Office) -> None:
    common = {"DataAccessRoleArn": ROLE, "InputDataConfig": {"S3Uri": "s3://texts/train.csv"}}
    office.call("CreateDocumentClassifier", DocumentClassifierName="zh", LanguageCode="zh", **common)
    for code in ("hi", "ja", "zh-TW"):
        with pytest.raises(UnsupportedLanguageException, match=f"not {code}"):
            office.call("CreateDocumentClassifier", DocumentClassifierName="no", LanguageCode=code, **common)
        with pytest.raises(UnsupportedLanguageException, match=f"not {code}"):
            office.call(
                "CreateFlywheel",
                FlywheelName="no",
                DataAccessRoleArn=ROLE,
                DataLakeS3Uri="s3://texts/lake",
                ModelType="DOCUMENT_CLASSIFIER",
                TaskConfig={"LanguageCode": code, "DocumentClassificationConfig": {"Mode": "MULTI_CLASS"}},
            )


def test_a_training_that_left_pages_out_is_told_with_a_warning(office: Office) -> None:
    fine = office.classifier("fine")
    arn = office.classifier("warned")
    record = office.records.by_arn(arn)
    assert record is not None
    result = office.folder / record.body["model"] / "result.json"
    result.write_text(json.dumps({**json.loads(result.read_text()), "skipped": 3}))
    properties = office.call("DescribeDocumentClassifier", DocumentClassifierArn=arn)["DocumentClassifierProperties"]
    assert properties["Status"] == "TRAINED_WITH_WARNING"
    assert "skipped_documents" in properties["Message"]
    assert properties["InputDataConfig"]["DataFormat"] == "COMPREHEND_CSV"
    for status, found in (("TRAINED_WITH_WARNING", [arn]), ("TRAINED", [fine]), ("IN_ERROR", [])):
        listed = office.call("ListDocumentClassifiers", Filter={"Status": status})
        assert [one["DocumentClassifierArn"] for one in listed["DocumentClassifierPropertiesList"]] == found
    summaries = office.call("ListDocumentClassifierSummaries")["DocumentClassifierSummariesList"]
    assert [one["LatestVersionStatus"] for one in summaries] == ["TRAINED", "TRAINED_WITH_WARNING"]
    office.call("CreateEndpoint", EndpointName="e", ModelArn=arn, DesiredInferenceUnits=1)


def test_what_is_not_there_is_told_in_the_words_of_aws(office: Office) -> None:
    arn = f"arn:aws:comprehend:us-east-1:{office.call.principal.account}:document-classifier/nothing"
    for request in ("DescribeDocumentClassifier", "DeleteDocumentClassifier"):
        with pytest.raises(
            ResourceNotFoundException, match=r"^RESOURCE_NOT_FOUND: Could not find specified resource\.$"
        ):
            office.call(request, DocumentClassifierArn=arn)


def test_another_account_copies_a_model_only_where_its_policy_says_so(office: Office) -> None:
    arn = office.classifier()
    stranger = replace(office.call.principal, kind="root", account="999999999999", arn="arn:aws:iam::999999999999:root")
    with pytest.raises(ResourceNotFoundException):
        office.call("ImportModel", principal=stranger, SourceModelArn=arn)
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": stranger.arn},
        "Action": "comprehend:ImportModel",
        "Resource": "*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    office.call("PutResourcePolicy", ResourceArn=arn, ResourcePolicy=policy)
    copy = office.call("ImportModel", principal=stranger, SourceModelArn=arn)["ModelArn"]
    assert copy == arn.replace("123456789012", "999999999999")
    described = office.call("DescribeDocumentClassifier", principal=stranger, DocumentClassifierArn=copy)
    assert described["DocumentClassifierProperties"]["SourceModelArn"] == arn
    assert [path.stat().st_nlink for path in office.folder.glob("models/*/model/result.json")] == [1, 1]
    for text in ("{", "[]", '{"Statement": [{"Effect": "Perhaps"}]}'):
        with pytest.raises(InvalidRequestException):
            office.call("PutResourcePolicy", ResourceArn=arn, ResourcePolicy=text)


def test_a_flywheel_s_iteration_trains_a_version_with_its_data_sets(office: Office) -> None:
    arn = office.classifier()
    wheel = office.call(
        "CreateFlywheel", FlywheelName="w", ActiveModelArn=arn, DataAccessRoleArn=ROLE, DataLakeS3Uri="s3://texts/lake"
    )["FlywheelArn"]
    with pytest.raises(InvalidRequestException, match="no data set"):
        office.call("StartFlywheelIteration", FlywheelArn=wheel)
    config = {"DocumentClassifierInputDataConfig": {"S3Uri": "s3://texts/more.csv"}}
    dataset = office.call("CreateDataset", FlywheelArn=wheel, DatasetName="d", InputDataConfig=config)["DatasetArn"]
    with pytest.raises(ResourceInUseException):
        office.call("DeleteFlywheel", FlywheelArn=wheel)
    office.finish(dataset, documents=40)
    assert office.call("DescribeDataset", DatasetArn=dataset)["DatasetProperties"]["NumberOfDocuments"] == 40
    identity = office.call("StartFlywheelIteration", FlywheelArn=wheel)["FlywheelIterationId"]
    with pytest.raises(ResourceInUseException):
        office.call("StartFlywheelIteration", FlywheelArn=wheel)
    asked = {"FlywheelArn": wheel, "FlywheelIterationId": identity}
    state = office.call("DescribeFlywheelIteration", **asked)["FlywheelIterationProperties"]
    assert (state["Status"], state["EvaluatedModelArn"]) == ("TRAINING", arn)
    model = state["TrainedModelArn"]
    assert model.startswith(f"{arn}/version/Comprehend-Generated-v1-")
    scores = {"accuracy": 0.95, "precision": 0.94, "recall": 0.93, "f1": 0.92}
    office.finish(model, labels=2, trained=36, tested=4, several=False, native=False, metrics=scores, evaluated=scores)
    state = office.call("DescribeFlywheelIteration", **asked)["FlywheelIterationProperties"]
    assert state["Status"] == "COMPLETED"
    assert state["EvaluatedModelMetrics"]["AverageAccuracy"] == 0.95
    with pytest.raises(ResourceInUseException, match="flywheel/w"):
        office.call("DeleteDocumentClassifier", DocumentClassifierArn=arn)
    office.call("UpdateFlywheel", FlywheelArn=wheel, ActiveModelArn=model)
    assert office.call("DescribeFlywheel", FlywheelArn=wheel)["FlywheelProperties"]["ActiveModelArn"] == model
    office.call("DeleteFlywheel", FlywheelArn=wheel)
    with pytest.raises(ResourceNotFoundException):
        office.call("DescribeDataset", DatasetArn=dataset)


def test_iterations_that_start_in_the_same_second_have_names_of_their_own() -> None:
    start = datetime(2026, 11, 23, 23, 59, 59, tzinfo=UTC)
    assert flywheel_iterations._identity(start, set()) == "20261123T235959Z"
    assert flywheel_iterations._identity(start, {"20261123T235959Z", "20261124T000000Z"}) == "20261124T000001Z"


def test_events_are_asked_for_by_their_types_in_english(office: Office) -> None:
    asked = {**JOB, "LanguageCode": "en", "TargetEventTypes": ["IPO"]}
    assert office.call("StartEventsDetectionJob", **asked)["JobStatus"] == "SUBMITTED"
    with pytest.raises(InvalidRequestException, match="WEDDING"):
        office.call("StartEventsDetectionJob", **{**asked, "TargetEventTypes": ["WEDDING"]})
    with pytest.raises(InvalidRequestException, match="English"):
        office.call("StartEventsDetectionJob", **{**asked, "LanguageCode": "de"})
