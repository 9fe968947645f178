"""The lexicon of German forms as the recipe of the taggers reads it."""

import json
from pathlib import Path

from training.text import german_forms


def test_forms_go_to_the_list_of_their_part_of_speech(tmp_path: Path) -> None:
    cases = {"NOM": {"SIN": "Haus", "PLU": "Häuser"}, "GEN": {"SIN": ["Hauses", "Haus"]}, "AKK": None, "G": "N"}
    nehmen = {
        "hasPrefix": True,
        "INF": "mitnehmen",
        "PA1": "mitnehmend",
        "PA2": ["mitgenommen"],
        "PRÄ": {"S": {"1": ["nehme", "mit"], "3": ["nimmt", "mit"]}},
        "EIZ": "mitzunehmen",
    }
    tables = {"words": {"Haus": cases}, "adjectives": {"alt": {"NOM": {"DEF": {"M": "alte"}}}}, "verbs": {"x": nehmen}}
    for name, table in tables.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(table), encoding="utf-8")
    nouns, finite, infinitives, participles, adjectives = german_forms.read(tmp_path)
    assert nouns == {"Haus", "Häuser", "Hauses"}
    assert finite == {"nehme", "nimmt", "mitnehme", "mitnimmt"}
    assert infinitives == {"x", "mitnehmen", "mitzunehmen"}
    assert participles == {"mitgenommen"}
    assert adjectives == {"alt", "alte", "mitnehmend"}
