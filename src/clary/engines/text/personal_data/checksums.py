"""The rules by which issuers make numbers that can be told from random ones."""

from __future__ import annotations

import ipaddress
import re
from typing import Final

_NOT_ALPHANUMERIC: Final = re.compile(r"[^0-9A-Za-z]")

IBAN_LENGTHS: Final = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BI": 27, "BR": 29,
    "BY": 28, "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DJ": 27, "DK": 18, "DO": 28, "EE": 20, "EG": 29,
    "ES": 24, "FI": 18, "FK": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28,
    "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28,
    "LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MN": 20,
    "MR": 27, "MT": 31, "MU": 30, "NI": 28, "NL": 18, "NO": 15, "OM": 23, "PK": 24, "PL": 28, "PS": 29, "PT": 25,
    "QA": 29, "RO": 24, "RS": 22, "RU": 33, "SA": 24, "SC": 31, "SD": 18, "SE": 24, "SI": 19, "SK": 24, "SM": 27,
    "SO": 23, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20, "YE": 30,
}  # fmt: skip
"""The length of an international bank account number by country (SWIFT's registry)."""

_VERHOEFF_PRODUCT: Final = (
    "0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
    "5987604321", "6598710432", "7659821043", "8765932104", "9876543210",
)  # fmt: skip
_VERHOEFF_TURN: Final = (
    "0123456789", "1576283094", "5803796142", "8916043527", "9453126870", "4286573901", "2793806415", "7046913258",
)  # fmt: skip
_VIN_VALUES: Final = dict(zip("ABCDEFGHJKLMNPRSTUVWXYZ", "12345678123457923456789", strict=True))
_VIN_WEIGHTS: Final = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)


def bare(written: str) -> str:
    """Returns letters and digits alone, in capitals."""
    return _NOT_ALPHANUMERIC.sub("", written).upper()


def luhn(written: str) -> bool:
    """Whether the last digit is right by Luhn's rule (ISO/IEC 7812): cards, Canada's social insurance numbers."""
    digits = [int(character) for character in bare(written)]
    doubled = [digit if place % 2 == 0 else digit * 2 - 9 * (digit > 4) for place, digit in enumerate(reversed(digits))]
    return bool(digits) and any(digits) and sum(doubled) % 10 == 0


def iban(written: str) -> bool:
    """Whether length and check digits are those of an international bank account number (ISO 13616, mod 97)."""
    code = bare(written)
    if IBAN_LENGTHS.get(code[:2]) != len(code):
        return False
    return int("".join(str(int(character, 36)) for character in code[4:] + code[:4])) % 97 == 1


def aba(written: str) -> bool:
    """Whether nine digits are a routing number of the American Bankers Association."""
    digits = [int(character) for character in bare(written)]
    if len(digits) != 9 or not any(digits):
        return False
    first = digits[0] * 10 + digits[1]
    weighed = sum(weight * digit for weight, digit in zip((3, 7, 1) * 3, digits, strict=True))
    return (first <= 12 or 21 <= first <= 32 or 61 <= first <= 72 or first == 80) and weighed % 10 == 0


def vin(written: str) -> bool:
    """Whether the ninth character of a vehicle identification number is right (ISO 3779 as North America uses it)."""
    code = bare(written)
    if len(code) != 17 or (code.isdigit() and len(set(code)) < 3):
        return False
    values = [int(character) if character.isdigit() else int(_VIN_VALUES.get(character, "0")) for character in code]
    rest = sum(weight * value for weight, value in zip(_VIN_WEIGHTS, values, strict=True)) % 11
    return code[8] == ("X" if rest == 10 else str(rest))


def verhoeff(written: str) -> bool:
    """Whether the last digit is right by Verhoeff's rule (1969): India's Aadhaar."""
    check = 0
    for place, character in enumerate(reversed(bare(written))):
        check = int(_VERHOEFF_PRODUCT[check][int(_VERHOEFF_TURN[place % 8][int(character)])])
    return check == 0


def nhs(written: str) -> bool:
    """Whether ten digits are a number of Britain's National Health Service (mod 11)."""
    digits = [int(character) for character in bare(written)]
    if len(digits) != 10 or len(set(digits)) == 1:
        return False
    check = 11 - sum(weight * digit for weight, digit in zip(range(10, 1, -1), digits[:9], strict=True)) % 11
    return check != 10 and digits[9] == check % 11


def utr(written: str) -> bool:
    """Whether ten digits are a British unique taxpayer reference: the first digit checks the others (mod 11)."""
    digits = [int(character) for character in bare(written)[:10]]
    if len(digits) != 10:
        return False
    rest = sum(weight * digit for weight, digit in zip((6, 7, 8, 9, 10, 5, 4, 3, 2), digits[1:], strict=True)) % 11
    return digits[0] == int("21987654321"[rest])


def ssn(written: str) -> bool:
    """Whether nine digits can be a social security number: no part all zero, no area 666 or from 900."""
    digits = bare(written)
    return digits[:3] not in {"000", "666"} and digits[0] != "9" and digits[3:5] != "00" and digits[5:] != "0000"


def itin(written: str) -> bool:
    """Whether nine digits can be an individual taxpayer number: 9xx and a middle from 50-65, 70-88, 90-92, 94-99."""
    digits = bare(written)
    middle = int(digits[3:5])
    return digits[0] == "9" and (50 <= middle <= 65 or 70 <= middle <= 88 or 90 <= middle <= 92 or 94 <= middle <= 99)


def nino(written: str) -> bool:
    """Whether the prefix is one that British national insurance numbers have."""
    prefix = bare(written)[:2]
    refused = {"BG", "GB", "KN", "NK", "NT", "TN", "ZZ"}
    return prefix not in refused and prefix[0] not in "DFIQUV" and prefix[1] not in "DFIOQUV"


def ip_address(written: str) -> bool:
    """Whether it is an address of the Internet Protocol, version 4 or 6."""
    try:
        ipaddress.ip_address(written)
    except ValueError:
        return False
    return True


def secret_key(written: str) -> bool:
    """Whether forty characters look random: small and capital letters and digits, none of them too often."""
    kinds = (str.islower, str.isupper, str.isdigit)
    return all(any(kind(character) for character in written) for kind in kinds) and len(set(written)) >= 18
