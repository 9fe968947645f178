import time
from itertools import pairwise

import pytest

from clary.engines.text.personal_data import TYPES, checksums
from clary.engines.text.personal_data.finder import Named, find

EXAMPLES = [
    ("EMAIL", "Write to jane.o-neil+x@mail.example.co.uk.", "jane.o-neil+x@mail.example.co.uk"),
    ("URL", "See https://shop.example.com/a?b=1, please.", "https://shop.example.com/a?b=1"),
    ("URL", "It is on www.example.org today.", "www.example.org"),
    ("IP_ADDRESS", "Login from 192.168.0.17 failed", "192.168.0.17"),
    ("IP_ADDRESS", "Login from 2001:db8::ff00:42:8329 failed", "2001:db8::ff00:42:8329"),
    ("MAC_ADDRESS", "The card 00:1B:44:11:3A:B7 answers", "00:1B:44:11:3A:B7"),
    ("AWS_ACCESS_KEY", "key AKIAIOSFODNN7EXAMPLE leaked", "AKIAIOSFODNN7EXAMPLE"),
    ("AWS_SECRET_KEY", "secret: wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
    ("INTERNATIONAL_BANK_ACCOUNT_NUMBER", "Pay to GB82 WEST 1234 5698 7654 32 today", "GB82 WEST 1234 5698 7654 32"),
    ("CREDIT_DEBIT_NUMBER", "It is 4111 1111 1111 1111 there", "4111 1111 1111 1111"),
    ("CREDIT_DEBIT_NUMBER", "my card 378282246310005", "378282246310005"),
    ("CREDIT_DEBIT_CVV", "The CVV is 921.", "921"),
    ("CREDIT_DEBIT_EXPIRY", "It expires on 04/27.", "04/27"),
    ("PIN", "my PIN number is 4821", "4821"),
    ("PASSWORD", "The password is tr0ub4dor&3!", "tr0ub4dor&3"),
    ("USERNAME", "username: jsmith_77 and", "jsmith_77"),
    ("US_INDIVIDUAL_TAX_IDENTIFICATION_NUMBER", "ITIN 912-71-1234", "912-71-1234"),
    ("SSN", "SSN: 536-22-8712.", "536-22-8712"),
    ("BANK_ROUTING", "routing number 021000021", "021000021"),
    ("BANK_ACCOUNT_NUMBER", "account number 000123456789", "000123456789"),
    ("BANK_ROUTING", "with the routing number XXXXX0000.", "XXXXX0000"),
    ("BANK_ACCOUNT_NUMBER", "from bank account number ****1111, due", "****1111"),
    ("PASSPORT_NUMBER", "Her passport number is 912803456.", "912803456"),
    ("DRIVER_ID", "driver's license D1234567", "D1234567"),
    ("LICENSE_PLATE", "a car with license plate 7ABC123", "7ABC123"),
    ("VEHICLE_IDENTIFICATION_NUMBER", "the number 1HGCM82633A004352 is stamped", "1HGCM82633A004352"),
    ("UK_NATIONAL_INSURANCE_NUMBER", "NINO AB 12 34 56 C", "AB 12 34 56 C"),
    ("CA_SOCIAL_INSURANCE_NUMBER", "social insurance number 130 692 544", "130 692 544"),
    ("UK_UNIQUE_TAXPAYER_REFERENCE_NUMBER", "my UTR is 1955839661", "1955839661"),
    ("IN_PERMANENT_ACCOUNT_NUMBER", "PAN ABCPE1234F", "ABCPE1234F"),
    ("IN_NREGA", "job card WB-01-002-003-004/567", "WB-01-002-003-004/567"),
    ("SWIFT_CODE", "BIC DEUTDEFF500", "DEUTDEFF500"),
    ("UK_NATIONAL_HEALTH_SERVICE_NUMBER", "NHS number 943 476 5919", "943 476 5919"),
    ("CA_HEALTH_NUMBER", "health card 1234-567-890-AB", "1234-567-890-AB"),
    ("IN_AADHAAR", "Aadhaar 9999 4105 7058", "9999 4105 7058"),
    ("IN_VOTER_NUMBER", "voter ID ABC1234567", "ABC1234567"),
    ("PHONE", "Call +1 (206) 555-0142 now", "+1 (206) 555-0142"),
    ("PHONE", "ring 020 7946 0018", "020 7946 0018"),
    ("DATE_TIME", "It was 25 May 2012 again", "25 May 2012"),
    ("AGE", "She is 42 years old", "42 years"),
    ("AGE", "a man aged 77.", "77"),
    ("ADDRESS", "I live at 12 Oak Street, Apt. 4 with a dog", "12 Oak Street, Apt. 4"),
    ("ADDRESS", "Sie wohnt in der Gartenstrasse 12 seither", "Gartenstrasse 12"),
    ("ADDRESS", "Post to P.O. Box 219, thanks", "P.O. Box 219"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "text", "datum"), EXAMPLES)
def test_each_type_is_found_where_it_stands(kind: str, text: str, datum: str) -> None:
    found = [(one["type"], text[one["begin"] : one["end"]]) for one in find(text)]
    assert (kind, datum) in found
    assert all(0 < one["score"] <= 1 for one in find(text))


def test_every_type_but_names_has_an_example() -> None:
    assert {kind for kind, _, _ in EXAMPLES} == set(TYPES) - {"NAME"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "x",
        "He bought 4111 1111 1111 1112 apples.",  # the last digit does not fit
        "GB82 WEST 1234 5698 7654 33",
        "There are 4821 trees and 921 birds.",
        "Build 021000022 passed.",
        "Version 300.1.2.3 is out.",
        "666-12-3456 and 000-12-3456 and 900-00-0000",
        "the word COMPUTER in capitals",
        "The sum is 943 476 5918.",
        "the meeting is next week",
        "The handle is beautiful. Handle: Kitchen",
        "Expedition 10 crew, higher than expected 16 percent",
        "Ginsu 04825 14-Piece, DLO 009-3032, PLATES BREAK - 3 IN FIRST MONTH",
        "SanDisk 512 MB USB 2.0 Portable Drive",
        "A username is required, and the password was reset.",
        "Your password is invalid. Password: optional",
    ],
)
def test_what_only_looks_like_personal_data_is_left_alone(text: str) -> None:
    assert [one for one in find(text) if one["type"] not in {"PHONE", "QUANTITY"}] == []


def test_a_number_counts_only_beside_the_word_that_says_what_it_is() -> None:
    assert find("It holds 4821 litres.") == []
    assert [one["type"] for one in find("Its PIN is 4821.")] == ["PIN"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Passport number: 533380006. Driver's license number D1234567.",
            [("PASSPORT_NUMBER", "533380006"), ("DRIVER_ID", "D1234567")],
        ),
        (
            "Driver's license number D1234567, passport number: 533380006.",
            [("DRIVER_ID", "D1234567"), ("PASSPORT_NUMBER", "533380006")],
        ),
        (
            "plate 7ABC123 and VIN 1HGCM82633A004352",
            [("LICENSE_PLATE", "7ABC123"), ("VEHICLE_IDENTIFICATION_NUMBER", "1HGCM82633A004352")],
        ),
        ("Venmo @lucy-k-2, please", [("USERNAME", "@lucy-k-2")]),
        ("User jdoe42 and user guide are different.", [("USERNAME", "jdoe42")]),
        ("It broke 4 years later, 3 days ago and 2 weeks from now, on 3 May.", [("DATE_TIME", "3 May")]),
    ],
)
def test_the_nearest_word_says_what_a_datum_is(text: str, expected: list[tuple[str, str]]) -> None:
    assert [(one["type"], text[one["begin"] : one["end"]]) for one in find(text)] == expected


@pytest.mark.parametrize(
    "text", ["Order number 7734128 was shipped", "Invoice number 2023001234, thanks", "tracking number 94001108"]
)
def test_not_every_number_is_one_to_call(text: str) -> None:
    assert find(text) == []
    assert [one["type"] for one in find("My number is 7734128.")] == ["PHONE"]


def test_what_is_left_of_an_address_that_is_cut_is_an_address() -> None:
    text = "The passport office is at gate 12345678."
    found = find(text, [Named(26, 39, "ADDRESS", 0.9)])
    assert [(one["type"], text[one["begin"] : one["end"]]) for one in found] == [("PASSPORT_NUMBER", "12345678")]
    text = "5 Mill Lane, ana@mail.example.com"
    found = find(text, [Named(0, len(text), "ADDRESS", 0.9)])
    assert [text[one["begin"] : one["end"]] for one in found] == ["5 Mill Lane", "ana@mail.example.com"]


def test_names_come_from_the_tagger_without_signs_and_forms_of_address() -> None:
    text = "Ms. Ana Lopez, and Mr."
    found = find(text, [Named(4, 14, "PERSON", 0.9), Named(19, 22, "PERSON", 0.9)])
    assert [(one["type"], text[one["begin"] : one["end"]]) for one in found] == [("NAME", "Ana Lopez")]


def test_places_beside_a_street_belong_to_the_address_and_others_do_not() -> None:
    text = "Paris is far. Send it to 5 Mill Lane, Springfield, IL 62701 today."
    places = [Named(0, 5, "LOCATION", 0.9), Named(38, 49, "LOCATION", 0.9)]
    found = [text[one["begin"] : one["end"]] for one in find(text, places) if one["type"] == "ADDRESS"]
    assert found == ["5 Mill Lane, Springfield, IL 62701"]


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("UTR 1955839661", "UTR 2955839661"),
        ("Aadhaar 9999 4105 7058", "Aadhaar 9999 4105 7059"),
        ("VIN 1HGCM82633A004352", "VIN 1HGCM82633A004353"),
        ("card 4111 1111 1111 1111", "card 4111 1111 1111 1112"),
    ],
)
def test_a_number_whose_check_digit_is_wrong_is_less_sure(right: str, wrong: str) -> None:
    ((sure,), (unsure,)) = find(right), find(wrong)
    assert sure["type"] == unsure["type"]
    assert unsure["score"] <= 0.75 < 0.95 < sure["score"]


@pytest.mark.parametrize("text", ["ITIN", "PIN 482", "SIN 130 692 545", "Passport 9128"])
def test_the_name_of_a_number_is_no_address(text: str) -> None:
    assert find(text, [Named(0, len(text), "ADDRESS", 0.9)]) == []


def test_the_end_of_a_company_s_name_is_no_state_before_its_address() -> None:
    text = "Alpha Holdings BV, 12 Oak Street, Austin TX 78701"
    found = find(text, [Named(34, 40, "LOCATION", 0.9)])
    assert [text[one["begin"] : one["end"]] for one in found] == ["12 Oak Street, Austin TX 78701"]


def test_data_do_not_overlap_and_stand_in_order() -> None:
    text = " ".join(example for _, example, _ in EXAMPLES)
    found = find(text, [Named(5, 60, "PERSON", 0.5)])
    assert len(found) > 30
    assert all(one["end"] <= other["begin"] for one, other in pairwise(found))


def test_offsets_count_characters_behind_emoji_and_combining_marks() -> None:
    text = "👩‍👩‍👧 e\u0301 مرحبا a@b.example.com"
    (found,) = find(text)
    assert text[found["begin"] : found["end"]] == "a@b.example.com"


@pytest.mark.parametrize(
    "unit",
    [
        "1",
        "1 ",
        "1-",
        "a.",
        "a@",
        "(",
        ":",
        "A1",
        "+1 (",
        "http://",
        "card 1 ",
        "password is ",
        "12 Oak St ",
        "Apt 1 ",
        "exp is ",
    ],
)
def test_hostile_text_takes_time_proportional_to_its_length(unit: str) -> None:
    def seconds(characters: int) -> float:
        text = unit * (characters // len(unit))
        places = [Named(at, at + 2, "LOCATION", 0.9) for at in range(0, characters, 40)]
        start = time.process_time()
        find(text, places)
        return time.process_time() - start

    assert seconds(24_000) < 8 * seconds(6_000) + 0.5  # four times is linear, sixteen quadratic


def test_a_hundred_kilobytes_of_anything_take_seconds() -> None:
    text = "1a.@-( :+/x" * 9_000
    start = time.process_time()
    find(text)
    assert time.process_time() - start < 20


@pytest.mark.parametrize(
    ("check", "right", "wrong"),
    [
        (checksums.luhn, "4111 1111 1111 1111", "4111 1111 1111 1117"),
        (checksums.iban, "DE89 3704 0044 0532 0130 00", "DE89 3704 0044 0532 0130 01"),
        (checksums.aba, "021000021", "021000012"),
        (checksums.vin, "1M8GDM9AXKP042788", "1M8GDM9A1KP042788"),
        (checksums.verhoeff, "999941057058", "999941057085"),
        (checksums.nhs, "943 476 5919", "943 476 5991"),
        (checksums.utr, "1955839661", "2955839661"),
        (checksums.ssn, "536-22-8712", "536-00-8712"),
        (checksums.itin, "912-71-1234", "912-49-1234"),
        (checksums.nino, "AB123456C", "GB123456C"),
        (checksums.ip_address, "::1", "256.1.1.1"),
        (checksums.secret_key, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "a" * 40),
    ],
)
def test_issuers_rules_tell_right_numbers_from_wrong_ones(check: object, right: str, wrong: str) -> None:
    assert callable(check)
    assert check(right)
    assert not check(wrong)
