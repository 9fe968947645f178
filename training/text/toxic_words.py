"""Which kinds of toxicity the words of a toxic text show: labels for what no licensed set labels."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Sequence
from pathlib import Path

_THREATS = re.compile(
    r"\b(kill|shoot|shot|stab|beat (you|him|her|them|your)|murder|hang|lynch|burn (you|them|him)|slap|punch|choke|"
    r"strangle|bomb|execute|smash (you|your|his|her)|break (your|his|her)|exterminate|slaughter)\w*\b",
    re.IGNORECASE,
)
_SECOND_PERSON = re.compile(r"\b(you|your|you're|youre|yourself|u|ur|ya)\b|@user", re.IGNORECASE)
_OFTEN_HARMLESS = """
69 crow swine mushroom bondage god damn goddamn crap screw sucks suck fat queen queer gay lesbian jew jews black sex
oral virgin strip cherry beaver snatch hole balls ball nuts tool rod knob bang blow fairy fruit butt fanny hell damn
trash colored redneck cracker bird birds yellow mong dolt scut
"""
"""Terms of the list that most texts use without any offence."""
_NOT_SEXUAL = re.compile(r"fuc?k|\bass|arse|motherf|bastard|suck", re.IGNORECASE)


class ToxicWords:
    """Terms by kind, from the lists of Surge AI (MIT).

    Args:
        folder: holds profanity_en.csv.
    """

    def __init__(self, folder: Path) -> None:
        harmless = set(_OFTEN_HARMLESS.split())
        profane: set[str] = set()
        slurs: set[str] = set()
        sexual: set[str] = set()
        with (folder / "profanity_en.csv").open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                term = row["text"].lower()
                if term in harmless or len(term) < 3:
                    continue
                kind, severity = row["category_1"], float(row["severity_rating"])
                if kind.startswith(("racial", "sexual orientation")):
                    (slurs if severity >= 2 else profane).add(term)
                elif kind.startswith(("sexual anatomy", "bodily")):
                    profane.add(term)
                    if kind.startswith("sexual anatomy") and not _NOT_SEXUAL.search(row["canonical_form_1"] or term):
                        sexual.add(term)
                elif severity >= 1.4:
                    profane.add(term)
        self._profane, self._slurs, self._sexual = (_any_of(words) for words in (profane | slurs, slurs, sexual))

    def profane(self, text: str) -> bool:
        """Says whether the text holds a listed term."""
        return self._profane.search(text) is not None

    def labels(
        self,
        text: str,
        *,
        toxic: bool,
        hateful: bool = False,
        hate_known: bool = False,
        pieces: Sequence[str] | None = None,
    ) -> tuple[float, ...]:
        """Returns 0, 1 or nan for each of `opinion_sets.TOXICITIES`.

        Args:
            text: what is labelled.
            toxic: whether people found it toxic.
            hateful: whether people found it hateful.
            hate_known: whether people were asked that.
            pieces: the parts people found toxic, where they were asked for them.
        """
        profane = float(self.profane(text))
        if not toxic:
            return (0.0, profane, 0.0, 0.0, 0.0, 0.0, math.nan if profane else 0.0, 0.0)
        slur = self._slurs.search(text) is not None
        hate = 1.0 if hateful or slur else (0.0 if hate_known else math.nan)
        insult = math.nan
        if pieces is not None and any(not self.profane(piece) and not _THREATS.search(piece) for piece in pieces):
            insult = 1.0
        to_you = insult == 1.0 and _SECOND_PERSON.search(text) is not None
        threat = _THREATS.search(text) is not None
        sexual = self._sexual.search(text) is not None
        return (
            1.0,
            profane,
            hate,
            insult,
            math.nan if threat else 0.0,
            1.0 if to_you else math.nan,
            1.0 if sexual else (math.nan if profane else 0.0),
            1.0 if threat else 0.0,
        )


def _any_of(terms: set[str]) -> re.Pattern[str]:
    ordered = sorted(terms, key=len, reverse=True)
    return re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, ordered)) + r")(?!\w)", re.IGNORECASE)
