"""What identity documents print beside their values."""

from __future__ import annotations

import re

KINDS = (
    "first-name",
    "last-name",
    "middle-name",
    "suffix",
    "city-in-address",
    "zip-code-in-address",
    "state-in-address",
    "state-name",
    "document-number",
    "expiration-date",
    "date-of-birth",
    "date-of-issue",
    "id-type",
    "endorsements",
    "veteran",
    "restrictions",
    "class",
    "address",
    "county",
    "place-of-birth",
    "mrz-code",
)
"""All kinds of fields, in the order in which they are given."""
DATES = frozenset({"expiration-date", "date-of-birth", "date-of-issue"})


def _label(number: str, words: str) -> re.Pattern[str]:
    """A label with the number that ISO/IEC 18013-1 gives its field, or with its words alone."""
    return re.compile(rf"^\W*(?:{number}\.?\s*)?(?:{words})(?![^\W\d_])\W*", re.IGNORECASE)


LABELS: dict[str, re.Pattern[str]] = {
    "last-name": _label("1", r"ln|last\s?names?|family\s?names?|sur\w?names?|sumnames?|nom|apellidos?|appelidos?"),
    "first-name": _label("2", r"fn|first\s?names?|given\s?names?|pr[ée]noms?|nombres?"),
    "date-of-birth": _label("3", r"dob|date\s?of\s?birth|birth\s?date|d\.o\.b|born|naissance"),
    "date-of-issue": _label("4a", r"iss(?:ued?)?(?:\s?date)?|date\s?of\s?issu\w*|issue\s?date"),
    "expiration-date": _label(
        "4b",
        r"exp(?:ir\w*)?(?:\s?date)?|date\s?of\s?expir\w*|valid\s?(?:until|thru|to)"
        r"|expiry(?:\s?date)?",
    ),
    "document-number": _label(
        "4d",
        r"(?:dl|lic(?:ense|ence)?|id|cdl|document|passport|customer|card)\s?(?:no|num(?:ber)?|nr|#"
        r"|id)\b[.:#]?(?:\s?/.*)?|number|no|dl\s?#?|dln|lic#?",
    ),
    "address": _label("8", r"addr(?:ess)?"),
    "class": _label("9", r"class|cls"),
    "endorsements": _label(r"(?:9a|[O0]a)", r"end(?:orsements?)?(?:\s?/.*)?"),
    "restrictions": _label("12", r"rest(?:r(?:ictions?)?)?\.?"),
    "sex": _label("15", r"sex|gender"),
    "place-of-birth": _label("", r"place\s?of\s?birth|birth\s?place"),
    "county": _label("", r"county"),
    "nationality": _label("", r"nationality"),
}
BY_NUMBER = {
    "last-name": re.compile(r"^\W?1\.?\s*(?=[A-Z])"),
    "first-name": re.compile(r"^\W?2\.?\s*(?=[A-Z])"),
    "address": re.compile(r"^\W?8\.?\s+(?=\d)"),
}
"""Licences that print the number of a field alone."""
SUFFIXES = frozenset({"JR", "SR", "II", "III", "IV", "JR.", "SR."})
_STATES = """
AL Alabama;AK Alaska;AZ Arizona;AR Arkansas;CA California;CO Colorado;CT Connecticut;DE Delaware;DC District of Columbia
;FL Florida;GA Georgia;HI Hawaii;ID Idaho;IL Illinois;IN Indiana;IA Iowa;KS Kansas;KY Kentucky;LA Louisiana;ME Maine
;MD Maryland;MA Massachusetts;MI Michigan;MN Minnesota;MS Mississippi;MO Missouri;MT Montana;NE Nebraska;NV Nevada
;NH New Hampshire;NJ New Jersey;NM New Mexico;NY New York;NC North Carolina;ND North Dakota;OH Ohio;OK Oklahoma
;OR Oregon;PA Pennsylvania;RI Rhode Island;SC South Carolina;SD South Dakota;TN Tennessee;TX Texas;UT Utah;VT Vermont
;VA Virginia;WA Washington;WV West Virginia;WI Wisconsin;WY Wyoming;PR Puerto Rico
"""
STATES = {entry.strip()[:2]: entry.strip()[3:] for entry in _STATES.replace("\n", "").split(";")}
"""Names of the United States' states by their codes."""
