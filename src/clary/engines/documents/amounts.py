"""Amounts of money as they are printed, and their currencies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

CURRENCIES = {
    "€": "EUR", "eur": "EUR", "euro": "EUR", "£": "GBP", "gbp": "GBP", "us$": "USD", "usd": "USD", "rm": "MYR",
    "myr": "MYR", "s$": "SGD", "sgd": "SGD", "a$": "AUD", "aud": "AUD", "c$": "CAD", "cad": "CAD", "nz$": "NZD",
    "nzd": "NZD", "hk$": "HKD", "hkd": "HKD", "₹": "INR", "rs": "INR", "rs.": "INR", "inr": "INR", "¥": "JPY",
    "jpy": "JPY", "cny": "CNY", "rmb": "CNY", "chf": "CHF", "sfr": "CHF", "kr": "SEK", "sek": "SEK", "nok": "NOK",
    "dkk": "DKK", "r$": "BRL", "brl": "BRL", "zł": "PLN", "pln": "PLN", "₩": "KRW", "krw": "KRW", "฿": "THB",
    "thb": "THB", "rp": "IDR", "idr": "IDR", "₱": "PHP", "php": "PHP", "₽": "RUB", "rub": "RUB", "mxn": "MXN",
    "zar": "ZAR", "aed": "AED", "sar": "SAR", "try": "TRY", "₺": "TRY", "ils": "ILS", "₪": "ILS", "$": "USD",
}  # fmt: skip
"""ISO 4217 codes by what is printed. "$" alone stands for US dollars unless the page names another dollar."""

_SIGN = (
    r"(?:US\$|S\$|A\$|C\$|NZ\$|HK\$|R\$|RM|USD|EUR|GBP|MYR|SGD|AUD|CAD|NZD|HKD|INR|JPY|CNY|RMB|CHF|SEK|NOK|DKK|BRL|PLN"
    r"|KRW|THB|IDR|PHP|RUB|MXN|ZAR|AED|Rs\.?|[$€£₹¥₩฿₱₽₺₪])"
)
AMOUNT = re.compile(
    rf"(?<![\w.,/])(?P<minus>[-(])?\s?(?P<before>{_SIGN})?\s?(?P<minus2>-)?"
    r"(?P<number>\d{1,3}(?:[,.' ]\d{3})+(?:[.,]\s?\d{1,2})?|\d+(?:\s?[.,]\s?\d{1,3})?)(?![\d/%])"
    rf"\s?(?P<after>{_SIGN}(?![\w]))?(?P<minus3>-)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount in a text.

    Attributes:
        value: signed.
        currency: ISO 4217 code, where a sign or a code stands beside it.
        start: of its first character in the text.
        end: after its last character.
        exact: has digits for cents; without them it may as well be a count.
    """

    value: Decimal
    currency: str | None
    start: int
    end: int
    exact: bool


def amounts_in(text: str) -> Iterator[Amount]:
    """All amounts of a text, from left to right."""
    for match in AMOUNT.finditer(text):
        number = match.group("number").replace(" ", "").replace("'", "")
        sign = match.group("before") or match.group("after")
        value, exact = _value(number)
        if any(match.group(name) for name in ("minus", "minus2", "minus3")):
            value = -value
        start = match.start("before") if match.group("before") else match.start("number")
        end = match.end("after") if match.group("after") else match.end("number")
        yield Amount(value, CURRENCIES[sign.lower()] if sign else None, start, end, exact)


def _value(number: str) -> tuple[Decimal, bool]:
    """Reads digits with any separators: the last one parts the cents when one or two digits follow it."""
    place = max(number.rfind("."), number.rfind(","))
    if place < 0:
        return Decimal(number), False
    decimals = number[place + 1 :]
    whole = re.sub(r"[.,]", "", number[:place])
    if len(decimals) in (1, 2):
        return Decimal(f"{whole or '0'}.{decimals}"), len(decimals) == 2
    return Decimal(whole + decimals), False


def currency_of(text: str) -> str | None:
    """The currency that a page's text names most often; None where it names none."""
    counts: dict[str, int] = {}
    for match in re.finditer(rf"(?<![\w])({_SIGN})(?=[\s\d).:]|$)", text, re.IGNORECASE):
        code = CURRENCIES[match.group(1).lower()]
        counts[code] = counts.get(code, 0) + 1
    return max(counts, key=lambda code: counts[code]) if counts else None
