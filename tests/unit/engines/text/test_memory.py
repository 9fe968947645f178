"""What was found out about a text is kept for the next question, within bounds."""

from __future__ import annotations

from clary.engines.text.memory import Memory


def test_what_was_kept_is_known_and_nothing_else() -> None:
    memory: Memory[int] = Memory()
    memory.keep({"one": 1, "two": 2})
    assert memory.of(["two", "three", "one"]) == {"two": 2, "one": 1}


def test_the_oldest_texts_are_forgotten_when_there_are_too_many() -> None:
    memory: Memory[int] = Memory(texts=2)
    for number, text in enumerate(("a", "b", "c")):
        memory.keep({text: number})
    assert memory.of(["a", "b", "c"]) == {"b": 1, "c": 2}


def test_the_characters_that_are_kept_are_bounded() -> None:
    memory: Memory[int] = Memory(characters=40)
    for number in range(10):
        memory.keep({f"ten chars{number}": number})
    assert sorted(memory.of([f"ten chars{number}" for number in range(10)]).values()) == [6, 7, 8, 9]


def test_a_text_that_would_push_out_most_others_is_not_kept() -> None:
    memory: Memory[int] = Memory(characters=40)
    memory.keep({"short": 1, "much longer than ten": 2})
    assert memory.of(["short", "much longer than ten"]) == {"short": 1}


def test_keeping_a_text_twice_counts_it_once() -> None:
    memory: Memory[int] = Memory(characters=40)
    for _ in range(9):
        memory.keep({"ten chars.": 1})
    memory.keep({"another 10": 2})
    assert set(memory.of(["ten chars.", "another 10"])) == {"ten chars.", "another 10"}
