"""Words become lines, and lines stand in the order of reading."""

from __future__ import annotations

from clary.engines.documents.contract import Box, Word
from clary.engines.documents.lines import lines_of

WIDTH, HEIGHT = 600.0, 800.0


def row(text: str, left: float, top: float, letter: float = 7.0, tall: float = 12.0, slant: float = 0.0) -> list[Word]:
    """The words of a line that begins at (left, top); all in the page's units, `slant` as rise over run downwards."""
    words = []
    for word in text.split():
        right = left + letter * len(word)
        down = top + slant * left
        words.append(Word(word, Box(left / WIDTH, down / HEIGHT, right / WIDTH, (down + tall) / HEIGHT), 1.0))
        left = right + letter
    return words


def read(words: list[Word], slant_degrees: float = 0.0) -> list[str]:
    return [line.text for line in lines_of(words[::-1], WIDTH, HEIGHT, slant_degrees)]


def test_words_side_by_side_are_a_line() -> None:
    assert read([*row("second row", 50, 130), *row("first row", 50, 100)]) == ["first row", "second row"]


def test_a_wide_gap_begins_another_line_of_the_same_row() -> None:
    assert read([*row("Invoice", 50, 100), *row("No. 12", 400, 100)]) == ["Invoice", "No. 12"]


def test_neighbours_that_were_found_apart_are_not_mixed_up() -> None:
    number, status = row("Security Number: 987-65", 50, 100, tall=14), row("Marital Status: Married", 54, 106, tall=14)
    cell, beside = row("Description", 50, 140), row("Type", 141, 140)
    hyphen = row("goes", 50, 170), row("on", 83, 170)
    parts = [number, status, cell, beside, *hyphen]
    words = [word for part in parts for word in part]
    stretches = [at for at, part in enumerate(parts) for _ in part]
    mixed = [line.text for line in lines_of(words, WIDTH, HEIGHT)]
    assert "Security Number: 987-65" not in mixed
    assert "Description Type" in mixed
    apart = [line.text for line in lines_of(words, WIDTH, HEIGHT, 0.0, stretches)]
    assert apart == ["Security Number: 987-65", "Marital Status: Married", "Description", "Type", "goes on"]


def test_low_marks_stand_in_the_line_of_their_letters() -> None:
    comma = Word("-", Box(100 / WIDTH, 106 / HEIGHT, 106 / WIDTH, 108 / HEIGHT), 1.0)
    assert read([*row("before", 50, 100), comma, *row("after", 112, 100)]) == ["before - after"]


def test_columns_of_prose_are_read_one_after_the_other() -> None:
    words = row("A heading over both of the columns", 180, 40)
    for at in range(6):
        words += row(f"left column line number {at}", 40, 100 + 20 * at)
        words += row(f"right column line number {at}", 330, 100 + 20 * at)
    found = read(words)
    assert found[0].startswith("A heading")
    assert found[1:7] == [f"left column line number {at}" for at in range(6)]
    assert found[7:] == [f"right column line number {at}" for at in range(6)]


def test_tables_are_read_row_by_row() -> None:
    words = []
    for at in range(6):
        words += [*row(f"item{at}", 40, 100 + 20 * at), *row(f"{at}.00", 300, 100 + 20 * at)]
        words += row(f"{at}.50", 450, 100 + 20 * at)
    assert read(words) == [text for at in range(6) for text in (f"item{at}", f"{at}.00", f"{at}.50")]


def test_lines_that_fall_to_the_right_are_not_mixed_up() -> None:
    words = []
    for at in range(5):
        words += row(f"line {at} runs across the whole width of a page that was scanned askew", 30, 100 + 16 * at,
                     slant=0.05)  # fmt: skip
    found = read(words, 2.86)
    assert [len(line.split()) for line in found] == [14] * 5
    assert [line[:6] for line in found] == [f"line {at}" for at in range(5)]


def test_words_that_run_up_the_page_are_lines_of_their_own() -> None:
    def upwards(text: str, bottom: float) -> Word:
        box = Box(0.02, (bottom - 60) / HEIGHT, 0.04, bottom / HEIGHT)
        (left, top), (right, _), (_, low), _ = box.corners
        return Word(text, box, 1.0, ((left, low), (left, top), (right, top), (right, low)))

    words = [*row("upright text", 100, 400), upwards("page", 500), upwards("edge", 432)]
    lines = lines_of(words, WIDTH, HEIGHT)
    assert [line.text for line in lines] == ["upright text", "page edge"]
    assert lines[1].outline[0][1] > lines[1].outline[1][1]
