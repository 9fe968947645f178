"""Sentences of our own on what makes hate speech hate: who is meant, what is said, whether it is denied or only quoted.

A statement is hateful when it is bad for a protected group and affirmed, or good and denied. The same statements are
quoted and condemned (not hateful), and are said of trades, persons and things (abuse: nobody protected is meant).
"""

from __future__ import annotations

import csv
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from training.text import hate_words as words

Labels = dict[str, int | None]
_HATEFUL: Labels = {
    "toxic": 1, "hate_speech": 1, "insult": None, "harassment_or_abuse": None, "violence_or_threat": None,
    "profanity": None,
}  # fmt: skip
_ABUSE: Labels = {**_HATEFUL, "toxic": None, "hate_speech": 0}
_QUOTED: Labels = {"profanity": None}
_NOTHING: Labels = {}


def _split(content: str, mark: str) -> list[str]:
    return [part.strip() for line in content.strip().splitlines() for part in line.split(mark) if part.strip()]


def _hyphened(content: str) -> list[str]:
    return [word.replace("-", " ") for word in content.split()]


_PLURALS, _MEMBERS, _ADJECTIVES = ([_split(family[part], ",") for family in words.FAMILIES] for part in range(3))
_TRADES, _TRADESMEN = _hyphened(words.TRADES), _hyphened(words.TRADESMEN)
_PERSONS = _hyphened(words.PERSONS)
_THINGS, _THING = _hyphened(words.THINGS), words.THING.split()
_BAD_PLURAL, _BAD_SINGULAR, _GOOD = (
    _split(content, ",") for content in (words.BAD_PLURAL, words.BAD_SINGULAR, words.GOOD)
)
_BAD_DEEDS, _GOOD_DEEDS = _split(words.BAD_DEEDS, ","), _split(words.GOOD_DEEDS, ",")
_BAD_DESERTS, _GOOD_DESERTS = _split(words.BAD_DESERTS, ","), _split(words.GOOD_DESERTS, ",")
_BAD_FEELINGS, _GOOD_FEELINGS = _split(words.BAD_FEELINGS, ","), _split(words.GOOD_FEELINGS, ",")
_VIOLENT = _split(words.VIOLENT, ",")
_SNEERS, _KINDLY, _OTHERWISE = (
    content.strip().splitlines() for content in (words.SNEERS, words.KINDLY, words.OTHER_SENSES)
)
_SAID, _COUNTERED, _REFERRED = (_split(content, "|") for content in (words.SAID, words.COUNTERED, words.REFERRED))
_NEUTRALLY = _split(words.NEUTRALLY, "|")
_PROUDLY, _NAMED, _ABUSED = (_split(content, "|") for content in (words.PROUD, words.NAMED, words.ABUSED))
_ALL = ("", "", "", "", "all ", "these ", "those ", "most ", "you ", "all those ", "so many ")
_EACH = ("a {}", "a {}", "every {}", "this {}", "that {}", "any {}", "the {} next door")
_STRONGLY = ("", "", "", "", "", "just ", "so ", "nothing but ", "all ", "fucking ", "really ", "always ", "simply ")
_DOING = (
    "we should", "I will", "someone should", "time to", "I'd gladly", "let's", "I'm going to", "it is right to",
    "I can't wait to", "it's fine to", "somebody ought to",
)  # fmt: skip
_NOT_DOING = (
    "nobody may", "it is wrong to", "I would never", "you must not", "do not", "I don't want to",
)  # fmt: skip
_NOT_FEELING = (
    "I don't", "I do not", "I could never", "nobody should", "I will never", "you can't", "I have no reason to",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Meant:
    """Who a sentence is about: `many` and `one` are noun phrases without an article, `kind` an adjective."""

    many: str
    one: str
    kind: str


def slurs(data: Path) -> list[str]:
    """Returns what Surge AI's list (MIT) has of severe slurs whose plural it has too, so that they are nouns."""
    with (data / "text/tox_surge/profanity_en.csv").open(encoding="utf-8", newline="") as file:
        found = {
            row["text"].lower()
            for row in csv.DictReader(file)
            if row["category_1"].startswith(("racial", "sexual orientation", "mental"))
            and float(row["severity_rating"]) >= 1.8
        }
    nouns = (word for word in found if word.isalpha() and word + "s" in found)
    return [*sorted(nouns), "retard", "cripple", "tranny"]


class Author:
    """Writes sentences; `chance` decides which."""

    def __init__(self, chance: random.Random, slurs: list[str]) -> None:
        self._chance = chance
        self._slurs = slurs

    def _any(self, some: list[str] | tuple[str, ...]) -> str:
        return self._chance.choice(some)

    def protected(self, *, slurs: float) -> Meant:
        """Draws a protected group, a share of them by a slur."""
        if self._chance.random() < slurs:
            word = self._any(self._slurs)
            return Meant(word + "s", word, word)
        family = self._chance.randrange(words.MOST_MEANT if self._chance.random() < 0.7 else len(words.FAMILIES))
        return Meant(self._any(_PLURALS[family]), self._any(_MEMBERS[family]), self._any(_ADJECTIVES[family]))

    def unprotected(self) -> Meant:
        """Draws people of a trade or an opinion, or things."""
        if self._chance.random() < 0.7:
            return Meant(self._any(_TRADES), self._any(_TRADESMEN), "lazy")
        return Meant(self._any(_THINGS), self._any(_THING), "cheap")

    def rest(self, *, bad: bool) -> str:
        """Says something of several, without its subject ("are vermin"): bad or good for them."""
        denied = self._chance.random() < (0.2 if bad else 0.5)
        bad = bad != denied
        way = self._chance.randrange(4)
        if way == 0:
            how = "not " if denied else self._any(_STRONGLY)
            return f"are {how}{self._any(_BAD_PLURAL if bad else _GOOD)}"
        if way == 1:
            do = self._any(("do not ", "don't ", "never ")) if denied else ""
            return f"{do}deserve {self._any(_BAD_DESERTS if bad else _GOOD_DESERTS)}"
        deed = self._any(_BAD_DEEDS if bad else _GOOD_DEEDS)
        if denied:
            return f"{self._any(('should not', 'must not', 'cannot', 'need not', 'must never'))} {deed}"
        return f"{self._any(('should', 'must', 'ought to', 'need to', 'have to', 'had better'))} {deed}"

    def felt(self, whom: str, *, bad: bool) -> str:
        """Says what the writer feels about somebody or does to them."""
        denied = self._chance.random() < 0.3
        bad = bad != denied
        if bad and self._chance.random() < 0.45:
            return f"{self._any(_NOT_DOING if denied else _DOING)} {self._any(_VIOLENT)} {whom}"
        feel = self._any(_BAD_FEELINGS if bad else _GOOD_FEELINGS)
        if not denied:
            return f"I {self._any(('', '', 'really ', 'fucking ' if bad else 'so '))}{feel} {whom}"
        if feel.startswith(("can't", "am", "have")):
            feel = "hate"
        return f"{self._any(_NOT_FEELING)} {feel} {whom}"

    def statement(self, meant: Meant, *, bad: bool) -> str:
        """Says something bad or good of somebody, affirmed or denied."""
        way = self._chance.random()
        if way < 0.3:
            return f"{self._any(_ALL)}{meant.many} {self.rest(bad=bad)}"
        if way < 0.45:
            return self._of_one(self._any(_EACH).format(meant.one), bad=bad)
        if way < 0.7:
            several = self._chance.random() < 0.6
            whom = self._any(_ALL[:-3]) + meant.many if several else self._any(_EACH).format(meant.one)
            return self.felt(whom, bad=bad)
        if way < 0.85:
            return self.referred(meant, bad=bad)
        return self._any(_SNEERS if bad else _KINDLY).format(groups=meant.many, member=meant.one, adjective=meant.kind)

    def _of_one(self, whom: str, *, bad: bool) -> str:
        denied = self._chance.random() < (0.25 if bad else 0.5)
        bad = bad != denied
        way = self._chance.randrange(3)
        if way == 0:
            what = self._any(_BAD_SINGULAR if bad else _GOOD[:24]).replace("human beings", "a human being")
            return f"{whom} is {'not ' if denied else self._any(_STRONGLY[:-5])}{what}"
        if way == 1:
            deed = self._any(_BAD_DEEDS if bad else _GOOD_DEEDS)
            return f"{whom} {self._any(('should', 'must'))} {'not ' if denied else ''}{deed}"
        what = self._any(_BAD_DESERTS if bad else _GOOD_DESERTS)
        return f"{whom} {'does not deserve' if denied else 'deserves'} {what}"

    def referred(self, meant: Meant, *, bad: bool) -> str:
        """Names somebody first and says the bad or good of "them"."""
        return self._any(_REFERRED).format(
            groups=meant.many, member=meant.one, neutrally=self._any(_NEUTRALLY), rest=self.rest(bad=bad)
        )

    def hateful(self) -> str:
        """Writes hate speech."""
        return self._any(_SAID).format(clause=self.statement(self.protected(slurs=0.12), bad=True))

    def kind(self) -> str:
        """Writes of a protected group what is not hateful, however strong its words are."""
        return self._any(_SAID).format(clause=self.statement(self.protected(slurs=0.0), bad=False))

    def neutral(self) -> str:
        """Writes of a protected group plainly."""
        meant = self.protected(slurs=0.0)
        return self._any(_KINDLY).format(groups=meant.many, member=meant.one, adjective=meant.kind)

    def countered(self) -> str:
        """Quotes hate speech and condemns it."""
        return self._any(_COUNTERED).format(clause=self.statement(self.protected(slurs=0.08), bad=True))

    def abuse(self) -> str:
        """Says the same of people who are not protected, or of things."""
        bad = self._chance.random() < 0.8
        return self._any(_SAID).format(clause=self.statement(self.unprotected(), bad=bad))

    def insult(self) -> str:
        """Says the same to or of one person."""
        whom = self._any(_PERSONS)
        way = self._chance.randrange(4)
        if way == 0:
            clause = f"you {self.rest(bad=True)}"
        elif way == 1:
            clause = self._of_one(whom, bad=True)
        else:
            clause = self.felt(self._any(("you", whom, "him", "her", "that bastard")), bad=True)
        return self._any(_SAID).format(clause=clause)

    def otherwise(self) -> str:
        """Uses the words that name groups in other senses."""
        return self._any(_OTHERWISE)

    def proud(self) -> str:
        """Uses a slur of oneself and of friends."""
        return self._any(_PROUDLY).format(slur=self._any(self._slurs))

    def named(self) -> str:
        """Talks about a slur."""
        return self._any(_NAMED).format(slur=self._any(self._slurs))

    def abused(self) -> str:
        """Calls somebody by a slur."""
        return self._any(_ABUSED).format(slur=self._any(self._slurs))


_KINDS: tuple[tuple[Callable[[Author], str], Labels, float], ...] = (
    (Author.hateful, _HATEFUL, 0.36),
    (Author.kind, _NOTHING, 0.17),
    (Author.neutral, _NOTHING, 0.06),
    (Author.countered, _QUOTED, 0.16),
    (Author.abuse, _ABUSE, 0.09),
    (Author.insult, _ABUSE, 0.05),
    (Author.otherwise, _NOTHING, 0.01),
    (Author.proud, _ABUSE, 0.03),
    (Author.named, _QUOTED, 0.02),
    (Author.abused, _HATEFUL, 0.05),
)
"""Who writes, the kinds of toxicity that it shows (1) or may show (None), and its share of the sentences."""


def sentences(chance: random.Random, slurs: list[str], count: int) -> list[tuple[str, Labels]]:
    """Returns sentences with the kinds of toxicity they show (1) or may show (None); the others they do not show."""
    author = Author(chance, slurs)
    made: dict[str, Labels] = {}
    for write, labels, share in _KINDS:
        for _ in range(round(count * share)):
            text = write(author)
            if chance.random() < 0.6:
                text = text[:1].upper() + text[1:]
            if chance.random() < 0.6 and text[-1] not in "?!.":
                text += chance.choice(".....!")
            made[text] = labels
    return list(made.items())


def misspelled(text: str, chance: random.Random) -> str:
    """Spells one or two words of a sentence as people do who do not want a filter to find it."""
    for _ in range(chance.choice((1, 1, 2))):
        text = _one_misspelled(text, chance)
    return text


def _one_misspelled(text: str, chance: random.Random) -> str:
    spelled = text.split(" ")
    long = [number for number, word in enumerate(spelled) if sum(map(str.isalpha, word)) >= 4]
    if not long:
        return text
    number = chance.choice(long)
    word = spelled[number]
    place = chance.randrange(1, len(word) - 1)
    way = chance.randrange(6)
    if way == 0:
        spelled[number] = word[:place] + word[place + 1 :]
    elif way == 1:
        spelled[number] = word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    elif way == 2:
        spelled[number] = " ".join(word)
    elif way == 3 and number + 1 < len(spelled):
        spelled[number : number + 2] = [word + spelled[number + 1]]
    elif way == 4:
        spelled[number] = f"{word[:place]} {word[place:]}"
    else:
        letters = [letter for letter in "aeiost" if letter in word[1:]]
        for letter in chance.sample(letters, min(len(letters), chance.choice((1, 1, 2, 3)))):
            spelled[number] = word[0] + spelled[number][1:].replace(letter, "431057"["aeiost".index(letter)])
    return " ".join(spelled)
