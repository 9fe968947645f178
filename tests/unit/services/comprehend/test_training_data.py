"""The examples of classifiers and recognizers: what is read, and what the user is told of what cannot be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from clary.engines.text.own_entities import EntityList, Mention
from clary.services.comprehend.programs.classifier_data import (
    Examples,
    Unlearnable,
    check_examples,
    read_csv,
    read_manifest,
)
from clary.services.comprehend.programs.classifier_training import split, write_skipped
from clary.services.comprehend.programs.native_documents import NativeDocuments
from clary.services.comprehend.programs.recognizer_data import Annotated, read_annotated, read_list, read_listed
from clary.services.comprehend.programs.recognizer_data import read_manifest as read_entity_manifest
from clary.services.comprehend.programs.redaction import redacted
from clary.services.comprehend.programs.stored_examples import (
    FILE,
    read_classified,
    write_annotated,
    write_classified,
)
from clary.services.comprehend.programs.stored_examples import read_annotated as read_stored

ONE = {"several": False, "delimiter": "|"}
SEVERAL = {"several": True, "delimiter": "|"}


def folder(path: Path, **files: str) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (path / f"{name}.csv").write_text(text, encoding="utf-8", newline="")
    return path


def test_csv_may_quote_and_break_lines_and_several_labels_are_parted(tmp_path: Path) -> None:
    place = folder(tmp_path, a='SPORT,"He said ""goal"",\nand left"\r\nMONEY,plain\r\n\r\n')
    found = read_csv(place, ONE)
    assert found.labels == [["SPORT"], ["MONEY"]]
    assert found.texts[0] == 'He said "goal",\nand left'
    found = read_csv(folder(tmp_path / "b", a="A|B|A,text\n"), SEVERAL)
    assert found.labels == [["A", "B"]]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('SPORT,"never closed\n', "not valid CSV"),
        ('SPORT,"a" b\n', "not valid CSV"),
        ("SPORT,one\nMONEY,two,three\n", "line 2: the line has 3 columns"),
        ("only\n", "line 1: the line has 1 columns"),
        (",text\n", "line 1: the class is empty"),
        ("A,  \n", "line 1: the document is empty"),
        ("", "holds no lines"),
    ],
)
def test_broken_lines_are_told_with_their_numbers(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(Unlearnable, match=told):
        read_csv(folder(tmp_path, a=text), ONE)


def test_bytes_that_are_no_text_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"A,\xff\xfe\n")
    with pytest.raises(Unlearnable, match="UTF-8"):
        read_csv(tmp_path, ONE)


def test_a_manifest_without_the_named_labels_is_told(tmp_path: Path) -> None:
    line = {"source": "x", "job": 1, "job-metadata": {"class-name": "A"}}
    (tmp_path / "m.manifest").write_text(json.dumps(line))
    assert read_manifest(tmp_path, ["other", "job"], several=False).labels == [["A"]]
    with pytest.raises(Unlearnable, match=r"m\.manifest: no line has a label in wrong or other"):
        read_manifest(tmp_path, ["wrong", "other"], several=False)
    with pytest.raises(Unlearnable, match=r"m\.manifest: no line has a label in wrong"):
        read_entity_manifest(tmp_path, ["wrong"], ["PART"])


def test_pages_that_cannot_be_read_are_left_out_and_named(tmp_path: Path) -> None:
    documents = tmp_path / "documents"
    documents.mkdir()
    (documents / "fine.txt").write_text("a fine text")
    (documents / "blank.txt").write_text(" ")
    (documents / "broken.docx").write_bytes(b"PK\x03\x04 no archive")
    lines = [("fine.txt", 1), ("fine.txt", 2), ("blank.txt", 1), ("broken.docx", 1), ("../train.csv", 1)]
    place = folder(tmp_path / "csv", a="".join(f"A,{name},{page}\n" for name, page in lines))
    native = NativeDocuments(documents).page_text
    found = read_csv(place, ONE, native)
    assert found.texts == ["a fine text"]
    codes = ["PAGE_NOT_FOUND", "EMPTY_PAGE", "INVALID_DOCUMENT", "NO_SUCH_DOCUMENT"]
    assert [(one["File"], one["Page"]) for one in found.skipped] == lines[1:]
    assert [one["ErrorCode"] for one in found.skipped] == codes
    assert split(found)[0].skipped == found.skipped
    write_skipped(tmp_path, {"train": found.skipped, "test": []})
    (written,) = (tmp_path / "skipped_documents").iterdir()
    assert written.name == "failed_annotations_train.jsonl"
    assert [json.loads(line) for line in written.read_text().splitlines()] == found.skipped
    with pytest.raises(Unlearnable, match="None of the 1 pages can be read"):
        read_csv(folder(tmp_path / "none", a="A,gone.pdf,1\n"), ONE, native)


def test_too_few_examples_or_classes_are_told() -> None:
    few = Examples(["x"] * 15, [["A"]] * 12 + [["B"]] * 3)
    with pytest.raises(Unlearnable, match=r"'B' \(3\)"):
        check_examples(few, several=False)
    with pytest.raises(Unlearnable, match="at least 2"):
        check_examples(Examples(["x"] * 12, [["A"]] * 12), several=False)


def test_manifests_of_both_kinds_are_read(tmp_path: Path) -> None:
    one = {"source": "t", "job": 0, "job-metadata": {"class-name": "A"}}
    (tmp_path / "m").write_text(json.dumps(one) + "\n" + json.dumps({"source": "unlabelled"}) + "\n")
    assert read_manifest(tmp_path, ["job"], several=False).labels == [["A"]]
    many = {"source": "t", "job": [0, 2], "job-metadata": {"class-map": {"0": "A", "2": "C"}}}
    (tmp_path / "m").write_text(json.dumps(many))
    assert read_manifest(tmp_path, ["job"], several=True).labels == [["A", "C"]]
    (tmp_path / "m").write_text('{"source": ')
    with pytest.raises(Unlearnable, match="line 1: the line is not valid JSON"):
        read_manifest(tmp_path, ["job"], several=False)


def test_the_part_to_measure_on_has_every_class_and_nothing_twice() -> None:
    examples = Examples([f"t{n}" for n in range(200)], [["A"] if n % 4 else ["B"] for n in range(200)])
    training, test = split(examples)
    assert len(test) == 40
    assert sum(own == ["B"] for own in test.labels) == 10
    assert set(training.texts).isdisjoint(test.texts)
    assert split(examples) == (training, test)


def test_annotations_belong_to_lines_or_to_files(tmp_path: Path) -> None:
    texts = tmp_path / "texts"
    texts.mkdir()
    (texts / "d.txt").write_text("Ana lives here\nBob too\n")
    header = "File,Line,Begin Offset,End Offset,Type\n"
    marks = folder(tmp_path / "marks", a=header + "d.txt,1,0,3,NAME\nd.txt,0,0,3,NAME\nd.txt,0,4,9,OTHER\n")
    found = read_annotated(texts, marks, ["NAME"], None)
    assert found.mentions == [[Mention(0, 3, "NAME")], [Mention(0, 3, "NAME")]]
    whole = folder(tmp_path / "whole", a=header + "d.txt,,15,18,NAME\n")
    assert read_annotated(texts, whole, ["NAME"], None).mentions == [[Mention(15, 18, "NAME")]]
    for row, told in (
        ("d.txt,0,9,3,NAME", "must be greater"),
        ("d.txt,0,x,3,NAME", "not a whole number"),
        ("d.txt,0,0,300,NAME", "ends at 300"),
        ("e.txt,0,0,3,NAME", "e.txt, line 0, which is not there"),
    ):
        wrong = folder(tmp_path / told, a=f"{header}{row}\n")
        with pytest.raises(Unlearnable, match=told):
            read_annotated(texts, wrong, ["NAME"], "ONE_DOC_PER_LINE")
    with pytest.raises(Unlearnable, match="must name the columns"):
        read_annotated(texts, folder(tmp_path / "no", a="d.txt,0,0,3,NAME\n"), ["NAME"], None)


def test_names_of_a_list_mark_the_documents(tmp_path: Path) -> None:
    texts = tmp_path / "texts"
    texts.mkdir()
    (texts / "d.txt").write_text("The Hydrojet 321 runs.\nNothing.\n")
    names = read_list(folder(tmp_path / "list", a="Text,Type\nHydrojet 321,MACHINE\nBolt,PART\n"), ["MACHINE"])
    found = read_listed(texts, EntityList.of(names, "en"), "en", None)
    assert found.mentions == [[Mention(4, 16, "MACHINE")], []]
    with pytest.raises(Unlearnable, match="no name of the types"):
        read_list(tmp_path / "list", ["CITY"])


def test_entities_of_a_manifest_must_lie_in_their_text(tmp_path: Path) -> None:
    entity = {"startOffset": 0, "endOffset": 3, "label": "NAME"}
    line = {"source": "Ana", "job": {"annotations": {"entities": [entity]}}}
    (tmp_path / "m").write_text(json.dumps(line))
    assert read_entity_manifest(tmp_path, ["job"], ["NAME"]).mentions == [[Mention(0, 3, "NAME")]]
    (tmp_path / "m").write_text(json.dumps({**line, "source": "An"}))
    with pytest.raises(Unlearnable, match="does not lie in its text"):
        read_entity_manifest(tmp_path, ["job"], ["NAME"])


def test_examples_of_flywheels_come_back_as_they_were(tmp_path: Path) -> None:
    examples = Examples(["a\nb", "ü😀"], [["A"], ["B", "C"]])
    write_classified(tmp_path / FILE, examples)
    assert read_classified([tmp_path, tmp_path]).texts == examples.texts * 2
    annotated = Annotated(["Ana"], [[Mention(0, 3, "NAME")]])
    write_annotated(tmp_path / FILE, annotated)
    assert read_stored([tmp_path]) == annotated


def test_redaction_covers_places_that_overlap_once() -> None:
    text = "Call Ana Bo at 555-0182 😀 now"
    found = [
        {"type": "NAME", "begin": 5, "end": 11},
        {"type": "NAME", "begin": 9, "end": 11},
        {"type": "PHONE", "begin": 15, "end": 23},
    ]
    assert redacted(text, found, ["ALL"], "*") == "Call ****** at ******** 😀 now"
    assert redacted(text, found, ["ALL"], "") == "Call [NAME] at [PHONE] 😀 now"
    assert redacted(text, found, ["PHONE"], "#") == "Call Ana Bo at ######## 😀 now"
    assert redacted(text, [], ["ALL"], "#") == text
