"""Texts are cut into windows of bounded length whose offsets are characters of the text."""

from __future__ import annotations

from clary.engines.text.pieces import END, START, Window, WordPieces, batches, like_lengths

PIECES = WordPieces.load()


def test_every_text_has_a_window_even_an_empty_one() -> None:
    windows = PIECES.windows(["", "one two"])
    assert [window.text for window in windows] == [0, 1]
    assert windows[0].pieces == [START, END]


def test_offsets_count_characters_not_bytes() -> None:
    text = "😀😀 naïve café 食べ物 house"
    (window,) = PIECES.windows([text])
    assert [text[begin:end] for begin, end in window.offsets if begin < end][-1] == "house"


def test_windows_of_a_long_text_cover_it_and_keep_to_the_longest() -> None:
    text = " ".join(f"word{number}" for number in range(1000))
    windows = PIECES.windows([text], longest=50)
    assert max(len(window.pieces) for window in windows) <= 50
    covered = [offset for window in windows for offset in window.offsets[1:-1]]
    assert covered == sorted(covered)
    assert covered[0][0] == 0
    assert covered[-1][1] == len(text)


def test_half_of_a_surrogate_pair_does_not_move_offsets() -> None:
    text = "bad \ud83d here"
    (window,) = PIECES.windows([text])
    assert text[slice(*window.offsets[-2])] == "here"


def test_batches_hold_every_window_once_and_no_more_pieces_than_allowed() -> None:
    windows = [Window(number, [START, *[7] * (number % 40), END], []) for number in range(100)]
    seen = []
    for batch in batches(windows, pieces=256):
        assert batch.pieces.size <= 256
        assert batch.mask.sum() == sum(len(windows[number].pieces) for number in batch.windows)
        seen += batch.windows
    assert sorted(seen) == list(range(100))


def test_a_window_longer_than_a_batch_stands_alone() -> None:
    windows = [Window(0, [START, *[7] * 300, END], []), Window(1, [START, END], [])]
    assert sorted(len(batch.windows) for batch in batches(windows, pieces=64)) == [1, 1]


def test_short_windows_are_not_padded_to_the_length_of_long_ones() -> None:
    lengths = [240, 20, 21, 20, 60, 22, 61, 19]
    groups = like_lengths(lengths)
    assert sorted(place for group in groups for place in group) == list(range(len(lengths)))
    assert [sorted(lengths[place] for place in group) for group in groups] == [[19, 20, 20, 21, 22], [60, 61], [240]]


def test_nothing_makes_no_group() -> None:
    assert like_lengths([]) == []
