"""The labelled papers that a version of an adapter learns from, as a manifest in S3 names them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from clary.core.call import Call
from clary.core.errors import ServiceError
from clary.services.textract.adapters.adapter_states import EXAMPLES
from clary.services.textract.errors import InvalidParameterException
from clary.services.textract.sources import Sources
from clary.storage.data_access import parse_uri

TRAIN, TEST = "train", "test"
FEWEST = {TRAIN: 5, TEST: 5}
MOST = {TRAIN: 2500, TEST: 1000}
_MOST_MANIFEST_BYTES = 50 << 20
_MOST_ANNOTATION_BYTES = 10 << 20
_MANIFEST = "DatasetConfig.ManifestS3Object"
_HALVED_BELOW = 20  # AWS's advice: equal parts below 20 papers, 70 % for learning from there on
_LEARNING_SHARE = 0.7


@dataclass(frozen=True, slots=True)
class LabelledAnswer:
    """A question about a paper with its answer, "" where the paper has none.

    Attributes:
        box: left, top, right and bottom as ratios of the page, where the annotation tells it.
    """

    question: str
    text: str
    alias: str = ""
    box: tuple[float, float, float, float] | None = None


@dataclass(frozen=True, slots=True)
class LabelledPaper:
    """A paper of one page.

    Attributes:
        file: its name in the version's folder.
        use: TRAIN or TEST.
    """

    file: str
    use: str
    answers: tuple[LabelledAnswer, ...]


def fetch(call: Call, sources: Sources, manifest: Mapping[str, str], place: Path) -> list[LabelledPaper]:
    """Copies all that a manifest names into a version's folder.

    Args:
        manifest: an S3Object: JSON lines with "source-ref" (a paper), "annotations-ref" (its QUERY and QUERY_RESULT
            blocks; or "annotations", the blocks themselves) and, on all lines or on none, "use" ("train" or "test").
        place: an empty folder.

    Raises:
        InvalidParameterException: the manifest or an annotation breaks a rule, or there are too few or many papers.
        InvalidS3ObjectException: something is not there, or the caller may not read it.
        DocumentTooLargeException: something is too large.
        UnsupportedDocumentException: a paper is of no format that is read.
    """
    text = sources.read(call, manifest, _MOST_MANIFEST_BYTES, _MANIFEST)
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) > sum(MOST.values()):
        raise InvalidParameterException(rule=f"{_MANIFEST} has {len(lines)} lines, more than {sum(MOST.values())}.")
    entries = [_entry(line, number) for number, line in enumerate(lines, 1)]
    uses = _uses(entries)
    papers = []
    for number, (entry, use) in enumerate(zip(entries, uses, strict=True), 1):
        name = f"paper-{number}"
        sources.stage(call, _place(entry.get("source-ref"), number), place / name, f"{_MANIFEST}, line {number}")
        blocks = entry.get("annotations")
        if blocks is None:
            annotation = _place(entry.get("annotations-ref"), number)
            blocks = _json(sources.read(call, annotation, _MOST_ANNOTATION_BYTES, _MANIFEST), number)
        papers.append(LabelledPaper(name, use, labelled_answers(blocks, number)))
    (place / EXAMPLES).write_text(json.dumps([asdict(paper) for paper in papers]), encoding="utf-8")
    return papers


def read_examples(place: Path) -> list[LabelledPaper]:
    """What `fetch` wrote into a version's folder."""
    found = json.loads((place / EXAMPLES).read_text(encoding="utf-8"))
    return [
        LabelledPaper(
            paper["file"],
            paper["use"],
            tuple(
                LabelledAnswer(
                    answer["question"], answer["text"], answer["alias"], tuple(answer["box"]) if answer["box"] else None
                )
                for answer in paper["answers"]
            ),
        )
        for paper in found
    ]


def labelled_answers(annotation: Any, line: int) -> tuple[LabelledAnswer, ...]:
    """The questions and answers in QUERY and QUERY_RESULT blocks.

    Args:
        annotation: {"Blocks": [...]} or the blocks.
        line: of the manifest, for what is told of mistakes.

    Raises:
        InvalidParameterException: there are no QUERY blocks, or they are not as AWS's.
    """
    try:
        blocks = annotation["Blocks"] if isinstance(annotation, Mapping) else annotation
        results = {block["Id"]: block for block in blocks if block["BlockType"] == "QUERY_RESULT"}
        answers = [
            _answer(block, results) for block in blocks if block["BlockType"] == "QUERY" and block["Query"]["Text"]
        ]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InvalidParameterException(
            rule=f"{_MANIFEST}, line {line}: the annotation does not hold QUERY and QUERY_RESULT blocks as Textract's."
        ) from error
    if not answers:
        raise InvalidParameterException(rule=f"{_MANIFEST}, line {line}: the annotation holds no QUERY block.")
    return tuple(answers)


def _answer(query: Mapping[str, Any], results: Mapping[str, Mapping[str, Any]]) -> LabelledAnswer:
    related = query.get("Relationships") or []
    named = [identifier for relation in related if relation["Type"] == "ANSWER" for identifier in relation["Ids"]]
    found = next((results[identifier] for identifier in named if identifier in results), None)
    question, alias = str(query["Query"]["Text"]), str(query["Query"].get("Alias") or "")
    if found is None:
        return LabelledAnswer(question, "", alias)
    box = (found.get("Geometry") or {}).get("BoundingBox")
    edges = None
    if box is not None:
        left, top = float(box["Left"]), float(box["Top"])
        edges = (left, top, left + float(box["Width"]), top + float(box["Height"]))
    return LabelledAnswer(question, str(found.get("Text") or ""), alias, edges)


def _entry(line: bytes, number: int) -> dict[str, Any]:
    entry = _json(line, number)
    if not isinstance(entry, dict):
        raise InvalidParameterException(rule=f"{_MANIFEST}, line {number}: it is not a JSON object.")
    return entry


def _json(text: bytes, number: int) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidParameterException(rule=f"{_MANIFEST}, line {number}: it is not JSON: {error}.") from error


def _place(uri: Any, number: int) -> dict[str, str]:
    try:
        bucket, key = parse_uri(str(uri or ""))
    except ServiceError:
        bucket = key = ""
    if not key:
        raise InvalidParameterException(
            rule=f"{_MANIFEST}, line {number}: source-ref and annotations-ref must look like s3://BUCKET/KEY."
        )
    return {"Bucket": bucket, "Name": key}


def _uses(entries: list[dict[str, Any]]) -> list[str]:
    """What each paper is for; where the manifest does not say, the later ones test what was learned."""
    told = [entry.get("use") for entry in entries]
    if all(use is None for use in told):
        share = 0.5 if len(entries) < _HALVED_BELOW else _LEARNING_SHARE
        learning = round(len(entries) * share)
        uses = [TRAIN] * learning + [TEST] * (len(entries) - learning)
    else:
        uses = [str(use) for use in told]
    for number, use in enumerate(uses, 1):
        if use not in (TRAIN, TEST):
            raise InvalidParameterException(rule=f'{_MANIFEST}, line {number}: "use" must be "train" or "test".')
    for use in (TRAIN, TEST):
        if not FEWEST[use] <= uses.count(use) <= MOST[use]:
            raise InvalidParameterException(
                rule=f"{_MANIFEST} names {uses.count(use)} papers to {use}; "
                f"there must be {FEWEST[use]} to {MOST[use]} of them."
            )
    return uses
