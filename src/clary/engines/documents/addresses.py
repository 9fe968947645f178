"""How much a line looks like part of a postal address."""

from __future__ import annotations

import re

_PLACES = """
alabama alaska arizona arkansas california colorado connecticut delaware florida georgia hawaii idaho illinois indiana
iowa kansas kentucky louisiana maine maryland massachusetts michigan minnesota mississippi missouri montana nebraska
nevada ohio oklahoma oregon pennsylvania tennessee texas utah vermont virginia washington wisconsin wyoming
johor kedah kelantan melaka malacca pahang perak perlis penang pinang sabah sarawak selangor terengganu kuala lumpur
malaysia singapore indonesia thailand india usa u.s.a. canada australia france germany deutschland spain españa
italy italia nederland netherlands belgium belgique österreich austria switzerland schweiz suisse england scotland
wales ireland ontario quebec alberta manitoba karnataka maharashtra delhi haryana gujarat
tamil nadu kerala bangalore bengaluru mumbai chennai hyderabad gurgaon kolkata pune paris london berlin madrid roma
amsterdam
"""
PLACES = frozenset(_PLACES.split())
STREET = re.compile(
    r"(?<![^\W_])(?:street|st|road|rd|avenue|ave|boulevard|blvd|lane|ln|drive|dr|court|ct|highway|hwy|parkway"
    r"|pkwy|square|sq"
    r"|terrace|place|plaza|suite|ste|apt|apartment|floor|flr|fl|level|building|bldg|block|blk|tower|room"
    r"|p\.?\s?o\.?\s?box|mall"
    r"|jalan|jln|jl|lorong|taman|tmn|bandar|kampung|kg|persiaran|lebuh\w*|seksyen|section|sek|plot|batu|pusat"
    r"|desa|kompleks|wilayah"
    r"|rue|all[ée]e|chemin|cedex|quai|cours|impasse|stra(?:ß|ss)e|str|platz|weg|gasse|allee|calle|avenida|plaza"
    r"|paseo|via|viale|piazza"
    r"|corso|straat|laan|plein|gracht|nagar|marg|sector|phase|village|town|estate|park|centre|center|complex"
    r"|hills|heights|garden)"
    r"(?![^\W_])"
    r"|[a-zäöü]{3,}(?:stra(?:ß|ss)e|str\.|weg|platz|gasse|straat|laan|plein)(?![^\W_])",
    re.IGNORECASE,
)
POSTCODE = re.compile(
    r"(?<![\w.,/-])(?:\d{5}(?:-\d{4})?|\d{6}|\d{5}(?=[A-Z][a-z]{2})|[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2}"
    r"|[A-Z]\d[A-Z]\s?\d[A-Z]\d|\d{4}\s?[A-Z]{2})(?![\d/-])(?!(?<=\d{4})[A-Z]\b)"
)
STATE_AND_CODE = re.compile(r"\b[A-Z]{2}[.,]?\s+\d{5}(?:-\d{4})?\b")
_START = re.compile(
    r"^(?:no\.?\s?[:.,]?\s?\w{0,3}\d|lot\b|unit\b|suite\b|g[-.\s]?\d|\d+[-\w&/]*\s*,?\s+\D|\w{1,3}-\d|p\.?o\.?\s?box)",
    re.IGNORECASE,
)
_OTHER = re.compile(
    r"(?<![^\W_])(?:tel|telephone|phone|ph|fax|hotline|mobile|hp|e-?mail|www|http\w*|gst|vat|tax|reg|registration"
    r"|roc|co\.?\s?no|company\s?no"
    r"|date|time|invoice|receipt|cashier|table|bill|order|total|amount|qty|member|thank|welcome|website|abn|ein"
    r"|gstin|pan|cin|iban|bic"
    r"|siret|btw|kvk|open|hours|pos|pax|server|terminal|counter|account|doc\w*|customer)(?![^\W_])"
    r"|@|\(\d{5,7}-\w\)|\d{2}[:/.]\d{2}[:/.]\d{2}",
    re.IGNORECASE,
)


def address_likeness(text: str) -> float:
    """How much a line looks like part of an address, about -3 to 6; from 1.5 on it likely is one."""
    score = 0.0
    if _OTHER.search(text):
        score -= 3.0
    words = [word.strip(".,()-").lower() for word in text.split()]
    if STREET.search(text):
        score += 2.0
    if STATE_AND_CODE.search(text):
        score += 2.5
    elif POSTCODE.search(text):
        score += 1.5
    if any(word in PLACES for word in words):
        score += 1.0
    if _START.match(text):
        score += 1.0
    if "," in text:
        score += 0.5
    if not any(character.isalpha() for character in text) or len(words) > 14:
        score -= 2.0
    return score


def is_of_another_kind(text: str) -> bool:
    """Whether a line names a telephone, a date, a registration or the like, and so ends an address."""
    return _OTHER.search(text) is not None
