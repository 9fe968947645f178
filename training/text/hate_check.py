"""HateCheck's English sentences (Röttger et al. 2021, CC BY 4.0), parted so that no template is on both sides.

The suite is one file, made of templates that are filled with groups of people and spelled in several ways, and it has
no training part. One half of its templates is learned from, the other half only measured.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

from training.text.opinion_sets import TOXICITIES, Example, rows
from training.text.toxic_words import ToxicWords

SOURCE = "hate-check"
"""What examples of it have as their source."""
_SUITE = Path("text/tox_hatecheck/test_en.jsonl")
_ALIKE = 0.8
"""Texts that share so much of their letters are of one template."""
_SHORTEST_QUOTED = 10
_FIGURES = str.maketrans("013457@$", "oieastas")
_SPACED = re.compile(r"\b(?:\w ){2,}\w\b")
_FILLED_IN = re.compile(
    r"\b(women|woman|womens|females?|blacks?|muslims?|gays?|trans|disabled|immigrants?|people|persons?|these|those|all|"
    r"every|no|any|the|an?|that|this|are|is|s)\b"
)
_THREATS = frozenset({"threat_dir_h", "threat_norm_h"})
_INSULTS = frozenset({"derog_neg_attrib_h", "derog_dehum_h", "slur_h"})
_NOT_ASKED = frozenset({"profanity_nh", "target_indiv_nh", "target_group_nh"})
"""Functionalities without hate of which the suite does not say whether they are toxic: most abuse somebody."""


@dataclass(frozen=True, slots=True)
class Case:
    """A sentence of the suite.

    Attributes:
        text: the sentence.
        hateful: whether it is hate speech.
        functionality: what it tests, as the suite calls it.
    """

    text: str
    hateful: bool
    functionality: str


def halves(data: Path) -> tuple[list[Case], list[Case]]:
    """Returns the half to learn from and the half to measure on.

    Sentences belong together when they are alike without the groups of people they name, whatever their spelling, and
    when one quotes the other. Each functionality is parted about evenly.
    """
    cases = [Case(row["text"], row["label"] == "hateful", row["functionality"]) for row in rows(data / _SUITE)]
    groups: dict[str, list[Case]] = {}
    template = _templates(sorted({_bare(case.text) for case in cases}))
    for case in cases:
        groups.setdefault(template[_bare(case.text)], []).append(case)
    learned: list[Case] = []
    held: list[Case] = []
    balance: Counter[str] = Counter()
    for _, group in sorted(groups.items(), key=lambda item: (-len(item[1]), item[0])):
        lead = sum(balance[case.functionality] for case in group)
        (held if lead > 0 else learned).extend(group)
        for case in group:
            balance[case.functionality] += -1 if lead > 0 else 1
    return learned, held


def examples(cases: list[Case], words: ToxicWords) -> list[Example]:
    """Labels sentences: hate speech as the suite says, the rest where that follows from what a sentence tests."""
    found = []
    for case in cases:
        labels = dict(zip(TOXICITIES, words.labels(case.text, toxic=case.hateful), strict=True))
        labels["hate_speech"] = float(case.hateful)
        if case.hateful:
            labels["insult"] = 1.0 if case.functionality in _INSULTS else math.nan
            labels["violence_or_threat"] = 1.0 if case.functionality in _THREATS else math.nan
        elif case.functionality in _NOT_ASKED:
            labels |= dict.fromkeys(("toxic", "insult", "harassment_or_abuse", "violence_or_threat"), math.nan)
        found.append(Example(case.text, SOURCE, None, tuple(labels.values())))
    return found


def _bare(text: str) -> str:
    """Returns the letters of a template: without the groups, leet figures and spaces it may be filled with."""
    text = _SPACED.sub(lambda found: found[0].replace(" ", ""), text.lower().translate(_FIGURES))
    return re.sub(r"[^a-z]+", "", _FILLED_IN.sub(" ", text))


def _templates(bare: list[str]) -> dict[str, str]:
    """Returns for each text one that stands for all that are of its template."""
    first = {text: text for text in bare}

    def standing_for(text: str) -> str:
        while first[text] != text:
            text = first[text]
        return text

    for number, one in enumerate(bare):
        for other in bare[number + 1 :]:
            if _quotes(one, other) or _alike(one, other):
                first[standing_for(other)] = standing_for(one)
    return {text: standing_for(text) for text in bare}


def _quotes(one: str, other: str) -> bool:
    shorter, longer = sorted((one, other), key=len)
    length = max(math.ceil(_ALIKE * len(shorter)), _SHORTEST_QUOTED)
    return any(shorter[begin : begin + length] in longer for begin in range(len(shorter) - length + 1))


def _alike(one: str, other: str) -> bool:
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    return matcher.real_quick_ratio() >= _ALIKE and matcher.quick_ratio() >= _ALIKE and matcher.ratio() >= _ALIKE
