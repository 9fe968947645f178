"""Made-up sentences, letter heads and forms with names and postal addresses, from lists of names and places.

No licensed set marks postal addresses, so these sentences teach them. The words around them are written for this
purpose; names come from gaz_names_by_country (CC0), towns and countries from gaz_world_cities (CC BY 4.0). An address
is marked whole: unit, street, town, code, country.
"""

from __future__ import annotations

import csv
import gzip
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from clary.engines.text.words import words as words_of

PLACE = re.compile(r"\{(\w+)\}")

ENGLISH_TYPES = (
    "Street", "St", "St.", "Avenue", "Ave", "Ave.", "Road", "Rd", "Rd.", "Lane", "Ln", "Drive", "Dr", "Court", "Ct",
    "Boulevard", "Blvd", "Way", "Place", "Pl", "Square", "Terrace", "Close", "Crescent", "Highway", "Parkway", "Circle",
    "Row", "Gardens", "Grove", "Hill", "Mews", "Walk", "Trail", "Loop", "Alley", "Junction", "Ridge", "Heights",
)  # fmt: skip
BEFORE = (
    "Via", "Viale", "Vicolo", "Piazza", "Corso", "Rue", "Rue de", "Rue du", "Avenue", "Avenue de la", "Boulevard", "Place",
    "Chemin de", "Calle", "C/", "Avda.", "Avenida", "Plaza", "Paseo de", "Carrera", "Rua", "Rua do", "Rua da", "Travessa",
    "Largo", "Pra\u00e7a", "ul.", "ulica", "al.", "os.", "ulitsa", "Jalan", "Strada", "Str.", "Odos", "Sokak", "Camino",
    "Quinta", "Am", "An der", "Im", "Zum",
)  # fmt: skip
GLUED = (
    "strasse", "stra\u00dfe", "weg", "gasse", "platz", "allee", "gatan", "v\u00e4gen", "vej", "gade", "veien", "gata",
    "laan", "straat", "plein", "kade", "katu", "tie", "kuja", "polku", "str\u00e6ti", "gata", "vegur", "vang", "bakken",
    "stien", "h\u00f8j", "hof", "ring", "damm", "ufer", "berg", "dal", "puiestee", "tee", "ov\u00e1", "sk\u00e1", "n\u00e1",
)  # fmt: skip
BEHIND = ("u.", "utca", "\u00fat", "t\u00e9r", "k\u00f6z", "Sok.", "Cad.", "pst.", "mnt", "iela", "gatv\u0117", "str")
SYLLABLES = (
    "ka", "ro", "min", "tel", "sva", "lo", "be", "gri", "vas", "dun", "hel", "mar", "to", "ni", "sta", "el", "vi", "kor", "pra",
    "br\u00fc", "j\u00e4", "\u00f8r", "s\u00e5", "l\u0151", "\u017ee", "\u0159i", "\u0142a", "\u0107u", "nd", "st", "er", "en", "o", "a",
)  # fmt: skip
GREEK = "\u03b1\u03b2\u03b3\u03b4\u03b5\u03b6\u03b7\u03b8\u03b9\u03ba\u03bb\u03bc\u03bd\u03bf\u03c0\u03c1\u03c3\u03c4\u03c5\u03c6"
STATES = (
    "AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR PA RI"
    " SC SD TN TX UT VT VA WA WV WI WY ON BC AB QC NSW VIC QLD SK NB ZH BE VS SE NO"
).split()  # fmt: skip
TEMPLATES = (
    "{n} moved to {a} in spring .", "We shipped the parcel to {a} yesterday .", "My new place is {a} .", "Visit us at {a} !",
    "She grew up at {a} and never left .", "Our head office : {a}", "Deliver it to {n} , {a} .", "Ship to : {n} {a}",
    "{n} {a}", "{n} {o} {a}", "Dear {n} , your order goes to {a} . Is that right ?", "Address : {a} Name : {n}",
    "Name : {n} Address : {a} Phone : {d}", "the meeting is at {a} at noon", "Please pick me up from {a} .",
    "I live at {a} , next to the school .", "The crash happened near {a} last night .", "customer {n} , residing at {a} ,",
    "Return address : {a}", "Sincerely , {n} {o} {a} {d}", "{o} , {a}", "{o} {a} Tel {d}", "{a}", "> {n} > {o} > {a}",
    "The clinic on {a} is closed today .", "Turn left at {c} .", "They meet at {c} every Friday .", "Send {n} 's mail to {a} .",
    "What is the fastest way to {a} from here ?", "Agent : which address ? Customer : {a}", "taxi to {a} please",
    "{n} ( born 1970 ) owns the house at {a} .", "Two addresses : {a} , and {a} .", "Mr. {l} works at {o} , {a} .",
    "Mrs. {n} {a}", "{n} | {o} | {a} | {d}", "The shop is on {s} .", "Parking on {s} is not allowed .", "He lives on {s} , {w} .",
    "My name is {n} .", "This is {n} speaking , from {w} .", "{n} , {n} and {f} came along .", "Dr. {l} saw {n} at 3 pm .",
    "Hi {f} , this is {f} .", "thanks , {f}", "Regards , {n}", "{f} gave {f} the keys .", "Call {n} at {d} .", "To : {n} From : {n}",
    "Contact : {n} , {o} , {d}", "{l} , {f} signed for {o} .", "I am {f} {l} and I lost my card .", "cc {n} ; {n}", "{n} 's file is missing",
    "Is {f} at home ?", "Patient {n} , age 54 , was seen by Dr. {l} .", "{n} flew to {w} on Monday .", "{o} hired {n} in {w} .",
)  # fmt: skip


@dataclass
class Names:
    """The lists that sentences are made of."""

    first: list[str]
    last: list[str]
    towns: list[tuple[str, str]]


def load(data: Path) -> Names:
    """Reads the lists."""
    folder = data / "gaz_names_by_country"
    first = [
        line.strip() for name in ("first_us.txt", "first_es.txt") for line in (folder / name).open(encoding="utf-8")
    ]
    last = [
        line.strip()
        for code in ("us", "de", "es", "fr", "it", "pt", "hi", "cn", "kr")
        for line in (folder / f"surnames_{code}.txt").open(encoding="utf-8")
    ]
    for name, names in (("common-forenames-by-country.csv", first), ("common-surnames-by-country.csv", last)):
        with (folder / name).open(encoding="utf-8") as file:
            for row in csv.DictReader(file):
                names += [row["Localized Name"], row["Romanized Name"]] * 2
    with gzip.open(data / "gaz_world_cities" / "world-cities.csv.gz", "rt", encoding="utf-8") as file:
        towns = [(row["name"], row["country"]) for row in csv.DictReader(file)]
    return Names([name for name in first if name], [name for name in last if name], towns)


class Writer:
    """Makes sentences: words and their labels."""

    def __init__(self, names: Names, seed: int) -> None:
        self._names = names
        self._rng = random.Random(seed)

    def sentences(self, count: int) -> Iterator[tuple[list[str], list[str]]]:
        """Yields words and labels."""
        fields: dict[str, tuple[str, Callable[[], str]]] = {
            "n": ("PERSON", self._name), "f": ("PERSON", self._first), "l": ("PERSON", self._last),
            "a": ("ADDRESS", self.address), "c": ("ADDRESS", self._corner), "s": ("ADDRESS", self._street),
            "o": ("ORGANIZATION", self._company), "w": ("LOCATION", lambda: self._rng.choice(self._names.towns)[0]), "d": ("O", self._phone),
        }  # fmt: skip
        for _ in range(count):
            words: list[str] = []
            labels: list[str] = []
            for part in self._rng.choice(TEMPLATES).split():
                found = PLACE.fullmatch(part)
                kind, make = fields[found[1]] if found else ("O", lambda part=part: part)
                pieces = [word.text for word in words_of(make(), "en")]
                words += pieces
                labels += ["O"] * len(pieces) if kind == "O" else [f"B-{kind}"] + [f"I-{kind}"] * (len(pieces) - 1)
            if words:
                yield words, labels

    def address(self) -> str:
        """Returns a postal address."""
        luck, rng = self._rng.random(), self._rng
        if luck < 0.1:
            return self._box()
        town, country = rng.choice(self._names.towns)
        parts = [self._street() if rng.random() > 0.08 else self._corner()]
        if rng.random() < 0.45:
            parts.insert(rng.choice((0, 1, 1, 1)), self._unit())
        if luck < 0.3:
            return " ".join(parts)
        code = rng.choice((f"{rng.randint(1, 99999):05}", f"{rng.randint(1000, 9999)}", self._post_code()))
        region = rng.choice(STATES)
        tail = rng.choice((
            f", {town}, {region} {code}", f", {town}", f", {code} {town}", f", {town}, {country}", f" {town} {country} {code}",
            f", {town}, {country} {code}", f" {town} {region} {code}", f" {town}", f", {town.upper()}, {country}", f" {town.upper()} {country} {code}",
            f" {town}, {region} {country} {code}", f", {code} {town}, {country}",
        ))  # fmt: skip
        return " ".join(parts) + tail

    def _street(self) -> str:
        rng = self._rng
        name, kind = self._street_name(), rng.random()
        number = str(rng.randint(1, rng.choice((99, 999, 9999)))) + (
            rng.choice("aAbBcC") if rng.random() < 0.08 else ""
        )
        if kind < 0.4:
            street = f"{number} {name} {rng.choice(ENGLISH_TYPES)}"
        elif kind < 0.6:
            street = f"{rng.choice(BEFORE)} {name} {number}"
        elif kind < 0.78:
            street = f"{name.split()[0]}{rng.choice(GLUED)} {number}"
        elif kind < 0.86:
            street = f"{name} {rng.choice(BEHIND)} {number}" + ("." if rng.random() < 0.5 else "")
        else:
            street = f"{name} {number}"
        if rng.random() < 0.2:
            street = f"{rng.randint(1, 99999):0{rng.choice((1, 4, 5))}} {street}"
        return street

    def _street_name(self) -> str:
        rng, luck = self._rng, self._rng.random()
        if luck < 0.35:
            return rng.choice(self._names.last).title()
        if luck < 0.5:
            return rng.choice(self._names.towns)[0]
        if luck < 0.6:
            return rng.choice(
                (
                    "Main",
                    "Church",
                    "Oak",
                    "Park",
                    "Mill",
                    "High",
                    "Station",
                    "Elm",
                    "Lake",
                    "Maple",
                    "King",
                    "Queen",
                    "North",
                    "South",
                    "Second",
                    "5th",
                    "42nd",
                    "Victoria",
                    "Cedar",
                    "Spring",
                    "Crown",
                    "Bridge",
                )
            )
        if luck < 0.68:
            return self._name()
        if luck < 0.73:
            return "".join(rng.choice(GREEK) for _ in range(rng.randint(4, 9))).title()
        return "".join(rng.choice(SYLLABLES) for _ in range(rng.randint(2, 4))).title()

    def _corner(self) -> str:
        one, other = self._street(), self._street()
        return self._rng.choice((f"the corner of {one} and {other}", f"{one} and {other}", f"corner {one} / {other}"))

    def _box(self) -> str:
        rng = self._rng
        number = rng.randint(1, 9999)
        zip_code = f"{rng.randint(1, 99999):05}"
        town, country = rng.choice(self._names.towns)
        return rng.choice((
            f"PO Box {number}, {town} {zip_code}", f"P.O. Box {number}", f"Postbus {number}, {town}", f"Postfach {number}, {zip_code} {town}",
            f"PSC {number}, Box {rng.randint(1, 9999)} APO {rng.choice(('AA', 'AE', 'AP'))} {zip_code}",
            f"Unit {number} Box {rng.randint(1, 9999)} DPO {rng.choice(('AA', 'AE', 'AP'))} {zip_code}",
            f"USNS {self._last()} FPO AP {zip_code}", f"Box {number} {town}, {country} {zip_code}", f"RR {rng.randint(1, 9)} Box {number}, {town}",
        ))  # fmt: skip

    def _unit(self) -> str:
        rng = self._rng
        return f"{rng.choice(('Apt.', 'Apt', 'Suite', 'Ste.', 'Unit', 'Flat', 'Floor', '#', 'Room', 'Building'))} {rng.randint(1, 999):0{rng.choice((1, 3))}}"

    def _post_code(self) -> str:
        rng = self._rng
        letter = lambda: rng.choice("ABCEGHKLMNPRSTVWXY")  # noqa: E731 - three codes share it
        return rng.choice((
            f"{letter()}{letter()}{rng.randint(1, 20)} {rng.randint(1, 9)}{letter()}{letter()}",
            f"{letter()}{rng.randint(1, 9)}{letter()} {rng.randint(1, 9)}{letter()}{rng.randint(1, 9)}",
            f"{rng.randint(100, 999)} {rng.randint(10, 99)}", f"{rng.randint(1000, 9999)} {letter()}{letter()}",
        ))  # fmt: skip

    def _first(self) -> str:
        return self._rng.choice(self._names.first)

    def _last(self) -> str:
        return self._rng.choice(self._names.last).title()

    def _name(self) -> str:
        rng = self._rng
        middle = rng.choice(
            ("", "", "", f" {rng.choice('ABCDEFGHJKLMNPRSTVW')}", f" {rng.choice('ABCDEFGHJKLMNPRSTVW')}.")
        )
        name = f"{self._first()}{middle} {self._last()}" + (f"-{self._last()}" if rng.random() < 0.05 else "")
        return name

    def _company(self) -> str:
        rng = self._rng
        word = rng.choice(
            (self._last(), "".join(rng.choice(SYLLABLES) for _ in range(3)).title(), f"{self._last()} & {self._last()}")
        )
        return word + rng.choice(
            (
                "",
                " Ltd",
                " Inc.",
                " GmbH",
                " LLC",
                " Group",
                " Bank",
                " Software",
                " Foods",
                ", Smith and Sons",
                " AG",
                " Partners",
            )
        )

    def _phone(self) -> str:
        rng = self._rng
        return f"{rng.choice(('+1 ', '0', '+44 ', ''))}{rng.randint(200, 999)} {rng.randint(200, 999)} {rng.randint(1000, 9999)}"
