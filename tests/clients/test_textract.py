"""Textract with boto3 at a really started server; AWS's own parsers read every answer."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import time

import pytest
from botocore.exceptions import ClientError

from tests.clients.conftest import ROOT, RunningClary
from tests.clients.textract_desk import (
    FIELDS,
    PAPERS,
    TABLE,
    TextractDesk,
    form,
    parsed,
    refusal,
    sample,
    texts,
)

EVERYTHING = ["FORMS", "TABLES", "LAYOUT", "SIGNATURES", "QUERIES"]
QUERIES = [
    {"Text": "What is the membership number?", "Alias": "NUMBER"},
    {"Text": "What is the date of birth?"},
    {"Text": "Who painted the ceiling?", "Alias": "NOTHING"},
]


@pytest.fixture(scope="module")
def desk(clary: RunningClary) -> TextractDesk:
    return TextractDesk(clary)


def test_the_text_of_a_pdf_is_exact_and_stands_where_it_stands(desk: TextractDesk) -> None:
    answer = desk.textract.detect_document_text(Document={"Bytes": form()})
    assert "Membership Application" in texts(answer["Blocks"])
    words = {block["Text"]: block for block in answer["Blocks"] if block["BlockType"] == "WORD"}
    box = words["Full"]["Geometry"]["BoundingBox"]
    assert abs(box["Left"] - 50 / 595) < 0.005
    assert abs(box["Top"] + box["Height"] - 110 / 842) < 0.005
    assert words["Lindqvist"]["TextType"] == "PRINTED"
    assert words["Lindqvist"]["Confidence"] > 99
    (found,) = parsed(("document", answer))
    assert found["trp"][0]["lines"] == texts(answer["Blocks"])
    assert sorted(found["textractor"]["lines"]) == sorted(texts(answer["Blocks"]))
    assert found["trp2"][0]["lines"] == len(found["trp"][0]["lines"])


def test_everything_that_is_understood_of_a_form_is_read_by_every_parser(desk: TextractDesk) -> None:
    place = desk.put("form.pdf", form())
    asked = {"FeatureTypes": EVERYTHING, "QueriesConfig": {"Queries": QUERIES}}
    answer = desk.textract.analyze_document(Document={"S3Object": place}, **asked)
    (found,) = parsed(("document", answer))
    fields = {name.strip(" :"): value.strip() for name, value in found["trp"][0]["fields"]}
    for name, value in FIELDS:
        assert fields[name] == value
    named = {name.strip("[] :").replace(",", ""): value.strip() for name, value in found["textractor"]["fields"]}
    assert named == fields
    assert [[cell.strip() for cell in row] for row in found["trp"][0]["tables"][0]] == TABLE
    assert found["trp"][0]["headers"][0] == TABLE[0]
    cells = {(row, column): text.strip() for row, column, text in found["textractor"]["tables"][0]}
    assert cells == {(row, column): text for row, line in enumerate(TABLE, 1) for column, text in enumerate(line, 1)}
    answers = {query: text for query, _, text in found["trp2"][0]["queries"]}
    assert answers[QUERIES[0]["Text"]] == "C-20817"
    assert answers[QUERIES[1]["Text"]] == "04/17/1986"
    assert answers[QUERIES[2]["Text"]] == ""
    assert dict(found["textractor"]["queries"])[QUERIES[0]["Text"]] == "C-20817"
    assert {"LAYOUT_TITLE", "LAYOUT_TEXT", "LAYOUT_TABLE"} <= set(found["textractor"]["layouts"])
    assert "Membership Application" in found["printed"]["layout"]["1"]
    assert "Pottery" in found["printed"]["text"]


def test_only_what_is_asked_for_is_answered(desk: TextractDesk) -> None:
    answer = desk.textract.analyze_document(Document={"Bytes": form()}, FeatureTypes=["TABLES"])
    kinds = {block["BlockType"] for block in answer["Blocks"]}
    assert {"PAGE", "LINE", "WORD", "TABLE", "CELL"} <= kinds
    assert not {kind for kind in kinds if kind.startswith(("LAYOUT", "QUERY", "KEY", "SIGNATURE"))}


def test_an_invoice_is_understood(desk: TextractDesk) -> None:
    answer = desk.textract.analyze_expense(Document={"Bytes": PAPERS.invoice(*PAPERS.INVOICES["tea.pdf"])})
    (found,) = parsed(("expense", answer))
    fields = dict(found["trp2"][0])
    assert fields["VENDOR_NAME"] == "Larch Tea Trading Ltd"
    assert fields["INVOICE_RECEIPT_ID"] == "LT-2041"
    assert fields["INVOICE_RECEIPT_DATE"] == "03/14/2024"
    assert fields["TOTAL"] == "$205.74"
    assert found["textractor"][0]["TOTAL"] == ["$205.74"]
    assert found["items"] == [3]


def test_the_example_turns_invoices_into_a_table(clary: RunningClary) -> None:
    command = [sys.executable, str(ROOT / "examples/invoice.py")]
    done = subprocess.run(command, env=clary.environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader(done.stdout.splitlines()))
    assert [row["FILE"] for row in rows] == ["paper.pdf"] * 2 + ["repair.pdf"] * 3 + ["tea.pdf"] * 3
    for name in PAPERS.INVOICES:
        vendor, *_, number, date, _, _, items, _, _ = PAPERS.INVOICES[name]
        found = [row for row in rows if row["FILE"] == name]
        told = {(row["VENDOR_NAME"], row["INVOICE_RECEIPT_ID"], row["INVOICE_RECEIPT_DATE"]) for row in found}
        assert told == {(vendor, number, date)}
        lines = [(row["ITEM"], row["QUANTITY"], row["UNIT_PRICE"]) for row in found]
        assert lines == [(item, str(count), f"{price:,.2f}") for item, count, price in items]


def test_an_identity_document_is_understood(desk: TextractDesk) -> None:
    answer = desk.textract.analyze_id(DocumentPages=[{"Bytes": sample("driverlicense.png")}])
    (found,) = parsed(("id", answer))
    values = found["textractor"][0]
    printed = {
        "LAST_NAME": "SOUZA",
        "FIRST_NAME": "JORGE",
        "DOCUMENT_NUMBER": "820BAC729CBAC",
        "DATE_OF_BIRTH": "03/18/1978",
        "EXPIRATION_DATE": "01/20/2020",
        "STATE_NAME": "MASSACHUSETTS",
    }
    assert {name: values[name] for name in printed} == printed
    dates = {row[1]: row[4] for row in found["trp2"]}
    assert dates["DATE_OF_BIRTH"] == "1978-03-18T00:00:00"
    assert answer["IdentityDocuments"][0]["Blocks"][0]["BlockType"] == "PAGE"


def test_jobs_detect_and_analyse_many_pages(desk: TextractDesk) -> None:
    pages = [PAPERS.Sheet().text(50, 60, f"Page number {number} of three") for number in (1, 2, 3)]
    content = PAPERS.pdf(*pages)
    config = {"S3Bucket": desk.bucket, "S3Prefix": "out"}
    job_id = desk.start("document_text_detection", content, OutputConfig=config, JobTag="three")
    answer = desk.finished("document_text_detection", job_id)
    assert answer["JobStatus"] == "SUCCEEDED", answer.get("StatusMessage")
    assert answer["DocumentMetadata"] == {"Pages": 3}
    assert texts(answer["Blocks"]) == [f"Page number {number} of three" for number in (1, 2, 3)]
    stored = desk.s3.list_objects_v2(Bucket=desk.bucket, Prefix=f"out/{job_id}/")["Contents"]
    assert [one["Key"].rpartition("/")[2] for one in stored] == [".s3_access_check", "1"]
    body = desk.s3.get_object(Bucket=desk.bucket, Key=f"out/{job_id}/1")["Body"].read()
    assert json.loads(body)["Blocks"] == answer["Blocks"]
    (found,) = parsed(("document", answer))
    assert (len(found["trp"]), found["textractor"]["pages"]) == (3, 3)
    asked = {"FeatureTypes": ["QUERIES"], "QueriesConfig": {"Queries": [{"Text": "Which page?", "Pages": ["2-*"]}]}}
    analysis = desk.start("document_analysis", content, **asked)
    blocks = desk.finished("document_analysis", analysis)["Blocks"]
    assert [block["Page"] for block in blocks if block["BlockType"] == "QUERY"] == [2, 3]


def test_jobs_read_bills_and_loan_files(desk: TextractDesk) -> None:
    bills = desk.start("expense_analysis", PAPERS.invoice(*PAPERS.INVOICES["paper.pdf"]))
    payslip = PAPERS.Sheet().text(50, 60, "Earnings Statement", 18, bold=True).text(50, 90, "Pay Period: 01/01/2024 to")
    payslip.text(50, 110, "Pay Date: 01/15/2024").text(50, 130, "Employee: Ana Ortiz").text(
        50, 150, "Net Pay: $1,204.10"
    )
    payslip.text(50, 170, "Gross Pay: $1,600.00").text(50, 190, "Federal Income Tax  $200.00  YTD $400.00")
    loans = desk.start("lending_analysis", PAPERS.pdf(payslip))
    answer = desk.finished("expense_analysis", bills)
    lending = desk.finished("lending_analysis", loans)
    summary = desk.textract.get_lending_analysis_summary(JobId=loans)
    found, sorted_pages = parsed(("expense", answer), ("lending", lending))
    assert dict(found["trp2"][0])["INVOICE_RECEIPT_ID"] == "10077"
    assert sorted_pages["types"] == [["PAYSLIPS"]]
    (group,) = summary["Summary"]["DocumentGroups"]
    assert (group["Type"], group["SplitDocuments"]) == ("PAYSLIPS", [{"Index": 1, "Pages": [1]}])


def test_objects_are_read_with_the_rights_of_the_caller(desk: TextractDesk) -> None:
    place = desk.put("private.pdf", form())
    desk.iam.create_user(UserName="reader")
    key = desk.iam.create_access_key(UserName="reader")["AccessKey"]
    allowed = {"Effect": "Allow", "Action": "textract:*", "Resource": "*"}

    def allow(*statements: dict[str, str]) -> None:
        policy = {"Version": "2012-10-17", "Statement": statements}
        desk.iam.put_user_policy(UserName="reader", PolicyName="p", PolicyDocument=json.dumps(policy))

    allow(allowed)
    reader = desk.client("textract", aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"])
    asks = (
        lambda: reader.detect_document_text(Document={"S3Object": place}),
        lambda: reader.start_document_text_detection(DocumentLocation={"S3Object": place}),
    )
    for ask in asks:
        with pytest.raises(ClientError) as error:
            ask()
        assert refusal(error)[0] == "InvalidS3ObjectException"
        assert "Unable to get object metadata from S3" in refusal(error)[1]
    allow(allowed, {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{desk.bucket}/private.pdf"})
    assert texts(asks[0]()["Blocks"])
    job_id = asks[1]()["JobId"]
    assert desk.finished("document_text_detection", job_id)["JobStatus"] == "SUCCEEDED"
    with pytest.raises(ClientError) as error:
        reader.start_document_text_detection(
            DocumentLocation={"S3Object": place}, OutputConfig={"S3Bucket": desk.bucket}
        )
    assert refusal(error)[0] == "InvalidS3ObjectException"


def test_what_is_no_document_is_refused_by_name(desk: TextractDesk) -> None:
    truncated = form()[:400]
    two = PAPERS.pdf(PAPERS.Sheet().text(50, 50, "one"), PAPERS.Sheet().text(50, 50, "two"))
    cases = (
        (b"Mickey Mouse", "UnsupportedDocumentException"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 200, "BadDocumentException"),
        (truncated, "BadDocumentException"),
        (two, "UnsupportedDocumentException"),
    )
    for content, code in cases:
        with pytest.raises(ClientError) as error:
            desk.textract.detect_document_text(Document={"Bytes": content})
        assert refusal(error)[0] == code
    job_id = desk.start("document_text_detection", truncated)
    answer = desk.finished("document_text_detection", job_id)
    assert answer["JobStatus"] == "FAILED"
    assert answer["StatusMessage"].startswith("Request has bad document")
    with pytest.raises(ClientError) as error:
        desk.textract.get_document_text_detection(JobId="0" * 64)
    assert refusal(error) == ("InvalidJobIdException", "Request has invalid Job Id")


def test_an_adapter_learns_from_labelled_papers(desk: TextractDesk) -> None:
    question = "What is the licence of the vessel?"
    rows = []
    for number in range(10):
        code = f"{chr(65 + number)}{number * 37 + 100}"
        sheet = (
            PAPERS.Sheet().text(50, 60, "Harbour Register", 18, bold=True).text(50, 100, f"Hull mark {code} granted")
        )
        sheet.text(50, 130, f"Berth {number + 3}").text(50, 160, f"Skipper Jo Tern {number}")
        desk.put(f"papers/{number}.pdf", PAPERS.pdf(sheet))
        annotation = [
            {
                "BlockType": "QUERY",
                "Id": "q",
                "Query": {"Text": question},
                "Relationships": [{"Type": "ANSWER", "Ids": ["r"]}],
            },
            {"BlockType": "QUERY_RESULT", "Id": "r", "Text": code},
        ]
        rows.append({"source-ref": f"s3://{desk.bucket}/papers/{number}.pdf", "annotations": {"Blocks": annotation}})
    manifest = desk.put("manifest.jsonl", "\n".join(map(json.dumps, rows)).encode())
    textract = desk.textract
    adapter = textract.create_adapter(AdapterName="vessels", FeatureTypes=["QUERIES"], Tags={"harbour": "north"})
    named = {"AdapterId": adapter["AdapterId"]}
    version = textract.create_adapter_version(
        **named, DatasetConfig={"ManifestS3Object": manifest}, OutputConfig={"S3Bucket": desk.bucket}
    )["AdapterVersion"]
    deadline = time.monotonic() + 200
    while (told := textract.get_adapter_version(**named, AdapterVersion=version))["Status"] == "CREATION_IN_PROGRESS":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert told["Status"] == "ACTIVE", told.get("StatusMessage")
    (metrics,) = told["EvaluationMetrics"]
    assert metrics["AdapterVersion"]["F1Score"] >= 0.8
    assert metrics["AdapterVersion"]["F1Score"] >= metrics["Baseline"]["F1Score"]
    sheet = PAPERS.Sheet().text(50, 60, "Harbour Register", 18, bold=True).text(50, 100, "Hull mark Z987 granted")
    sheet.text(50, 130, "Berth 40").text(50, 160, "Skipper Jo Tern 77")
    answer = textract.analyze_document(
        Document={"Bytes": PAPERS.pdf(sheet)},
        FeatureTypes=["QUERIES"],
        QueriesConfig={"Queries": [{"Text": question}]},
        AdaptersConfig={"Adapters": [{**named, "Version": version}]},
    )
    assert texts(answer["Blocks"], "QUERY_RESULT") == ["Z987"]
    assert [one["AdapterId"] for one in textract.list_adapters()["Adapters"]] == [adapter["AdapterId"]]
    assert [one["Status"] for one in textract.list_adapter_versions(**named)["AdapterVersions"]] == ["ACTIVE"]
    assert textract.get_adapter(**named)["Tags"] == {"harbour": "north"}
    textract.update_adapter(**named, AutoUpdate="ENABLED")
    arn = f"arn:aws:textract:us-east-1:123456789012:/adapters/{adapter['AdapterId']}"
    textract.tag_resource(ResourceARN=arn, Tags={"a": "b"})
    textract.untag_resource(ResourceARN=arn, TagKeys=["harbour"])
    assert textract.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"a": "b"}
    textract.delete_adapter_version(**named, AdapterVersion=version)
    textract.delete_adapter(**named)
    assert textract.list_adapters()["Adapters"] == []
