"""What a pronoun can mean: by kind, by gender, by the clause it stands in and by how a place is named before it."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from typing import Final

from clary.engines.text.contract import SyntaxToken

MASCULINE: Final = frozenset({"he", "him", "his", "himself"})
FEMININE: Final = frozenset({"she", "her", "hers", "herself"})
PERSONAL: Final = MASCULINE | FEMININE
SINGULAR: Final = frozenset({"it", "its", "itself"})
PLURAL: Final = frozenset({"they", "them", "their", "theirs", "themselves"})
POSSESSIVE: Final = frozenset({"its", "their", "theirs"})
PRONOUNS: Final = PERSONAL | SINGULAR | PLURAL
PRONOUN: Final = re.compile(r"\b(?:" + "|".join(sorted(PRONOUNS)) + r")\b", re.IGNORECASE)
_OBJECTS: Final = frozenset({"him", "her", "it", "them"})

_MEN_WORDS: Final = """
mr sir lord king prince father dad daddy papa son brother husband boyfriend uncle grandfather grandpa grandson nephew
man men boy boys guy guys gentleman gentlemen waiter waiters actor businessman chairman spokesman salesman host groom
aaron adam adrian alan albert alejandro alexander alfred andreas andrew anthony antonio arthur barry ben benjamin
bernard bill bob boris brad brandon brian bruce carl carlos charles chris christian christopher colin craig dan daniel
dave david dennis derek diego dmitri donald doug douglas dylan ed edward elon emmanuel eric ethan felix fernando
francis francisco frank franz fred gary george gerald giovanni giuseppe gordon graham greg gregory hans harold harry
hector henry howard hugh ian igor isaac ivan jack jacob jake james jason javier jeff jeffrey jeremy jerry jim joe joel
john jonathan jose joseph joshua juan julian justin karl keith kenneth kevin klaus kyle larry lars leo leonard liam
louis luca lucas luigi luis luke marc marco marcus mario mark martin matt matteo matthew max michael miguel mike
mohamed mohammed nathan neil nicholas nick noah oliver omar oscar otto pablo patrick paul pedro peter phil philip
pierre rafael raj ralph raymond ricardo richard rick rob robert roberto roger roland ron ronald russell ryan salman
samuel scott sean sergei simon stefan stephen steve steven stuart ted terry thomas tim timothy tobias todd tom tony
victor vincent vladimir walter wayne will william wolfgang zachary
"""
_WOMEN_WORDS: Final = """
mrs ms miss madam lady queen princess mother mom mum mama daughter sister wife girlfriend aunt grandmother grandma
granddaughter niece woman women girl girls waitress waitresses actress businesswoman chairwoman spokeswoman saleswoman
hostess bride abigail agnes aisha alexandra alice alicia alison amanda amelia amy ana andrea angela anita ann anna
anne annette ashley audrey barbara beatrice bella bernadette beth betty brenda bridget camila carla carmen carol
caroline catherine cecilia charlotte cheryl chloe christina christine claire clara claudia cynthia daisy danielle
deborah diana diane donna dorothy edith eileen elaine eleanor elena elisabeth elizabeth ella ellen emily emma erica
erin esther eva evelyn fatima fiona florence frances gabriela gina giulia gloria grace hannah heather heidi helen
helena ines ingrid irene isabel isabella jane janet janice jennifer jenny jessica joan joanna josephine joyce judith
judy julia julie karen kate katherine kathleen kathryn katie kelly laura lauren layla lena leila linda lisa louise
lucia lucy lydia maggie margaret maria marie marilyn marta martha mary matilda megan melanie melissa mia michelle
monica nancy natalia natalie natasha nicole nina nora olga olivia pamela patricia paula priya rachel rebecca rita rosa
rose ruth sabrina sandra sara sarah sharon sheila shirley silvia simone sofia sonia sophia sophie stella stephanie
susan suzanne sylvia tamara tanya teresa theresa ursula valentina valerie vanessa vera veronica victoria violet
virginia wendy yasmin yvonne zoe
"""
_COLLECTIVE_WORDS: Final = """
company firm restaurant hotel store shop place bar cafe clinic hospital school airline bank government family committee
council department service support management kitchen club band group crowd couple everybody everyone majority press
"""
_COLLECTIVE: Final = frozenset(_COLLECTIVE_WORDS.split())
_MEN: Final = frozenset(_MEN_WORDS.split())
_WOMEN: Final = frozenset(_WOMEN_WORDS.split())
_WORD: Final = re.compile(r"[^\W\d_]+")
_PLACED: Final = re.compile(r"\b(?:in|near|around|outside|throughout|across)\s(?:the\s)?$", re.IGNORECASE)
_LONGEST_PLACING: Final = 16
_EXPLETIVE: Final = re.compile(
    r"it(?:['\u2019]s|\s(?:is|was|will be|would be|seems?|appears?|takes?|took|turns out|turned out))\s"
    r"(?:(?:not|very|so|too|quite|really|also|always|just)\s)*"
    r"(?:(?:\w+\s){0,3}(?:that|to|how|like|as if)\b|raining|snowing|sunny|cold outside|late|early|time\b)"
    r"|it\s(?:rain|snow)(?:s|ed)?\b",
    re.IGNORECASE,
)
"""An "it" that means nothing: "it is easy to see", "it was raining"."""
_BEFORE_NOUNS: Final = frozenset({"DET", "PRON", "ADJ", "NUM"})
_BREAKS: Final = frozenset({"PUNCT", "CCONJ", "SCONJ"})
_VERBS: Final = frozenset({"VERB", "AUX"})
_NAMING: Final = frozenset({"NOUN", "PROPN", "ADJ", "NUM"})


def gender(piece: str, before: str = "") -> str:
    """Returns "m" or "f" where the words of a mention, or a pronoun of its group, tell it, else "".

    Args:
        piece: the mention.
        before: what is known of its group so far; it stays.
    """
    if before:
        return before
    found = _WORD.findall(piece)
    words = [word.lower() for word in found]
    is_name = bool(found) and found[-1][0].isupper()
    for word in words[:2] if is_name else reversed(words):
        if word in _MEN or word in MASCULINE:
            return "m"
        if word in _WOMEN or word in FEMININE:
            return "f"
    return ""


def fits(pronoun: str, kind: str, known_gender: str, is_plural: bool | None) -> bool:
    """Whether a pronoun can mean something: "he" and "she" persons, "it" one thing, "they" several or persons.

    Args:
        pronoun: in small letters.
        kind: of what may be meant ("PERSON", "LOCATION", ...).
        known_gender: its gender, "" where nothing tells it.
        is_plural: whether it is several, None where nothing tells it.
    """
    if pronoun in PERSONAL:
        return kind == "PERSON" and known_gender in ("", "m" if pronoun in MASCULINE else "f")
    if pronoun in SINGULAR:
        return kind != "PERSON" and is_plural is not True
    return kind == "PERSON" or is_plural is not False


def is_plural(head: str) -> bool | None:
    """Whether a noun in small letters looks like several things; None for a name and for who are many together."""
    if not head.islower() or head in _COLLECTIVE:
        return None
    return head.endswith("s") and not head.endswith(("ss", "us", "is"))


def remoteness(text: str, words: Sequence[SyntaxToken], begin: int, is_person: bool) -> int:
    """How far from the subject of its sentence a mention stands: what a sentence is about is what pronouns mean.

    Args:
        text: the text.
        words: its words.
        begin: first character of the mention.
        is_person: whether it is one; of things, the object of a verb is meant as often as its subject.

    Returns:
        0 for a subject, 1 for what a preposition or a verb governs, 2 for the place where something is ("in Paris").
    """
    if _PLACED.search(text, max(0, begin - _LONGEST_PLACING), begin):
        return 2
    place = bisect_left(words, begin, key=lambda word: word["begin"]) - 1
    while place >= 0 and words[place]["tag"] in _BEFORE_NOUNS:
        place -= 1
    if place < 0:
        return 0
    return int(words[place]["tag"] == "ADP" or (is_person and words[place]["tag"] == "VERB"))


def is_expletive(text: str, begin: int) -> bool:
    """Whether a pronoun means nothing, as in "it is easy to see"."""
    return _EXPLETIVE.match(text, begin) is not None


def acts_upon_it(words: Sequence[SyntaxToken], end: int, begin: int, pronoun: str) -> bool:
    """Whether a pronoun is the object of a verb of which what stands before it is the subject: it means another.

    Args:
        words: of the text.
        end: character after the last mention of what may be meant.
        begin: first character of the pronoun.
        pronoun: in small letters.
    """
    if pronoun not in _OBJECTS:
        return False
    first = bisect_left(words, end, key=lambda word: word["begin"])
    last = bisect_left(words, begin, key=lambda word: word["begin"])
    between = [word["tag"] for word in words[first:last]]
    behind = words[last + 1]["tag"] if last + 1 < len(words) else ""
    if behind in _VERBS or (pronoun == "her" and behind in _NAMING):
        return False
    return not _BREAKS.intersection(between) and "VERB" in between
