"""The table of patterns: what each type looks like, what checks it and which words near it say what it is.

Written so that no text makes them slow: repetitions are bounded, a match starts at a boundary only, and no two
repetitions that stand side by side accept the same characters.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from clary.engines.text.personal_data import checksums

_START: Final = r"(?<![\w.+-])"
_END: Final = r"(?![\w-])"
_DIGITS_START: Final = r"(?<![\w])(?<![\d][.,/-])"
_DIGITS_END: Final = r"(?![\w]|[.,/-]\d)"
_SIGN: Final = r"\s{0,3}(?:(?:is|are|was|=|:|#|-|no\.?|number|num|code|ending|of)\s{0,3}){0,4}[\"'(]?"
"""What may stand between a name of a field and its value."""


@dataclass(frozen=True)
class Pattern:
    """One way to recognise a type.

    Attributes:
        type: the type of personal data.
        expression: what it looks like; the datum is the group named "datum", or the whole match.
        score: confidence without a word nearby; 0 where such a word is needed.
        near: an expression for words that say what it is.
        score_near: confidence beside such a word.
        check: whether a datum can be one at all.
        proof: whether a datum satisfies its issuer's rule; one that does has `score_proved`, near a word or not.
        score_proved: confidence of a datum that `proof` accepts.
    """

    type: str
    expression: re.Pattern[str]
    score: float
    near: re.Pattern[str] | None = None
    score_near: float = 0.0
    check: Callable[[str], bool] | None = None
    proof: Callable[[str], bool] | None = None
    score_proved: float = 0.0


def _of(expression: str, flags: int = 0) -> re.Pattern[str]:
    return re.compile(expression, flags)


def _words(expression: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![a-z])(?:{expression})(?![a-z])", re.IGNORECASE)


def _digits(written: str) -> int:
    return sum(character.isdigit() for character in written)


_BANK: Final = _words(r"accounts?|acct|a/c|checking|savings|bank|deposits?")
_CARD: Final = _words(r"cards?|credit|debit|visa|master ?card|amex|american express|discover|maestro|diners|cc")
_ROUTING: Final = _words(r"routing|aba|rtn|transit|bank|wire|ach")
_LICENCE: Final = _words(
    r"driv(?:er|ing|er'?s|ers'?|er\u2019s)[ -]?(?:licen[cs]e|permit|id)|licen[cs]e (?:no|num|number|id|#)|dln?|dl#"
)
_PLATE: Final = _words(
    r"(?:licen[cs]e|number|registration|vehicle|car) ?plates?|plate(?: (?:no|number))?|(?:car|vehicle) reg(?:istration)?|tag number|reg(?:istration)? (?:no|number)"
)
_NHS: Final = _words(r"nhs|national health|health service|patient")
_HEALTH: Final = _words(r"health (?:card|number|insurance|no)|ohip|phn|ramq|medicare|care ?card|hcn|msp|ahcip")
_UTR: Final = _words(r"utr|unique tax ?payer|tax ?payer reference|self assessment|tax reference|hmrc")
_SIN: Final = _words(r"sin|social insurance|canad\w{1,5}")
_SSN: Final = _words(r"ssn|ss#|social|social security|socialsecurity|soc sec|tax ?payer id|tin")
_ITIN: Final = _words(r"itin|individual tax ?payer|tax ?payer|tax id|tin|tax")
_AADHAAR: Final = _words(r"aadh?aa?r|uidai|uid")
_PASSPORT: Final = _words(r"passports?(?: (?:no|number|id|#))?|travel document")
_VOTER: Final = _words(r"voter|voters|epic|election|electoral|elector'?s?")
_PAN: Final = _words(r"pan|permanent account|income tax")
_SWIFT: Final = _words(r"swift|bic|bank identifier|wire|iban")
_VIN: Final = _words(r"vin|vehicle identification|chassis|vehicle|car")
_SECRET: Final = _words(r"secret|secretaccesskey|aws|access key|credentials?")
_PHONE: Final = _words(
    r"phones?|tel|telephone|mobile|cell|cellphone|call|calls|calling|called|fax|office|reach|ring|text|sms|whatsapp|dial|messages?|registered|contact|(?:my|your|his|her|our|their|this|new|old) number|hotline|ext"
)

_SAID_WORDS: Final = """
about above already also always available being below blank case-sensitive certain correct default different easy empty
first found free hard here hidden important incorrect invalid just known last lost mandatory missing more never none
only optional private public reset right safe same secret secure sent shown simple something still strong taken that
their there this through today unavailable unique unknown unsafe valid very visible weak what when where which with
wrong your
"""
_SAID_OF_SECRETS: Final = frozenset(_SAID_WORDS.split())
_EXPIRES: Final = (
    r"(?<!\w)(?:exp(?:iry|ires?|iration|iring)?|valid(?: thru| through| until)?|good thru)(?![a-z])(?: date)?(?: on| in)?"
    + _SIGN
)
_CARD_NUMBER: Final = rf"{_DIGITS_START}(?:\d{{4}}[ -]\d{{4}}[ -]\d{{4}}[ -]\d{{1,7}}|3\d{{3}}[ -]\d{{6}}[ -]\d{{4,5}}|\d{{12,19}}){_DIGITS_END}"
_NINE: Final = rf"{_DIGITS_START}\d{{3}}(?P<between>[ -]?)\d{{2}}(?P=between)\d{{4}}{_DIGITS_END}"
_PHONES: Final = (
    rf"(?<![\w@#$\u20ac\u00a3+(])(?:\+\d{{1,3}}[ .-]?)(?:\(0?\d{{1,4}}\)[ .-]?)?\d{{1,5}}(?:[ .-]?\d{{2,5}}){{1,4}}{_DIGITS_END}",
    rf"(?<![\w@#$\u20ac\u00a3+])\(0?\d{{1,4}}\)[ .-]?\d{{2,5}}(?:[ .-]?\d{{2,5}}){{0,4}}{_DIGITS_END}",
    rf"{_DIGITS_START}(?:00\d{{1,3}}[ .-]?|1[ .-])?(?:\(?\d{{3}}\)?)[ .-]\d{{3}}[ .-]\d{{4}}(?: ?x ?\d{{1,5}})?{_DIGITS_END}",
)  # fmt: skip
_NATIONAL_PHONES: Final = (
    rf"{_DIGITS_START}0\d{{1,4}}(?:[ .-]\d{{2,4}}){{1,5}}{_DIGITS_END}",
    rf"{_DIGITS_START}0\d{{2,4}}[ .-]\d{{6,8}}{_DIGITS_END}",
)
"""Of a country with a nought before the code of a town: shorter ones are numbers of parts and models."""
_PHONE_LIKE: Final = rf"{_DIGITS_START}(?:\d{{2,5}}(?:[ .-]\d{{2,5}}){{1,4}}|\d{{7,12}}){_DIGITS_END}"


def _is_secret(written: str) -> bool:
    """Not a word that says something about a name or a password ("is required")."""
    word = written.lower()
    return not (word in _SAID_OF_SECRETS or (written.islower() and written.isalpha() and word.endswith("ed")))


def _is_mixed(written: str) -> bool:
    return any(map(str.isdigit, written)) and any(map(str.isalpha, written))


def _is_phone(written: str) -> bool:
    return 7 <= _digits(written) <= 15


def _is_long_phone(written: str) -> bool:
    return 9 <= _digits(written) <= 15


def _is_known_card(written: str) -> bool:
    digits = checksums.bare(written)
    return len(digits) >= 12 and checksums.luhn(digits)


def _is_swift(written: str) -> bool:
    return written[4:6] in checksums.IBAN_LENGTHS or written[4:6] in {"US", "CA", "AU", "JP", "CN", "IN", "SG", "HK", "ZA", "NZ", "KR", "MX", "TH", "MY", "ID", "PH", "KE", "NG"}  # fmt: skip


_OCTET: Final = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
_DOMAINS: Final = (
    r"com|org|net|edu|gov|mil|int|info|biz|io|ai|app|dev|co|me|tv|us|uk|ca|de|fr|es|it|nl|be|ch|at|se|no|dk|fi|pl|cz|pt"
    r"|gr|ie|ru|jp|cn|in|au|nz|br|mx|ar|za|kr|sg|hk|eu|xyz|online|shop|site|store|tech|blog|cloud"
)

PATTERNS: Final = (
    Pattern("EMAIL", _of(r"(?<![\w.%+-])[\w%+-]{1,64}(?:\.[\w%+-]{1,64}){0,8}@(?:[^\W_](?:[\w-]{0,62})\.){1,6}[^\W\d_]{2,24}(?![\w-])"), 0.99),
    Pattern("URL", _of(r"(?<![\w@])(?:https?|ftp)://[^\s<>\"'\u201c\u201d|\\^`{}]{1,2000}(?<![.,;:!?)\]'*])", re.I), 0.99),
    Pattern("URL", _of(r"(?<![\w@./-])www\.[^\s<>\"'\u201c\u201d|\\^`{}]{3,2000}(?<![.,;:!?)\]'*])", re.I), 0.98),
    Pattern("URL", _of(rf"(?<![\w@./-])(?:[a-z0-9](?:[a-z0-9-]{{0,62}})\.){{1,4}}(?:{_DOMAINS})(?:/[^\s<>\"'|\\^`{{}}]{{0,500}}(?<![.,;:!?)\]'*]))?(?![\w@-]|\.\w)", re.I), 0.9),
    Pattern("IP_ADDRESS", _of(rf"(?<![\w.])(?:{_OCTET}\.){{3}}{_OCTET}(?!\w|\.\d)"), 0.99, check=checksums.ip_address),
    Pattern("IP_ADDRESS", _of(r"(?<![\w:.])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?![\w:])", re.I), 0.99, check=lambda text: len(text) > 4 and checksums.ip_address(text)),
    Pattern("MAC_ADDRESS", _of(r"(?<![\w:-])[0-9a-f]{2}(?P<between>[:-])(?:[0-9a-f]{2}(?P=between)){4}[0-9a-f]{2}(?![\w:-])", re.I), 0.99),
    Pattern("MAC_ADDRESS", _of(r"(?<![\w.])[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}(?![\w.])", re.I), 0.9),
    Pattern("AWS_ACCESS_KEY", _of(r"(?<![A-Za-z0-9])(?:AKIA|ASIA|ABIA|ACCA|A3T[A-Z0-9])[A-Z0-9]{16}(?![A-Za-z0-9])"), 0.99),
    Pattern("AWS_SECRET_KEY", _of(r"(?<![A-Za-z0-9/+=])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])"), 0.7, _SECRET, 0.99, check=checksums.secret_key),
    Pattern("INTERNATIONAL_BANK_ACCOUNT_NUMBER", _of(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{4}){2,7}(?:[ -]?[A-Z0-9]{1,3})?(?![A-Za-z0-9])", re.I), 0, _words("iban"), 0.6, proof=checksums.iban, score_proved=0.99),
    Pattern("CREDIT_DEBIT_NUMBER", _of(_CARD_NUMBER), 0, _CARD, 0.75, proof=_is_known_card, score_proved=0.98),
    Pattern("CREDIT_DEBIT_CVV", _of(rf"(?<!\w)(?:cvv2?|cvc2?|cv2|cid|csc|card verification|security code|verification value){_SIGN}(?P<datum>\d{{3,4}})(?![\w-])", re.I), 0.98),
    Pattern("CREDIT_DEBIT_EXPIRY", _of(rf"{_EXPIRES}(?P<datum>(?:0?[1-9]|1[0-2]) ?[/-] ?(?:20)?\d{{2}})(?![\w/-])", re.I), 0.95),
    Pattern("CREDIT_DEBIT_EXPIRY", _of(rf"{_EXPIRES}(?P<datum>(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{{0,6}},? (?:20)?\d{{2}})(?![\w/-])", re.I), 0, _CARD, 0.95),
    Pattern("PIN", _of(rf"(?<!\w)(?:pin(?: (?:code|number))?|personal identification number|passcode){_SIGN}(?P<datum>\d{{4,8}})(?![\w-])", re.I), 0.97),
    Pattern("PASSWORD", _of(r"(?<!\w)(?:passwords?|passwd|pwd|passphrase|passcode)(?: for [\w ]{1,30})?\s{0,3}(?:is|was|=|:|->)(?: now| set to)?\s{0,3}[\"'\u201c]?(?P<datum>[^\s\"'\u201d]{4,64}(?<![.,;!?)]))", re.I), 0.96, check=_is_secret),
    Pattern("PASSWORD", _of(r"(?<!\w)(?:password|passwd|pwd)\s(?=[^\s]{0,63}\d)(?P<datum>[^\s\"']{6,64}(?<![.,;!?)]))", re.I), 0.8, check=_is_secret),
    Pattern("USERNAME", _of(r"(?<!\w)(?:user[ _-]?(?:name|id)|log-?in(?: name)?|screen ?name|account name|nick ?name)s?\s{0,3}(?:is|was|=|:)\s{0,3}[\"'\u201c]?(?P<datum>[\w@][\w.@-]{1,62}\w)", re.I), 0.95, check=_is_secret),
    Pattern("USERNAME", _of(r"(?<!\w)handle\s{0,3}(?:is|was|=|:)\s{0,3}(?P<datum>@?(?=[\w.]{0,29}[\d_])[a-z_][\w.]{2,29})(?![\w@-])", re.I), 0.9),
    Pattern("USERNAME", _of(r"(?<!\w)user\s(?P<datum>[a-z][\w.-]{1,30}\w)(?![\w@-])", re.I), 0.85, check=_is_mixed),
    Pattern("USERNAME", _of(r"(?<![\w@./])@[A-Za-z_]\w{1,29}(?:-\w{1,20}){0,2}(?![\w@.]\w)"), 0.7),
    Pattern("US_INDIVIDUAL_TAX_IDENTIFICATION_NUMBER", _of(_NINE), 0, _ITIN, 0.97, check=checksums.itin),
    Pattern("US_INDIVIDUAL_TAX_IDENTIFICATION_NUMBER", _of(rf"{_DIGITS_START}9\d{{2}}-\d{{2}}-\d{{4}}{_DIGITS_END}"), 0.8, check=checksums.itin),
    Pattern("SSN", _of(rf"{_DIGITS_START}\d{{3}}(?P<between>[- ])\d{{2}}(?P=between)\d{{4}}{_DIGITS_END}"), 0.9, _SSN, 0.99, check=checksums.ssn),
    Pattern("SSN", _of(rf"{_DIGITS_START}\d{{9}}{_DIGITS_END}"), 0, _SSN, 0.95, check=checksums.ssn),
    Pattern("BANK_ROUTING", _of(rf"{_DIGITS_START}\d{{9}}{_DIGITS_END}"), 0, _ROUTING, 0.96, check=checksums.aba),
    Pattern("BANK_ACCOUNT_NUMBER", _of(rf"(?<!\w)(?:(?:bank|checking|savings|deposit) )?(?:accounts?|acct\.?|a/c){_SIGN}(?P<datum>\d{{6,17}}|\d{{2,6}}(?:[ -]\d{{2,6}}){{1,4}}){_DIGITS_END}", re.I), 0.95),
    Pattern("BANK_ACCOUNT_NUMBER", _of(rf"{_DIGITS_START}\d{{8,17}}{_DIGITS_END}"), 0, _words(r"bank account|account number|acct|checking account|savings account"), 0.85),
    Pattern("BANK_ROUTING", _of(rf"(?<!\w)(?:routing|aba|rtn){_SIGN}(?P<datum>[Xx*]{{4,16}}\d{{2,6}}){_DIGITS_END}", re.I), 0.9),
    Pattern("BANK_ACCOUNT_NUMBER", _of(rf"(?<!\w)(?:accounts?|acct\.?|a/c){_SIGN}(?P<datum>[Xx*]{{4,16}}\d{{2,6}}){_DIGITS_END}", re.I), 0.9),
    Pattern("PASSPORT_NUMBER", _of(r"(?<![\w-])(?:[A-Z]{1,2}\d{6,8}|\d{8,9}|[A-Z]\d{2}[A-Z0-9]{5,6})(?![\w-])", re.I), 0, _PASSPORT, 0.96),
    Pattern("DRIVER_ID", _of(r"(?<![\w-])[A-Z9]{5}\d{6}[A-Z9]{2}\d[A-Z]{2}(?![\w-])"), 0.9),
    Pattern("DRIVER_ID", _of(r"(?<![\w-])(?=[A-Z0-9 -]{0,19}\d)(?:[A-Z]{1,3}[ -]?)?\d[\dA-Z]{3,15}(?:-[\dA-Z]{2,6}){0,4}(?![\w-])", re.I), 0, _LICENCE, 0.95, check=lambda text: _digits(text) >= 5),
    Pattern("LICENSE_PLATE", _of(r"(?<![\w-])(?=[A-Z0-9 -]{0,9}\d)(?=[A-Z0-9 -]{0,9}[A-Z])[A-Z0-9]{1,4}[ -]?[A-Z0-9]{2,5}(?![\w-])"), 0, _PLATE, 0.9, check=_is_mixed),
    Pattern("VEHICLE_IDENTIFICATION_NUMBER", _of(r"(?<![\w-])(?=[A-Z]{0,16}\d)[A-HJ-NPR-Z0-9]{17}(?![\w-])"), 0, _VIN, 0.75, check=lambda text: not text.isdigit(), proof=checksums.vin, score_proved=0.97),
    Pattern("UK_NATIONAL_INSURANCE_NUMBER", _of(r"(?<![\w-])[A-Z]{2} ?\d{2} ?\d{2} ?\d{2} ?[A-D](?![\w-])", re.I), 0.96, check=checksums.nino),
    Pattern("CA_SOCIAL_INSURANCE_NUMBER", _of(rf"{_DIGITS_START}[1-79]\d{{2}}(?P<between>[ -]?)\d{{3}}(?P=between)\d{{3}}{_DIGITS_END}"), 0, _SIN, 0.97, check=checksums.luhn),
    Pattern("UK_UNIQUE_TAXPAYER_REFERENCE_NUMBER", _of(rf"{_DIGITS_START}\d{{5}} ?\d{{5}}K?{_DIGITS_END}"), 0, _UTR, 0.96, check=checksums.utr),
    Pattern("UK_UNIQUE_TAXPAYER_REFERENCE_NUMBER", _of(rf"{_DIGITS_START}\d{{5}} ?\d{{5}}K?{_DIGITS_END}"), 0, _UTR, 0.75),
    Pattern("IN_PERMANENT_ACCOUNT_NUMBER", _of(r"(?<![\w-])[A-Z]{3}[ABCFGHJLPT][A-Z]\d{4}[A-Z](?![\w-])"), 0.9, _PAN, 0.99),
    Pattern("IN_NREGA", _of(r"(?<![\w-])[A-Z]{2}-\d{2}-\d{3}-\d{3}-\d{3}/\d{1,5}(?:-[A-Z])?(?![\w-])"), 0.97),
    Pattern("SWIFT_CODE", _of(r"(?<![\w-])[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?(?![\w-])"), 0, _SWIFT, 0.96, check=_is_swift),
    Pattern("UK_NATIONAL_HEALTH_SERVICE_NUMBER", _of(rf"{_DIGITS_START}\d{{3}}(?P<between>[ -]?)\d{{3}}(?P=between)\d{{4}}{_DIGITS_END}"), 0, _NHS, 0.97, check=checksums.nhs),
    Pattern("CA_HEALTH_NUMBER", _of(r"(?<![\w-])(?:\d{4}[ -]?\d{3}[ -]?\d{3}(?:[ -]?[A-Z]{2})?|[A-Z]{4} ?\d{4} ?\d{4}|\d{5}[ -]?\d{4}|\d{9,12})(?![\w-])"), 0, _HEALTH, 0.95),
    Pattern("IN_AADHAAR", _of(rf"{_DIGITS_START}[2-9]\d{{3}}(?P<between>[ -])\d{{4}}(?P=between)\d{{4}}{_DIGITS_END}"), 0.8, _AADHAAR, 0.99, check=checksums.verhoeff),
    Pattern("IN_AADHAAR", _of(rf"{_DIGITS_START}[2-9]\d{{3}}[ -]?\d{{4}}[ -]?\d{{4}}{_DIGITS_END}"), 0, _AADHAAR, 0.97, check=checksums.verhoeff),
    Pattern("IN_AADHAAR", _of(rf"{_DIGITS_START}[2-9]\d{{3}}[ -]?\d{{4}}[ -]?\d{{4}}{_DIGITS_END}"), 0, _AADHAAR, 0.75),
    Pattern("IN_VOTER_NUMBER", _of(r"(?<![\w-])(?:[A-Z]{3}\d{7}|[A-Z]{2}/\d{2}/\d{3}/\d{6,7})(?![\w-])"), 0, _VOTER, 0.97),
    *(Pattern("PHONE", _of(one), 0.85, _PHONE, 0.97, check=_is_phone) for one in _PHONES),
    *(Pattern("PHONE", _of(one), 0.85, _PHONE, 0.97, check=_is_long_phone) for one in _NATIONAL_PHONES),
    Pattern("PHONE", _of(_PHONE_LIKE), 0, _PHONE, 0.8, check=_is_phone),
)  # fmt: skip
"""All patterns; where two claim the same characters, the surer one counts, then the longer, then the earlier here."""
