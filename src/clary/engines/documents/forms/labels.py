"""What the text of a segment says about its part in a form: a name of a field, or what was filled in."""

from __future__ import annotations

import re

_WORDS = """
    account acct address agency age amount applicant approved approval area attention attn authorized balance bank
    bill birth board branch brand budget bureau buyer cell certificate charge check city class client code comments
    company contact cost country county course coverage credit currency customer cust data date day deadline dear degree
    delivered delivery department dept deposit description destination discount division dob document drawn due duration
    effective email e-mail employee employer employment end exp expiration expires expiry extension ext fax fee fees
    female fields file filed first form from full gender grade gross group height hire holder home hours id id# in
    initial instructions insurance insured invoice issue issued item items job last length license loan location
    mail mailing male manager manufacturer marital market media medication member memo message method middle mobile
    model month name names nationality net no no. number num occupation of office officer operator order origin original
    owner page pages paid parent patient pay payable payment period permit phone physician place plan plant point
    policy position price primary priority product products program project property province provider purpose qty
    quantity rate re reason received recipient ref ref. reference referred region relation relationship release
    remarks remit rent reply report req request requested required responsible result return revised room salary sales
    sample school score section seller sender sent serial service sex ship shipped shop signature signed size sold
    source spouse ssn start state status step stop store street style subject subscriber subtotal supervisor supplier
    tax team tel telephone tel. term terms time title to tobacco today's total tract trans transaction type unit units
    until value vendor version via visit vol volume weight witness work worker year years yes zip
"""
FIELD_WORDS = frozenset(_WORDS.split())
"""Words that names of fields are made of."""
_UNITS = """
    % ° °c °f mm cm m km in inch inches ft feet yd mi mg g gm gms gr gram grams kg lb lbs oz ton tons ml l liter liters
    gal cc sec secs min mins hr hrs hour hours day days week weeks month months year years pct percent psi hz khz mhz v
    w kw a ma pcs
"""
UNITS = frozenset(_UNITS.split())
"""Words and signs that say what was counted or measured."""
END_OF_NAME = re.compile(r"(:|#|\?|\bno\.?|\bnumber|\bname|\bdate)[.…_\s]*$", re.IGNORECASE)
NUMBERED = re.compile(r"\d{1,2}[A-Za-z]?\.\s[^\W\d_]{2}")
"""How names begin on forms that number them."""
MOST_LETTERS = 400
"""Of a text that are looked at, from its end."""
FILLER = re.compile(r"[_.…\-\s]*")


def letters_share(text: str) -> float:
    """The share of letters among letters and digits; 0 where there are none of both."""
    letters = sum(character.isalpha() for character in text)
    digits = sum(character.isdigit() for character in text)
    return letters / max(1, letters + digits)


def ends_as_name(text: str) -> bool:
    """Whether a text ends in a colon, leaders aside."""
    return text.rstrip("_.… -").endswith((":", "\uff1a"))


def is_unit(text: str) -> bool:
    """Whether a text is nothing but a unit, or one by another: "mg", "mg/cc", "g/m²"."""
    return all(part.lower().rstrip(".²³23") in UNITS for part in text.split("/"))


def is_filler(text: str) -> bool:
    """Whether a text is nothing but a line or dots to write on."""
    return FILLER.fullmatch(text) is not None


def name_likeness(text: str) -> float:
    """How much a text looks like the name of a field, about -3 to 5; above 0.9 it may be one without a colon."""
    text = text[-MOST_LETTERS:] if len(text) > MOST_LETTERS else text
    words = [word.strip(".:()[]*,#").lower() for word in text.split()]
    score = 3.0 if ends_as_name(text) else 1.0 if END_OF_NAME.search(text) else 0.0
    known = sum(1 for word in words if word in FIELD_WORDS)
    score += min(1.5, 1.5 * known / max(1, len(words)))
    if letters_share(text) < 0.6:
        score -= 2.0
    if len(words) > 8:
        score -= 0.25 * (len(words) - 8)
    if NUMBERED.match(text):
        score += 1.2
    if text[:1].isalpha() and text[:1].islower():
        score -= 0.4
    if text.rstrip().endswith((".", ",", ";")) and not END_OF_NAME.search(text):
        score -= 0.8
    return score


def value_likeness(text: str) -> float:
    """How much a text looks like something that was filled in, about -3 to 2."""
    if is_filler(text):
        return -3.0
    score = -3.0 if ends_as_name(text) else 0.0
    if any(character.isdigit() for character in text):
        score += 1.0
    if text.strip().lower() in {"x", "yes", "no", "n/a", "none", "nil", "na"}:
        score += 1.0
    if len(text.split()) > 12:
        score -= 0.5
    return score
