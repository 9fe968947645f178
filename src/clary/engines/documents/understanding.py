"""What is understood of a page that was read: tables, fields, layout, signatures, answers.

Words are named by their position in `list(page.words)`, so that whoever holds the page can tell a table's words from
its text's. All boxes are ratios of the upright page, confidences are 0 to 1. `plain_values` turns everything into what
an engine host can carry and back.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from clary.engines.documents.contract import Box


@dataclass(frozen=True, slots=True)
class Passage:
    """Some words of a page.

    Attributes:
        text: the words in the order of reading, one space between two.
        box: around them.
        confidence: that this is what it is said to be, reading errors included.
        words: positions in the page's words; may be empty where a text was computed (a check box, a normalised value).
    """

    text: str
    box: Box
    confidence: float
    words: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class SelectionElement:
    """A check box, a radio button or an encircled letter.

    Attributes:
        selected: whether it bears a mark.
    """

    box: Box
    selected: bool
    confidence: float


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table.

    Attributes:
        row: of its upper left corner, from 1.
        column: likewise.
        row_span: rows it covers; more than 1 for a merged cell.
        column_span: columns it covers.
        box: from ruling line to ruling line, or around the space the column and row take.
        words: positions in the page's words.
        selections: positions in the page's selection elements.
        header: belongs to the heads of the columns.
        title: a row that names the table or a section of it across all columns.
        summary: belongs to a row or column of totals.
    """

    row: int
    column: int
    row_span: int
    column_span: int
    box: Box
    text: str
    confidence: float
    words: tuple[int, ...] = ()
    selections: tuple[int, ...] = ()
    header: bool = False
    title: bool = False
    summary: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table.

    Attributes:
        rows: how many.
        columns: how many.
        cells: by row, then column; every place of the grid is covered by exactly one cell.
        bordered: ruling lines stand between its cells.
        structured: it has heads over its columns; otherwise it is a list of names and values side by side.
        titles: what stands above it and names it.
        footers: notes below it.
    """

    box: Box
    rows: int
    columns: int
    cells: tuple[Cell, ...]
    confidence: float
    bordered: bool = False
    structured: bool = True
    titles: tuple[Passage, ...] = ()
    footers: tuple[Passage, ...] = ()


@dataclass(frozen=True, slots=True)
class KeyValue:
    """A field of a form: its name and what was filled in.

    Attributes:
        key: the printed name.
        value: what was filled in; None where nothing was.
        selection: position of the selection element that is the value; None where the value is text or nothing.
        confidence: that the two belong together.
    """

    key: Passage
    value: Passage | None
    confidence: float
    selection: int | None = None


class LayoutKind(StrEnum):
    """What a part of a page is to its reader."""

    TITLE = "title"
    HEADER = "header"
    FOOTER = "footer"
    SECTION_HEADER = "section-header"
    PAGE_NUMBER = "page-number"
    LIST = "list"
    FIGURE = "figure"
    TABLE = "table"
    KEY_VALUE = "key-value"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class LayoutPart:
    """A part of a page.

    Attributes:
        lines: positions in the page's lines, in the order of reading; empty for a figure.
        children: of a list, its items.
    """

    kind: LayoutKind
    box: Box
    confidence: float
    lines: tuple[int, ...] = ()
    children: tuple[LayoutPart, ...] = ()


@dataclass(frozen=True, slots=True)
class Signature:
    """A handwritten name, or the mark in its place."""

    box: Box
    confidence: float


@dataclass(frozen=True, slots=True)
class Question:
    """A question about a page in natural language.

    Attributes:
        alias: the name the asker gave it.
    """

    text: str
    alias: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a page answers to a question.

    Attributes:
        question: position among the questions that were asked.
        passage: where it stands; its text is the answer.
    """

    question: int
    passage: Passage


@dataclass(frozen=True, slots=True)
class Understanding:
    """What is understood of one page; what was not asked for is empty.

    Attributes:
        page: the page's number.
        layout: in the order of reading.
        answers: at most one for each question; a question without an answer has none.
    """

    page: int
    selections: tuple[SelectionElement, ...] = ()
    key_values: tuple[KeyValue, ...] = ()
    tables: tuple[Table, ...] = ()
    layout: tuple[LayoutPart, ...] = ()
    signatures: tuple[Signature, ...] = ()
    answers: tuple[Answer, ...] = ()
