"""What is answered at once, and what is refused with which words."""

from __future__ import annotations

import pytest

from clary.compute.engine_hosts.hosts import EngineBusy, EngineFailed
from clary.services.textract.errors import (
    BadDocumentException,
    DocumentTooLargeException,
    InternalServerError,
    InvalidParameterException,
    InvalidS3ObjectException,
    ThrottlingException,
    UnsupportedDocumentException,
)
from clary.services.textract.sources import MOST_BYTES_AT_ONCE, format_of

from .conftest import BUCKET, Office
from .made_documents import HEAD, document

PAPER = document(["Total 12.50", "Shop"])


def texts(answer, kind="LINE"):
    return [block["Text"] for block in answer["Blocks"] if block["BlockType"] == kind]


def test_text_is_read_from_bytes_and_from_s3(office: Office):
    for asked in ({"Bytes": PAPER}, {"S3Object": office.put("a/b.pdf", PAPER)}):
        answer = office.call("DetectDocumentText", Document=asked)
        assert texts(answer) == ["Total 12.50", "Shop"]
        assert answer["DocumentMetadata"] == {"Pages": 1}
        assert answer["DetectDocumentTextModelVersion"] == "1.0"


def test_a_version_of_an_object_is_read(office: Office):
    office.objects.set_bucket(BUCKET, "versioning", "Enabled")
    office.put("doc", PAPER)
    version = office.objects.head(BUCKET, "doc").version_id
    office.put("doc", document(["new"]))
    place = {"Bucket": BUCKET, "Name": "doc", "Version": version}
    assert texts(office.call("DetectDocumentText", Document={"S3Object": place})) == ["Total 12.50", "Shop"]
    office.forbidden.add(("s3:GetObjectVersion", f"arn:aws:s3:::{BUCKET}/doc?versionId={version}"))
    with pytest.raises(InvalidS3ObjectException):
        office.call("DetectDocumentText", Document={"S3Object": place})


def test_a_document_that_is_not_named_whole_is_refused(office: Office):
    for asked in ({}, {"Bytes": PAPER, "S3Object": {"Bucket": BUCKET, "Name": "x"}}, {"S3Object": {"Bucket": BUCKET}}):
        with pytest.raises(InvalidParameterException, match="Request has invalid parameters: Document"):
            office.call("DetectDocumentText", Document=asked)


def test_objects_are_read_with_the_rights_of_the_caller(office: Office):
    place = office.put("secret", PAPER)
    office.forbidden.add(("s3:GetObject", f"arn:aws:s3:::{BUCKET}/secret"))
    absent = {"Bucket": BUCKET, "Name": "absent"}
    elsewhere = {"Bucket": "no-such-bucket", "Name": "absent"}
    for one in (place, absent, elsewhere):
        with pytest.raises(InvalidS3ObjectException, match="Unable to get object metadata from S3"):
            office.call("DetectDocumentText", Document={"S3Object": one})


def test_files_of_other_kinds_and_too_large_ones_are_refused(office: Office):
    with pytest.raises(UnsupportedDocumentException, match="Request has unsupported document format"):
        office.call("DetectDocumentText", Document={"Bytes": b"GIF89a..."})
    large = office.put("large", HEAD + bytes(MOST_BYTES_AT_ONCE))
    with pytest.raises(DocumentTooLargeException, match="10485760"):
        office.call("DetectDocumentText", Document={"S3Object": large})
    assert office.engine.asked == []


def test_more_than_one_page_is_too_many_at_once(office: Office):
    two = {"Bytes": document(["a"], ["b"])}
    for operation, asked in (
        ("DetectDocumentText", {"Document": two}),
        ("AnalyzeDocument", {"Document": two, "FeatureTypes": ["FORMS"]}),
        ("AnalyzeExpense", {"Document": two}),
        ("AnalyzeID", {"DocumentPages": [two]}),
    ):
        with pytest.raises(UnsupportedDocumentException, match="2 pages"):
            office.call(operation, **asked)


@pytest.mark.parametrize(
    ("reason", "error"),
    [
        ("bad-document", BadDocumentException),
        ("encrypted-document", UnsupportedDocumentException),
        ("unsupported-format", UnsupportedDocumentException),
        ("too-large", DocumentTooLargeException),
    ],
)
def test_what_the_engine_refuses_has_a_name_at_aws(office: Office, reason, error):
    with pytest.raises(error, match="page 1 says so"):
        office.call("DetectDocumentText", Document={"Bytes": document({"refuse": reason})})


@pytest.mark.parametrize(("raised", "error"), [(EngineBusy, ThrottlingException), (EngineFailed, InternalServerError)])
def test_an_engine_that_is_busy_or_fails_has_a_name_at_aws(office: Office, monkeypatch, raised, error):
    def fails(*arguments, **more):
        raise raised("why")

    monkeypatch.setattr(office.engine, "inspect", fails)
    with pytest.raises(error):
        office.call("DetectDocumentText", Document={"Bytes": PAPER})


def test_formats_are_told_by_how_files_begin():
    beginnings = {b"\xff\xd8\xff\xe0": "JPEG", b"\x89PNG\r\n\x1a\n": "PNG", b"MM\0*": "TIFF", b"II*\0": "TIFF"}
    beginnings |= {b"%PDF-1.4": "PDF", b"\n\n%PDF-1.4": "PDF"}
    assert {start: format_of(start) for start in beginnings} == beginnings


def test_an_analysis_asks_for_its_features_and_questions(office: Office):
    answer = office.call(
        "AnalyzeDocument",
        Document={"Bytes": PAPER},
        FeatureTypes=["QUERIES", "TABLES"],
        QueriesConfig={"Queries": [{"Text": "What is the Total?", "Alias": "T"}, {"Text": "Later?", "Pages": ["2-*"]}]},
    )
    (asked,) = [what for call, what in office.engine.asked if call == "analyze"]
    assert asked == (1, ("queries", "tables"), ({"text": "What is the Total?", "alias": "T"},), ())
    assert texts(answer, "QUERY_RESULT") == ["12.50"]
    assert [block["Query"] for block in answer["Blocks"] if block["BlockType"] == "QUERY"] == [
        {"Text": "What is the Total?", "Alias": "T"}
    ]
    assert "HumanLoopActivationOutput" not in answer


@pytest.mark.parametrize(
    ("more", "rule"),
    [
        ({"FeatureTypes": ["QUERIES"]}, "QueriesConfig is needed"),
        ({"FeatureTypes": ["FORMS"], "QueriesConfig": {"Queries": [{"Text": "a"}]}}, "only with it"),
        ({"FeatureTypes": []}, "at least one"),
        ({"FeatureTypes": ["QUERIES"], "QueriesConfig": {"Queries": [{"Text": "a"}] * 16}}, "16 queries, more than 15"),
        (
            {"FeatureTypes": ["QUERIES"], "QueriesConfig": {"Queries": [{"Text": "a", "Alias": "x"}] * 2}},
            "Alias more than once",
        ),
        (
            {"FeatureTypes": ["QUERIES"], "QueriesConfig": {"Queries": [{"Text": "a", "Pages": ["*", "1"]}]}},
            "only element",
        ),
        (
            {"FeatureTypes": ["QUERIES"], "QueriesConfig": {"Queries": [{"Text": "a", "Pages": ["3-2"]}]}},
            "'3-2'",
        ),
        (
            {"FeatureTypes": ["FORMS"], "AdaptersConfig": {"Adapters": [{"AdapterId": "a" * 12, "Version": "1"}]}},
            "QUERIES alone",
        ),
    ],
)
def test_features_queries_and_adapters_must_fit(office: Office, more, rule):
    with pytest.raises(InvalidParameterException, match=rule):
        office.call("AnalyzeDocument", Document={"Bytes": PAPER}, **more)
    assert office.engine.asked == []


def test_a_human_loop_that_is_asked_for_and_does_not_start_is_told(office: Office):
    flow = "arn:aws:sagemaker:us-east-1:123456789012:flow-definition/f"
    config = {"HumanLoopName": "loop", "FlowDefinitionArn": flow}
    answer = office.call("AnalyzeDocument", Document={"Bytes": PAPER}, FeatureTypes=["FORMS"], HumanLoopConfig=config)
    assert "HumanLoopArn" not in answer["HumanLoopActivationOutput"]


@pytest.mark.parametrize("flow", ["arn:aws:sagemaker:us-east-1:123456789012:endpoint/f", "f"])
def test_a_review_by_what_is_no_flow_definition_is_refused_before_anything_is_read(office: Office, flow: str):
    config = {"HumanLoopName": "loop", "FlowDefinitionArn": flow}
    with pytest.raises(InvalidParameterException, match="not the ARN of a flow definition"):
        office.call("AnalyzeDocument", Document={"Bytes": PAPER}, FeatureTypes=["FORMS"], HumanLoopConfig=config)
    assert office.engine.asked == []


def test_a_bill_has_summary_fields_groups_and_line_items(office: Office):
    answer = office.call("AnalyzeExpense", Document={"Bytes": PAPER})
    (bill,) = answer["ExpenseDocuments"]
    total, vendor, other = bill["SummaryFields"]
    assert other["Type"]["Text"] == "OTHER"
    assert (total["Type"]["Text"], total["ValueDetection"]["Text"]) == ("TOTAL", "12.50")
    assert total["LabelDetection"]["Text"] == "Total"
    assert total["Currency"]["Code"] == "USD"
    assert total["PageNumber"] == 1
    assert vendor["Type"]["Text"] == "VENDOR_NAME"
    assert vendor["GroupProperties"] == [{"Types": ["VENDOR"], "Id": "g1"}]
    assert "LabelDetection" not in vendor
    ((row,),) = [item["LineItemExpenseFields"] for item in bill["LineItemGroups"][0]["LineItems"]]
    assert row["Type"]["Text"] == "EXPENSE_ROW"
    assert "Currency" not in row
    assert texts(bill) == ["Total 12.50", "Shop"]
    assert (bill["ExpenseIndex"], bill["LineItemGroups"][0]["LineItemGroupIndex"]) == (1, 1)


def test_an_identity_document_of_two_pictures_has_normalised_dates(office: Office):
    pages = [{"Bytes": document(["front"])}, {"Bytes": document(["back"])}]
    answer = office.call("AnalyzeID", DocumentPages=pages)
    assert answer["DocumentMetadata"] == {"Pages": 2}
    (identity,) = answer["IdentityDocuments"]
    name, born = identity["IdentityDocumentFields"]
    assert (name["Type"]["Text"], name["ValueDetection"]["Text"]) == ("FIRST_NAME", "MARIA")
    assert "NormalizedValue" not in name["ValueDetection"]
    assert born["ValueDetection"]["NormalizedValue"] == {"Value": "1957-03-18T00:00:00", "ValueType": "DATE"}
    assert [(block["Text"], block["Page"]) for block in identity["Blocks"] if block["BlockType"] == "LINE"] == [
        ("front", 1),
        ("back", 2),
    ]
