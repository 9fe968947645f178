"""Driving licences, passports, machine-readable zones."""

from __future__ import annotations

from datetime import date

import pytest

from clary.engines.documents.identity import find_identities
from clary.engines.documents.identity.labels import KINDS
from clary.engines.documents.identity.mrz import check_digit, parse_zone, zone_lines
from clary.engines.documents.papers import IdentityField
from tests.unit.engines.documents.pages_made import Put, page

TODAY = date(2026, 1, 1)
PASSPORT = ("P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10")
CARD = ("I<UTOD231458907<<<<<<<<<<<<<<<", "7408122F1204159UTO<<<<<<<<<<<6", "ERIKSSON<<ANNA<MARIA<<<<<<<<<<")


def fields_of(puts: list[Put]) -> tuple[str, dict[str, IdentityField]]:
    (found,) = find_identities([page(puts)], TODAY)
    assert tuple(field.kind for field in found.fields) == KINDS
    return found.kind, {field.kind: field for field in found.fields}


def test_check_digits_are_those_of_the_standard() -> None:
    assert check_digit("520727") == 3
    assert check_digit("AB2134<<<") == 5


@pytest.mark.parametrize("lines", [PASSPORT, CARD])
def test_both_forms_of_zones_are_read(lines: tuple[str, ...]) -> None:
    found = parse_zone(lines, TODAY)
    assert found is not None
    assert found.valid
    assert (found.surname, found.given_names, found.nationality, found.sex) == ("ERIKSSON", "ANNA MARIA", "UTO", "F")
    assert (found.birth, found.expiry) == (date(1974, 8, 12), date(2012, 4, 15))


def test_letters_that_were_read_for_digits_are_put_right() -> None:
    found = parse_zone((PASSPORT[0], PASSPORT[1].replace("740812", "74O8I2")), TODAY)
    assert found is not None
    assert found.valid
    assert found.birth == date(1974, 8, 12)


def test_a_wrong_check_digit_is_noticed() -> None:
    found = parse_zone((PASSPORT[0], PASSPORT[1].replace("7408122", "7408127")), TODAY)
    assert found is not None
    assert not found.valid


def test_fillers_that_were_lost_are_put_back() -> None:
    found = parse_zone((PASSPORT[0].replace("<<<<<<<<<<<", "<<<<<"), PASSPORT[1]), TODAY)
    assert found is not None
    assert found.surname == "ERIKSSON"


def test_text_is_no_zone() -> None:
    assert zone_lines(["UNITED STATES OF AMERICA", "Department of State 2029"]) == []
    assert parse_zone(["nothing", "here"], TODAY) is None


def test_a_licence_is_read_by_the_numbers_and_labels_of_its_fields() -> None:
    kind, fields = fields_of(
        [
            (60, 40, "MASSACHUSETTS"),
            (300, 40, "DRIVER LICENSE"),
            (300, 80, "4a ISS"),
            (450, 80, "4d NUMBER"),
            (312, 94, "03/18/2016"),
            (462, 94, "820BAC729CBAC"),
            (300, 120, "4b EXP"),
            (450, 120, "3 DOB"),
            (312, 134, "01/20/2020"),
            (462, 134, "03/18/1978"),
            (250, 170, "1 SOUZA"),
            (250, 190, "2 JORGE LUIS"),
            (250, 210, "8 100 MAIN STREET"),
            (262, 224, "ANYTOWN, MA, 02127"),
            (250, 260, "9 CLASS D 12 REST NONE"),
        ]
    )
    texts = {name: field.text for name, field in fields.items() if field.text}
    assert kind == "driver-license-front"
    assert texts == {
        "first-name": "JORGE",
        "middle-name": "LUIS",
        "last-name": "SOUZA",
        "document-number": "820BAC729CBAC",
        "date-of-issue": "03/18/2016",
        "expiration-date": "01/20/2020",
        "date-of-birth": "03/18/1978",
        "address": "100 MAIN STREET ANYTOWN, MA, 02127",
        "city-in-address": "ANYTOWN",
        "state-in-address": "MA",
        "zip-code-in-address": "02127",
        "state-name": "MASSACHUSETTS",
        "class": "D",
        "restrictions": "NONE",
        "id-type": "DRIVER LICENSE FRONT",
    }
    assert fields["date-of-birth"].normalized == "1978-03-18T00:00:00"


def test_a_long_zip_code_whose_digits_were_read_apart_is_one() -> None:
    made = page(
        [
            (60, 40, "SOUTH CAROLINA"),
            (60, 60, "DRIVER'S LICENSE"),
            (250, 90, "4d DL# 123456789"),
            (250, 108, "8 123 MAIN STREET"),
            (250, 122, "ANYTOWN, SC 12345111 1"),
            (250, 140, "3 DOB 07/04/1970"),
        ]
    )
    (found,) = find_identities([made], TODAY)
    texts = {field.kind: field.text for field in found.fields}
    assert texts["address"] == "123 MAIN STREET ANYTOWN, SC 123451111"
    assert (texts["state-in-address"], texts["zip-code-in-address"]) == ("SC", "123451111")


def test_a_passport_is_read_below_its_labels_and_its_zone_fills_what_lacks() -> None:
    kind, fields = fields_of(
        [
            (60, 40, "PASSPORT"),
            (250, 80, "Surname / Nom"),
            (250, 94, "ERIKSSON"),
            (250, 150, "Place of birth / Lieu de naissance"),
            (250, 164, "Zenith"),
            (250, 190, "Date of issue / Date de delivrance"),
            (250, 204, "16 APR 2007"),
            (60, 700, PASSPORT[0]),
            (60, 720, PASSPORT[1]),
        ]
    )
    texts = {name: field.text for name, field in fields.items() if field.text}
    assert kind == "passport"
    assert texts["last-name"] == "ERIKSSON"
    assert (texts["first-name"], texts["middle-name"]) == ("ANNA", "MARIA")
    assert texts["document-number"] == "L898902C3"
    assert texts["place-of-birth"] == "Zenith"
    assert fields["date-of-issue"].normalized == "2007-04-16T00:00:00"
    assert fields["expiration-date"].normalized == "2012-04-15T00:00:00"
    assert texts["mrz-code"] == "\n".join(PASSPORT)


def test_a_letter_is_no_identity_document() -> None:
    kind, fields = fields_of([(60, 40, "Dear Ann, thank you for your letter")])
    assert kind == "other"
    assert {name for name, field in fields.items() if field.text} == {"id-type"}
