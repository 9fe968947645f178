"""Pages of PDFs with marked entities, as Ground Truth writes them."""

import json
from pathlib import Path
from typing import Any

import pytest

from clary.engines.text.own_entities import Mention
from clary.services.comprehend.models.manifests import manifest_channels, manifest_tasks
from clary.services.comprehend.programs.classifier_data import Unlearnable
from clary.services.comprehend.programs.recognizer_data import read_any_manifest

REFERENCE = "s3://bucket/job/annotations/iteration-1/one-1-ann.json"
TASK = {"channel": "manifest-0", "attributes": ["job"], "annotations": "manifest-0-annotations"}


def reference(line: str, begin: int, end: int) -> dict[str, Any]:
    return {"BlockId": line, "BeginOffset": begin, "EndOffset": end, "ChildBlocks": []}


def laid_out(folder: Path, entities: Any, entry: Any = None) -> Path:
    """The channels of a manifest with one page of two lines."""
    lines = {"l1": "Offer  of 20 May at", "l2": "$4.20 a share"}
    blocks = [{"BlockType": "LINE", "Id": name, "Text": text, "Page": 1} for name, text in lines.items()]
    words = [{"BlockType": "WORD", "Id": "w", "Text": "$4.20", "Page": 1, "Relationships": []}]
    page = {
        "Version": "2021-04-30",
        "DocumentType": "NativePDF",
        "DocumentMetadata": {"Pages": "1", "PageNumber": "1"},
        "Blocks": [*blocks, *words],
        "Entities": entities,
    }
    place = folder / "manifest-0-annotations" / "iteration-1"
    place.mkdir(parents=True)
    (place / "one-1-ann.json").write_text(json.dumps(page))
    (folder / "manifest-0").mkdir()
    line = {"source-ref": "s3://bucket/one.pdf", "page": "1", "job": {"annotation-ref": REFERENCE}}
    unmarked = {"source-ref": "s3://bucket/two.pdf", "page": "1"}
    rows = [line if entry is None else entry, unmarked]
    (folder / "manifest-0" / "output.manifest").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def test_entities_lie_in_the_text_of_their_lines_and_may_run_over_several(tmp_path: Path) -> None:
    entities = [
        {"Type": "PRICE", "Score": 1, "BlockReferences": [reference("l2", 0, 5)]},
        {"Type": "OFFER", "Score": 1, "BlockReferences": [reference("l2", 0, 5), reference("l1", 0, 19)]},
        {"Type": "UNASKED", "Score": 1, "BlockReferences": [reference("l1", 0, 5)]},
    ]
    found = read_any_manifest(laid_out(tmp_path, entities), TASK, ["PRICE", "OFFER"])
    assert found.texts == ["Offer  of 20 May at\n$4.20 a share"]
    assert found.mentions == [[Mention(0, 25, "OFFER"), Mention(20, 25, "PRICE")]]
    assert found.texts[0][20:25] == "$4.20"


@pytest.mark.parametrize(
    ("entities", "told"),
    [
        ([{"Type": "A", "BlockReferences": [reference("l2", 3, 30)]}], "does not lie in its line of 13"),
        ([{"Type": "A", "BlockReferences": [reference("l2", 5, 5)]}], "does not lie in its line"),
        ([{"Type": "A", "BlockReferences": []}], "refers to no line"),
        ([{"Type": "A", "BlockReferences": [reference("l9", 0, 1)]}], "cannot be read"),
        ([{"Type": "A"}], "cannot be read"),
        (None, "cannot be read"),
    ],
)
def test_annotations_that_cannot_be_right_are_told_with_their_file(tmp_path: Path, entities: Any, told: str) -> None:
    with pytest.raises(Unlearnable, match=f"one-1-ann.json: .*{told}"):
        read_any_manifest(laid_out(tmp_path, entities), TASK, ["A"])


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ({"job": {"annotation-ref": "s3://bucket/elsewhere.json"}}, "line 1: s3://bucket/elsewhere.json is not below"),
        ({"job": {}}, "line 1: job has no annotation-ref"),
        ([], "line 1: the line is not a JSON object"),
    ],
)
def test_lines_of_the_manifest_that_name_no_file_are_told(tmp_path: Path, entry: Any, told: str) -> None:
    with pytest.raises(Unlearnable, match=told):
        read_any_manifest(laid_out(tmp_path, [], entry), TASK, ["A"])


def test_a_manifest_of_pages_comes_with_the_channel_of_its_annotations() -> None:
    pages = {
        "S3Uri": "s3://b/m",
        "AttributeNames": ["job"],
        "AnnotationDataS3Uri": "s3://b/ann",
        "DocumentType": "SEMI_STRUCTURED_DOCUMENT",
    }
    config = {"AugmentedManifests": [{"S3Uri": "s3://b/p", "AttributeNames": ["x"]}, pages]}
    names = [channel.name for channel in manifest_channels(config)]
    assert names == ["manifest-0", "manifest-1", "manifest-1-annotations"]
    assert [task["annotations"] for task in manifest_tasks(config)] == [None, "manifest-1-annotations"]
