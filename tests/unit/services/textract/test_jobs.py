"""Asynchronous work from its start to its answers: tokens, paging, what is refused, what goes on after a kill."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from clary.services.textract.engine import DocumentReader, asked_here
from clary.services.textract.errors import (
    DocumentTooLargeException,
    IdempotentParameterMismatchException,
    InvalidJobIdException,
    InvalidParameterException,
    InvalidS3ObjectException,
    LimitExceededException,
    UnsupportedDocumentException,
)
from clary.services.textract.job_specs import failure_of
from clary.services.textract.jobs import document_jobs
from clary.services.textract.jobs.job_kinds import KINDS
from clary.services.textract.names import ANALYSIS_JOB, EXPENSE_JOB, LENDING_JOB, TEXT_DETECTION_JOB
from clary.services.textract.programs import reading
from clary.services.textract.upkeep import KEPT_SECONDS, Retention

from .conftest import BUCKET, Office
from .made_documents import HEAD, document

BY_KIND = {
    TEXT_DETECTION_JOB: "DocumentTextDetection",
    ANALYSIS_JOB: "DocumentAnalysis",
    EXPENSE_JOB: "ExpenseAnalysis",
    LENDING_JOB: "LendingAnalysis",
}


def start(office: Office, kind: str, content: bytes, **more) -> str:
    place = office.put("doc.pdf", content)
    if kind == ANALYSIS_JOB:
        more = {"FeatureTypes": ["FORMS"]} | more
    answer = office.call(f"Start{BY_KIND[kind]}", DocumentLocation={"S3Object": place}, **more)
    return str(answer["JobId"])


def get(office: Office, kind: str, job_id: str, **more):
    return office.call(f"Get{BY_KIND[kind]}", JobId=job_id, **more)


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def lines(answer):
    return [(block["Page"], block["Text"]) for block in answer["Blocks"] if block["BlockType"] == "LINE"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_job_is_in_progress_until_it_has_succeeded(office: Office, kind):
    job_id = start(office, kind, document(["Total 1 Shop"], ["Total 2 Shop"]))
    assert len(job_id) == 64
    assert get(office, kind, job_id)["JobStatus"] == "IN_PROGRESS"
    assert "DocumentMetadata" not in get(office, kind, job_id)
    assert office.run(office.record(kind, job_id)) == 0
    answer = get(office, kind, job_id)
    assert answer["JobStatus"] == "SUCCEEDED"
    assert answer["DocumentMetadata"] == {"Pages": 2}
    assert answer[KINDS[kind].model] == "1.0"
    assert len(answer[KINDS[kind].items]) >= 2
    assert "NextToken" not in answer


def test_blocks_come_in_pages_that_tokens_join(office: Office):
    job_id = start(office, TEXT_DETECTION_JOB, document(*[["one two three"] for _ in range(500)]))
    office.run(office.record(TEXT_DETECTION_JOB, job_id))
    first = get(office, TEXT_DETECTION_JOB, job_id)
    assert len(first["Blocks"]) == 1000
    found, token, sizes = [], None, []
    while True:
        more = {"NextToken": token} if token else {}
        answer = get(office, TEXT_DETECTION_JOB, job_id, MaxResults=700, **more)
        found += answer["Blocks"]
        sizes.append(len(answer["Blocks"]))
        token = answer.get("NextToken")
        if token is None:
            break
    assert sizes == [700, 700, 700, 400]
    assert found[:1000] == first["Blocks"]
    assert [page for page, _ in lines({"Blocks": found})] == list(range(1, 501))
    assert len({block["Id"] for block in found}) == 2500


def test_a_token_of_another_job_is_refused(office: Office):
    ids = [start(office, TEXT_DETECTION_JOB, document(["a"])) for _ in range(2)]
    for one in ids:
        office.run(office.record(TEXT_DETECTION_JOB, one))
    token = get(office, TEXT_DETECTION_JOB, ids[0], MaxResults=1)["NextToken"]
    for job_id, sent in ((ids[1], token), (ids[0], "nonsense")):
        with pytest.raises(InvalidParameterException, match="NextToken"):
            get(office, TEXT_DETECTION_JOB, job_id, NextToken=sent)


def test_a_job_is_known_to_its_own_operation_alone(office: Office):
    job_id = start(office, TEXT_DETECTION_JOB, document(["a"]))
    for kind, one in ((ANALYSIS_JOB, job_id), (TEXT_DETECTION_JOB, "f" * 64)):
        with pytest.raises(InvalidJobIdException, match="Request has invalid Job Id"):
            get(office, kind, one)


def test_the_same_token_means_the_same_job(office: Office):
    first = start(office, TEXT_DETECTION_JOB, document(["a"]), ClientRequestToken="t", JobTag="x")
    assert start(office, TEXT_DETECTION_JOB, document(["a"]), ClientRequestToken="t", JobTag="x") == first
    with pytest.raises(IdempotentParameterMismatchException, match="t was used before"):
        start(office, TEXT_DETECTION_JOB, document(["a"]), ClientRequestToken="t", JobTag="y")
    assert start(office, EXPENSE_JOB, document(["a"]), ClientRequestToken="t") != first
    assert len(names_in(office.folder / "jobs")) == 2


def test_what_cannot_be_had_starts_no_job(office: Office):
    office.put("picture", b"\x89PNG\r\n\x1a\n" + bytes(11 << 20))
    office.put("other", b"GIF89a")
    for name, error in (
        ("absent", InvalidS3ObjectException),
        ("picture", DocumentTooLargeException),
        ("other", UnsupportedDocumentException),
    ):
        with pytest.raises(error):
            office.call("StartDocumentTextDetection", DocumentLocation={"S3Object": {"Bucket": BUCKET, "Name": name}})
    with pytest.raises(InvalidParameterException, match=r"DocumentLocation\.S3Object\.Bucket"):
        office.call("StartDocumentTextDetection", DocumentLocation={})
    assert office.queue.entries() == []
    assert names_in(office.folder / "jobs") == []


def test_a_large_document_that_is_no_picture_is_taken(office: Office):
    start(office, TEXT_DETECTION_JOB, HEAD + bytes(11 << 20))
    (entry,) = office.queue.entries()
    assert entry.spec.limits.network is False


def test_too_many_jobs_are_refused_to_the_account_that_has_them(office: Office, monkeypatch):
    monkeypatch.setattr(document_jobs, "MOST_UNFINISHED", 2)
    for _ in range(2):
        start(office, TEXT_DETECTION_JOB, document(["a"]))
    with pytest.raises(LimitExceededException):
        start(office, TEXT_DETECTION_JOB, document(["a"]))
    stranger = replace(office.call.principal, account="999999999999")
    location = {"S3Object": office.put("paper", document(["a"]))}
    assert office.call("StartDocumentTextDetection", principal=stranger, DocumentLocation=location)["JobId"]


def test_a_document_that_cannot_be_read_fails_with_a_reason(office: Office):
    for content, words in (
        (HEAD + b"damaged", "Request has bad document: it is damaged"),
        (document({"refuse": "encrypted-document"}), "unsupported document format: page 1 says so"),
        (document({"refuse": "bad-document"}, {"refuse": "bad-document"}), "Request has bad document: page 1 says so"),
    ):
        job_id = start(office, TEXT_DETECTION_JOB, content)
        assert office.run(office.record(TEXT_DETECTION_JOB, job_id)) == 1
        answer = get(office, TEXT_DETECTION_JOB, job_id)
        assert answer["JobStatus"] == "FAILED"
        assert words in answer["StatusMessage"]
        assert "Blocks" not in answer


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_that_cannot_be_read_is_a_warning(office: Office, kind):
    pages = [["Total 1 Shop"], {"refuse": "bad-document"}, ["Total 3 Shop"], {"refuse": "too-large"}]
    job_id = start(office, kind, document(*pages))
    office.run(office.record(kind, job_id))
    answer = get(office, kind, job_id)
    assert answer["JobStatus"] == "PARTIAL_SUCCESS"
    assert answer["DocumentMetadata"] == {"Pages": 4}
    assert answer["Warnings"] == [
        {"ErrorCode": "BAD_DOCUMENT", "Pages": [2]},
        {"ErrorCode": "TOO_LARGE", "Pages": [4]},
    ]


def test_an_analysis_asks_each_page_what_it_is_to_be_asked(office: Office):
    queries = [
        {"Text": "first Total?"},
        {"Text": "any Total?", "Pages": ["*"]},
        {"Text": "last Total?", "Pages": ["2"]},
    ]
    content = document(["Total 1"], ["Total 2"])
    job_id = start(office, ANALYSIS_JOB, content, FeatureTypes=["QUERIES"], QueriesConfig={"Queries": queries})
    office.run(office.record(ANALYSIS_JOB, job_id))
    blocks = get(office, ANALYSIS_JOB, job_id)["Blocks"]
    asked = [(block["Page"], block["Query"]["Text"]) for block in blocks if block["BlockType"] == "QUERY"]
    assert asked == [(1, "first Total?"), (1, "any Total?"), (2, "any Total?"), (2, "last Total?")]


def test_a_loan_file_has_a_summary(office: Office):
    job_id = start(office, LENDING_JOB, document(["Name Ana"], ["Name Bo"]))
    assert office.call("GetLendingAnalysisSummary", JobId=job_id)["JobStatus"] == "IN_PROGRESS"
    office.run(office.record(LENDING_JOB, job_id))
    first, _ = get(office, LENDING_JOB, job_id)["Results"]
    assert first["PageClassification"]["PageType"] == [{"Value": "PAYSLIPS", "Confidence": 90.0}]
    assert first["PageClassification"]["PageNumber"] == [{"Value": "1", "Confidence": 80.0}]
    (extraction,) = first["Extractions"]
    (field,) = extraction["LendingDocument"]["LendingFields"]
    assert field["Type"] == "BORROWER_NAME"
    assert (field["KeyDetection"]["Text"], field["ValueDetections"][0]["Text"]) == ("Name", "Ana")
    assert len(extraction["LendingDocument"]["SignatureDetections"]) == 1
    summary = office.call("GetLendingAnalysisSummary", JobId=job_id)["Summary"]
    (group,) = summary["DocumentGroups"]
    assert (group["Type"], group["SplitDocuments"]) == ("PAYSLIPS", [{"Index": 1, "Pages": [1, 2]}])
    assert group["DetectedSignatures"] == [{"Page": 1}]
    assert summary["UndetectedDocumentTypes"] == ["W_2"]


def test_the_answers_are_written_to_the_caller_s_bucket_as_aws_lays_them_out(office: Office):
    content = document(*[["one two three"] for _ in range(300)])
    config = {"S3Bucket": BUCKET, "S3Prefix": "out/"}
    job_id = start(office, TEXT_DETECTION_JOB, content, OutputConfig=config)
    record = office.record(TEXT_DETECTION_JOB, job_id)
    (output,) = office.entry(record).spec.outputs
    assert output.uri == f"s3://{BUCKET}/out/{job_id}"
    assert office.entry(record).spec.role_arn.endswith("assumed-role/ClaryExecutionRole/clary")
    folder = office.job_folder(record)
    office.run(record)
    assert names_in(folder / "output/answer") == [".s3_access_check", "1", "2"]
    files = [json.loads((folder / "output/answer" / name).read_text()) for name in ("1", "2")]
    assert [len(file["Blocks"]) for file in files] == [1000, 500]
    assert files[0]["Blocks"] == get(office, TEXT_DETECTION_JOB, job_id)["Blocks"]
    assert ["NextToken" in file for file in files] == [True, False]
    assert all(file["JobStatus"] == "SUCCEEDED" and file["DocumentMetadata"] == {"Pages": 300} for file in files)


def test_an_output_that_the_caller_may_not_write_starts_no_job(office: Office, monkeypatch):
    with pytest.raises(InvalidS3ObjectException, match="no-such-bucket"):
        start(office, TEXT_DETECTION_JOB, document(["a"]), OutputConfig={"S3Bucket": "no-such-bucket"})
    monkeypatch.setattr("secrets.token_hex", lambda count: "ab" * count)
    office.forbidden.add(("s3:PutObject", f"arn:aws:s3:::{BUCKET}/textract_output/{'ab' * 32}/1"))
    with pytest.raises(InvalidS3ObjectException, match="may not s3:PutObject"):
        start(office, TEXT_DETECTION_JOB, document(["a"]), OutputConfig={"S3Bucket": BUCKET})
    assert office.queue.entries() == []


def test_a_job_that_was_killed_goes_on_where_it_was(office: Office):
    content = document(*[[f"page {number}"] for number in range(1, 7)])
    whole = start(office, TEXT_DETECTION_JOB, content, ClientRequestToken="whole")
    office.run(office.record(TEXT_DETECTION_JOB, whole))
    expected = get(office, TEXT_DETECTION_JOB, whole)["Blocks"]
    record = office.record(TEXT_DETECTION_JOB, start(office, TEXT_DETECTION_JOB, content))
    folder, (place,) = office.job_folder(record), office.entry(record).spec.program.args
    killed = folder / "killed"

    def once(number: int) -> bool:
        if number != 4 or killed.exists():
            return False
        killed.touch()
        return True

    office.engine.killing = once
    office.engine.asked.clear()
    assert run_main(office, folder, place) == 0
    read_twice = (folder / "checkpoints/losses.json").read_text()
    assert json.loads(read_twice) == {"4": 1}
    assert office.run(record) == 0
    told = get(office, TEXT_DETECTION_JOB, record.name)["Blocks"]
    assert lines({"Blocks": told}) == lines({"Blocks": expected})
    assert office.engine.asked == []  # nothing was read again


def run_main(office: Office, folder, place) -> int:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "loaded_reader", lambda: DocumentReader(asked_here(office.engine)))
        return reading.main(folder, place)


def test_a_page_that_kills_its_reader_again_and_again_is_given_up(office: Office):
    record = office.record(TEXT_DETECTION_JOB, start(office, TEXT_DETECTION_JOB, document(["a"], ["b"], ["c"])))
    folder, (place,) = office.job_folder(record), office.entry(record).spec.program.args
    office.engine.killing = lambda number: number == 2
    assert run_main(office, folder, place) == 0
    office.run(record)
    answer = get(office, TEXT_DETECTION_JOB, record.name)
    assert lines(answer) == [(1, "a"), (3, "c")]
    assert answer["Warnings"] == [{"ErrorCode": "BAD_DOCUMENT", "Pages": [2]}]


def test_the_blocks_of_an_attempt_that_was_cut_short_and_of_a_whole_one_are_the_same(office: Office):
    content = document(["a b"], ["c d"], ["e f"])
    record = office.record(TEXT_DETECTION_JOB, start(office, TEXT_DETECTION_JOB, content))
    folder, (place,) = office.job_folder(record), office.entry(record).spec.program.args
    reader = DocumentReader(asked_here(office.engine))
    office.run(record)
    whole = get(office, TEXT_DETECTION_JOB, record.name)["Blocks"]
    for name in ("page-2.json", "page-3.json"):
        (folder / "checkpoints" / name).unlink()
    assert reading.read(folder, Path(place), reader) == 0
    assert get(office, TEXT_DETECTION_JOB, record.name)["Blocks"] == whole
    progress = json.loads((Path(place) / "progress.json").read_text())
    assert progress == {"done": 3, "pages": 3}


def test_more_pages_than_aws_reads_are_refused(office: Office, monkeypatch):
    assert reading.MOST_PAGES_OF_A_JOB == 3000
    monkeypatch.setattr(reading, "MOST_PAGES_OF_A_JOB", 2)
    job_id = start(office, TEXT_DETECTION_JOB, document(["a"], ["b"], ["c"]))
    office.run(office.record(TEXT_DETECTION_JOB, job_id))
    assert "3 pages" in get(office, TEXT_DETECTION_JOB, job_id)["StatusMessage"]


def test_jobs_are_forgotten_after_a_week_with_what_they_left(office: Office):
    old = start(office, TEXT_DETECTION_JOB, document(["a"]), ClientRequestToken="old")
    office.run(office.record(TEXT_DETECTION_JOB, old))
    office.clock.advance(KEPT_SECONDS + 1)
    new = start(office, TEXT_DETECTION_JOB, document(["a"]), ClientRequestToken="new")
    orphans = [office.folder / "jobs/orphan", office.folder / "adapters/a/x.draft"]
    recent = office.folder / "jobs/recent"
    for place in (*orphans, recent):
        place.mkdir(parents=True)
        age = 0 if place == recent else 2 * 24 * 3600
        os.utime(place, (office.clock.time() - age, office.clock.time() - age))
    Retention(office.records, office.folder, office.clock).expire()
    assert recent.exists() and not any(place.exists() for place in orphans)
    with pytest.raises(InvalidJobIdException):
        get(office, TEXT_DETECTION_JOB, old)
    assert get(office, TEXT_DETECTION_JOB, new)["JobStatus"] == "IN_PROGRESS"
    assert len(names_in(office.folder / "jobs")) == 2


def test_an_error_of_clary_s_own_is_told_without_its_traceback(office: Office):
    record = office.record(TEXT_DETECTION_JOB, start(office, TEXT_DETECTION_JOB, document(["a"])))
    reason = "AlgorithmError: KeyError: 'x' (words.py, line 3), exit code: 1\nLast log lines:\n  File ..."
    told = failure_of(replace(record, body={**record.body, "job": {"failure_reason": reason}}))
    assert told.startswith("Internal Server Error: AlgorithmError: KeyError: 'x'")
    assert "Last log lines" not in told


def test_a_page_whose_file_a_power_failure_cut_short_is_read_again(office: Office):
    record = office.record(TEXT_DETECTION_JOB, start(office, TEXT_DETECTION_JOB, document(["a b"], ["c d"])))
    folder, (place,) = office.job_folder(record), office.entry(record).spec.program.args
    office.run(record)
    whole = get(office, TEXT_DETECTION_JOB, record.name)["Blocks"]
    cut = folder / "checkpoints/page-2.json"
    cut.write_bytes(cut.read_bytes()[:20])
    office.engine.asked.clear()
    assert reading.read(folder, Path(place), DocumentReader(asked_here(office.engine))) == 0
    assert office.engine.asked == [("read", 2)]
    assert get(office, TEXT_DETECTION_JOB, record.name)["Blocks"] == whole
