import numpy as np

from clary.engines.text.labels import Span, best_labels, spans

LABELS = ("O", "B-X", "I-X", "B-Y", "I-Y")


def probabilities(*rows: list[float]) -> np.ndarray:
    return np.array(rows, np.float32)


def test_a_continuation_without_a_beginning_is_never_chosen() -> None:
    one = probabilities([0.1, 0.3, 0.6, 0, 0], [0.1, 0.2, 0.7, 0, 0], [0.1, 0.1, 0.2, 0.0, 0.6])
    (path,) = best_labels(one[None], LABELS, [3])
    assert [LABELS[number] for number in path] == ["B-X", "I-X", "I-X"]


def test_rows_of_different_lengths_are_read_to_their_own_ends() -> None:
    rows = np.zeros((2, 3, 5), np.float32)
    rows[:, :, 0] = 1
    rows[1, 0] = [0, 1, 0, 0, 0]
    assert best_labels(rows, LABELS, [1, 3]) == [[0], [1, 0, 0]]


def test_neighbouring_spans_of_one_type_stay_apart_and_scores_are_means() -> None:
    rows = probabilities([0, 0.8, 0, 0, 0], [0, 0, 0.6, 0, 0], [0, 0.5, 0, 0, 0], [1, 0, 0, 0, 0])
    found = spans([1, 2, 1, 0], rows, LABELS, first=10)
    assert [(span.begin, span.end, span.type) for span in found] == [(10, 12, "X"), (12, 13, "X")]
    assert abs(found[0].score - 0.7) < 1e-6
    assert found[1] == Span(12, 13, "X", 0.5)


def test_no_words_have_no_spans() -> None:
    assert spans([], np.zeros((0, 5), np.float32), LABELS) == []
