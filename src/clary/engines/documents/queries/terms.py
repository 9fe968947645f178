"""The words of questions and of what stands on pages, made comparable."""

from __future__ import annotations

import re
from enum import StrEnum

_STOP = """
a an the of for to in on at by and or is are was were be been do does did has have had this that these those what which
whose with from as it its their his her our your my there here please tell me give show find value mentioned listed
shown stated given document page form written printed
"""
STOP = frozenset(_STOP.split())
"""Words that say nothing about what is asked."""
_SAME = """
date-of-birth: dob birthdate birthday born
start: starting begin begins beginning started commence effective commencement
end: ending ends ended thru through until finish
expire: expires expiration expiry exp expiring valid
issue: issued iss issuance
number: no num nr nbr # numbers
identifier: id identification
telephone: phone tel mobile cell contact ph
address: addr addresses residence lives located location live
amount: amt sum much value
total: totals
year-to-date: ytd y-t-d
current: period
employer: company firm organization
employee: worker
name: named names called
first: given forename
last: surname family sumname
sex: gender
gross: grosspay
pay: paid wage wages salary earnings earned payment
rate: hourly
tax: taxes taxable
net: takehome
email: e-mail mail
zip: zipcode postcode postal
position: title job occupation role
physician: doctor dr
insurance: insurer
policy: plan
member: subscriber
vendor: seller supplier merchant
customer: client buyer
invoice: bill
due: owed owing payable
quantity: qty
vacation: vac
hour: hrs hr hours
sickness: sick
group: grp
height: hgt
weight: wgt
eye: eyes
license: licence lic dl
class: category
social-security-number: ssn
birth: born
admit: admission admitted
discharge: discharged
"""
SYNONYMS = {
    word: name for line in _SAME.strip().splitlines() for name, words in [line.split(":")] for word in words.split()
}
_PHRASES = [
    (re.compile(pattern, re.IGNORECASE), replacement)
    for pattern, replacement in (
        (r"date\s+of\s+birth|birth\s?date|d\.o\.b\.?", " date-of-birth "),
        (r"year[\s-]+to[\s-]+date|total\s+to\s+date|y\.t\.d\.?", " year-to-date "),
        (r"social\s+security\s+(?:number|no\.?)", " social-security-number "),
        (r"this\s+(?:pay\s+)?period|current\s+period", " current "),
        (r"e-mail", " email "),
        (r"post(?:al)?\s?code|zip\s?code", " zip "),
        (r"['\u2019]s\b", ""),
    )
]  # fmt: skip
_WORD = re.compile(r"[^\W_]+(?:-(?:of|to|security)-[a-z]+(?:-[a-z]+)?)?|#", re.IGNORECASE)


class Wanted(StrEnum):
    """What kind of value a question asks for."""

    DATE = "date"
    AMOUNT = "amount"
    NUMBER = "number"
    NAME = "name"
    ADDRESS = "address"
    PHONE = "phone"
    EMAIL = "email"
    YES_OR_NO = "yes-or-no"
    ANYTHING = "anything"


def terms_of(text: str) -> list[str]:
    """The words that carry meaning, in one form for all their forms, in order."""
    for pattern, replacement in _PHRASES:
        text = pattern.sub(replacement, text)
    found = []
    for word in _WORD.findall(text.lower()):
        if word in STOP:
            continue
        found.append(SYNONYMS.get(word) or SYNONYMS.get(_stem(word)) or _stem(word))
    return found


def _stem(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith("es") and word[-3] in "sxzh":
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith("ss"):
        return word[:-1]
    return word


_WANTED = (
    (Wanted.YES_OR_NO, r"^\W*(?:is|are|was|were|does|do|did|has|have|had|can|will)\b"),
    (Wanted.EMAIL, r"e-?mail"),
    (Wanted.PHONE, r"\b(?:tele)?phone\b|\bfax\b"),
    (Wanted.DATE, r"^\W*when\b|\bdates?\b|\bdob\b|\bbirthday\b|\b(?:what|which)\s+(?:day|month|year)\b|expir(?:e"
                  r"|y|ation)"),
    (Wanted.ADDRESS, r"^\W*where\b|\baddress\b"),
    (
        Wanted.AMOUNT,
        r"\bhow\s+much\b|\bamounts?\b|\btotals?\b|\bprice\b|\bcosts?\b|\b(?:gross|net)\b|\bbalance\b|\bfees?\b"
        r"|\bsalary\b|\bwages?\b"
        r"|\bsubtotal\b|\bpaid\b|\bcharges?\b|\b(?:hourly|interest)\s+rate\b|\brate\b|\bdiscount\b|\btax\b"
        r"|\b(?:regular|holiday|overtime)\s+pay\b",
    ),
    (Wanted.NUMBER, r"\bhow\s+many\b|\bnumbers?\b|\bno\b|\bids?\b|\bcode\b|\bzip\b|#|\bssn\b|\bhours\b|\bquantity\b"),
    (Wanted.NAME, r"^\W*who(?:se)?\b|\bnames?\b"),
)  # fmt: skip


def wanted_by(question: str) -> Wanted:
    """What kind of value a question asks for."""
    bare = re.sub(r"year[\s-]+to[\s-]+date|up\s+to\s+date", "", question, flags=re.IGNORECASE)
    return next((kind for kind, pattern in _WANTED if re.search(pattern, bare, re.IGNORECASE)), Wanted.ANYTHING)
