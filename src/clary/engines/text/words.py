"""Words and sentences of a text, with their places.

Words are split as Universal Dependencies treebanks split them: signs stand alone, "don't" is "do" and "n't", French
"l'eau" is "l'" and "eau"; addresses of the net, mentions and hashtags stay whole. Every pattern is free of nested
repetition, so that time grows with the length of the text alone.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple


class Word(NamedTuple):
    """A word, a number or a sign: first character, character after the last, and the piece itself."""

    begin: int
    end: int
    text: str


LANGUAGES: Final = ("en", "es", "fr", "de", "it", "pt")
"""The languages whose words are split by their own rules."""

_LETTER: Final = r"[^\W\d_]"
_IN_WORD: Final = r"[\w\u0300-\u036f\u200d]"
_APOSTROPHE: Final = r"['\u2019]"
_CLITIC: Final = rf"{_APOSTROPHE}(?:s|m|re|ve|ll|d|S|M|RE|VE|LL|D)"
"""What English hangs on a word; in a text whose words stand apart already, it stands alone."""
_NET: Final = (
    r"(?:https?://|www\.)[^\s<>\"]{1,2000}(?<![.,;:!?)\]'*])"
    r"|(?<![\w.%+-])[\w%+-]{1,64}(?:\.[\w%+-]{1,64}){0,6}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}"
    r"|(?<![\w.-])(?:[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){0,3}\.(?:com|org|net|edu|gov|co\.uk|io|de|fr|es|it|pt|br)"
    r"|[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,3}\.(?:com|org|net|edu|gov|co\.uk))(?![\w-])(?:/[^\s<>\"]{0,500}(?<![.,;:!?)\]'*]))?"
    r"|(?<![\w@])[@#][\w]{1,140}"
)
_NUMBER: Final = r"\d+(?:[.,:/]\d+)*(?:%s)?(?![^\W_])"
_FACE: Final = r"(?<!\w)(?:[:;=8][-'o^]?[)(\]\[DPpOo/\\|*3]|<3|[)(][-']?[:;])(?!\w)"
_SIGNS: Final = r"``|''|<<|>>|\$+|\.{2,}|\u2026+|[!?]+|-{2,}|[*=_~]{2,}"
_ANY: Final = r"[^\s]"
_INITIALS: Final = rf"(?<!\w)(?:{_LETTER}\.){{2,6}}(?![^\W_])"

_ABBREVIATIONS: Final = {
    "en": "Mr|Mrs|Ms|Dr|Prof|St|Jr|Sr|Inc|Ltd|Co|Corp|vs|etc|No|Nos|Vol|Ave|Blvd|Rd|Gen|Col|Lt|Sgt|Capt|Rev|Hon|Gov|Sen|Rep"
    "|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec|Mt|Ft|Apt|Ste|Dept|approx|est|ext|al|cf|ed|eds|pp|p|pg|fig|Ph\\.D",
    "es": "Sr|Sra|Srta|Dr|Dra|D|Da|Ud|Uds|etc|Avda|pág|núm|art|aprox|Gral|St|Jr|vol|ed|cap",
    "fr": "M|MM|Mme|Mlle|Dr|Pr|St|Ste|etc|av|env|vol|éd|art|p|cf|fig|chap|J\\.-C|apr",
    "de": "Dr|Prof|Hr|Fr|St|Str|bzw|usw|etc|ca|vgl|Nr|Bd|Abs|Art|inkl|evtl|ggf|sog|geb|gest|Jh|Mio|Mrd|Tel|ev|kath|Chr|Hl|d|v|z|u|o|s|S|a",
    "it": "Sig|Dott|Prof|Avv|Ing|S|Sig\\.ra|Dott\\.ssa|ecc|pag|art|n|cfr|vol|co|On|Gen",
    "pt": "Sr|Sra|Dr|Dra|Prof|D|etc|av|pág|art|n|núm|vol|cia|Jr|Gen|Cel|Exmo",
}
_PREFIXES: Final = (
    "(?i:e|non|pre|anti|mid|re|co|post|over|multi|ex|pro|semi|sub|neo|micro|intra|inter|un|counter|ultra|cross)"
)
"""What English joins to a word by a hyphen without becoming a word of its own."""
_ENGLISH_NUMBER: Final = (
    r"(?<![\w-])(?:1-)?\d{3}-(?:\d{3}-)?\d{4}(?![\w-])|(?<![\w-])\d{1,2}-\d{1,2}-(?:\d{4}|\d{2})(?![\w-])"
    r"|\d{1,2}(?::\d\d)?(?=[AaPp][Mm](?!\w))"
)
"""Telephone numbers and dates with hyphens are one word; before "pm" a number ends."""
_ORDINALS: Final = {
    "en": "st|nd|rd|th|s",
    "es": "[ºª°]|er|ro",
    "fr": "er|ère|e|ème|°",
    "de": "\\.(?=\\s)",
    "it": "[ºª°]",
    "pt": "[ºª°]",
}
_WORDS: Final = {
    "en": (
        rf"(?<![\w.'\u2019])[A-Z]\.(?=\s+[A-Z])|(?<!\w)[A-Z]{{1,4}}&[A-Z]{{1,4}}(?!\w)"
        rf"|(?<![\w-])(?:{_PREFIXES})-{_LETTER}{{2,40}}(?![\w-])"
        rf"|(?:[Cc]an(?=not(?!\w))|(?<=[Cc]an)not(?!\w)|[Gg]on(?=na(?!\w))|[Gg]ot(?=ta(?!\w))|[Ww]an(?=na(?!\w)))"
        rf"|(?<!\w)(?i:ca|wo|do|does|did|is|was|are|were|have|has|had|would|could|should)(?=(?i:nt)(?!\w))|(?<=\w)(?i:nt)(?!\w)"
        rf"|{_IN_WORD}{{1,40}}?(?=n{_APOSTROPHE}t(?!\w))|(?<=\w)n{_APOSTROPHE}t(?!\w)|(?<=\w){_CLITIC}(?!\w)|(?<=\s){_CLITIC}(?![\w'\u2019])"
        rf"|{_IN_WORD}+(?:(?!{_CLITIC}(?!\w)){_APOSTROPHE}(?<=[A-Za-z]{_APOSTROPHE}){_LETTER}{_IN_WORD}*)*"
    ),
    "fr": (
        rf"[Aa]ujourd{_APOSTROPHE}hui|(?:[LlDdJjNnSsTtCcMm]|[Qq]u|[Ll]orsqu|[Jj]usqu|[Pp]uisqu|[Qq]uoiqu|[Qq]uelqu|[Pp]resqu){_APOSTROPHE}(?=\w)"
        rf"|(?<=\w)-(?:t-)?(?:ils?|elles?|on|je|tu|nous|vous|moi|toi|lui|leur|les?|la|ce|y|en)(?![\w-])|{_IN_WORD}+(?:-(?!(?:t-)?(?:ils?|elles?|on|je|tu|nous|vous|moi|toi|lui|leur|les?|la|ce|y|en)(?![\w-])){_IN_WORD}+)*"
    ),
    "it": rf"{_LETTER}{{0,12}}[lLnNtTsSdDcCmMvVrR]{_APOSTROPHE}(?=[\w\s])|{_IN_WORD}+(?:-{_IN_WORD}+)*(?:(?<=[aeiouAEIOU]){_APOSTROPHE}(?=\s))?",
    "es": rf"{_IN_WORD}+(?:-{_IN_WORD}+)*",
    "pt": rf"(?:US|CR|R|A|C)\$|[Dd]{_APOSTROPHE}(?=\w)|{_IN_WORD}+(?:-{_IN_WORD}+)*",
    "de": rf"{_IN_WORD}+(?:{_APOSTROPHE}s(?!\w))?",
}  # fmt: skip


def _compiled(language: str) -> re.Pattern[str]:
    abbreviations = rf"(?<!\w)(?:{_ABBREVIATIONS[language]})\.(?!\w)"
    number = _NUMBER % _ORDINALS[language]
    signs = _SIGNS.replace("[!?]+", "[!?]") if language == "de" else _SIGNS
    if language == "en":
        number = f"{_ENGLISH_NUMBER}|{number}"
    return re.compile("|".join((_NET, _FACE, _INITIALS, abbreviations, number, _WORDS[language], signs, _ANY)))


_PATTERNS: Final = {language: _compiled(language) for language in LANGUAGES}
_GENERAL: Final = re.compile("|".join((_NET, _NUMBER % "%", rf"{_IN_WORD}+", _SIGNS, _ANY)))
_SENTENCE_END: Final = re.compile(
    r"(?:(?<=[.!?\u2026\u3002\uff01\uff1f][\"'\u201d\u2019)\]])|(?<=[.!?\u2026])|(?<=[\u3002\uff01\uff1f]))\s+(?=[\"'\u201c\u2018(\[\u00bf\u00a1]?[^\Wa-z_])|\n[ \t]*\n\s*"
)
_NUMBERED: Final = {"de": r"|\d{1,2}"}
"""Where a number with a stop is an ordinal."""
_SHORT: Final = {
    language: re.compile(
        rf"(?<!\w)(?:{_ABBREVIATIONS.get(language, _ABBREVIATIONS['en'])}|[^\W\d_](?:\.[^\W\d_])*{_NUMBERED.get(language, '')})\.$"
    )
    for language in LANGUAGES
}


def words(text: str, language: str) -> list[Word]:
    """Returns the words of a text in order; whitespace is in none of them."""
    pattern = _PATTERNS.get(language, _GENERAL)
    return [Word(match.start(), match.end(), match.group()) for match in pattern.finditer(text)]


def sentences(text: str, language: str) -> list[tuple[int, int]]:
    """Returns first character and character after the last of each sentence; blank ones are left out.

    A sentence ends with a stop before a new word, unless the stop belongs to an abbreviation, or at an empty line.
    """
    found, begin = [], 0
    short = _SHORT.get(language, _SHORT["en"])
    for match in _SENTENCE_END.finditer(text):
        end = match.start()
        if match.group().count("\n") < 2 and short.search(text, max(begin, end - 12), end):
            continue
        if text[begin:end].strip():
            found.append((begin, end))
        begin = match.end()
    if text[begin:].strip():
        found.append((begin, len(text)))
    return found
