"""Languages are told by what is written, in the tags of RFC 5646."""

from __future__ import annotations

import csv
import time
from pathlib import Path

import pytest

from clary.engines.text.language import LanguageDetector

DETECTOR = LanguageDetector.load()
SET = Path(__file__).parents[5] / "shared/data/language_id/dev/sentences.csv"
SENTENCES = {
    "en": "The train to the airport leaves every half an hour.",
    "de": "Der Zug zum Flughafen fährt jede halbe Stunde.",
    "fr": "Le train pour l'aéroport part toutes les demi-heures.",
    "es": "El tren al aeropuerto sale cada media hora.",
    "it": "Il treno per l'aeroporto parte ogni mezz'ora.",
    "pt": "O comboio para o aeroporto parte a cada meia hora.",
    "ar": "يغادر القطار إلى المطار كل نصف ساعة.",
    "hi": "हवाई अड्डे के लिए ट्रेन हर आधे घंटे में निकलती है।",
    "ja": "空港行きの電車は三十分ごとに出発します。",
    "ko": "공항으로 가는 기차는 30분마다 출발합니다.",
    "zh": "去机场的火车每半小时发一班车。",
    "zh-TW": "去機場的火車每半小時發一班車、請準時來車站。",
    "no": "Toget til flyplassen går hver halvtime, og billetten koster ikke så mye.",
}


@pytest.mark.parametrize("language", SENTENCES)
def test_a_sentence_is_of_its_language(language: str) -> None:
    found = DETECTOR.detect(SENTENCES[language])
    assert found[0]["language"] == language
    assert 0 < sum(one["score"] for one in found) <= 1.0001


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("ms", "Kerajaan berkata syarikat itu boleh menerima wang daripada pelbagai projek."),
        ("id", "Pemerintah mengatakan bahwa perusahaan itu bisa menerima uang dari berbagai proyek."),
        ("hr", "Tijekom tjedna u Zagrebu je tisuća ljudi čekalo vlak u Europi."),
        ("bs", "Tokom sedmice u Sarajevu je hiljada ljudi čekala voz u Evropi."),
        ("mi", "Ka haere ngā tamariki ki te kura i tēnei rā."),
        ("ts", "Vanhu va le tikweni leri va tirha siku na siku hikuva va lava mali."),
        ("tn", "Batho ba ne ba batla go itse gore ke eng se se diragetseng gompieno."),
    ],
)
def test_close_neighbours_are_told_by_their_everyday_words(language: str, text: str) -> None:
    assert DETECTOR.detect(text)[0]["language"] == language


@pytest.mark.parametrize("text", ["thanks", "hello there", "Works fine", "Good", "Worst. Purchase. Ever.", "ok"])
def test_a_word_or_two_are_of_a_language_that_many_write(text: str) -> None:
    assert DETECTOR.detect(text)[0]["language"] == "en"


@pytest.mark.parametrize("text", ["", " \n\t", "12345 67 !!", "😀😀", "\x00\x01"])
def test_a_text_without_letters_has_no_language(text: str) -> None:
    assert DETECTOR.detect(text) == []


def test_a_text_in_two_languages_names_both() -> None:
    found = DETECTOR.detect(
        "The weather is lovely and we are going to the park with all of our friends. "
        "Mañana vamos a ir a la playa con toda la familia porque hace mucho calor."
    )
    assert {one["language"] for one in found[:2]} == {"en", "es"}
    assert min(one["score"] for one in found[:2]) > 0.3


@pytest.mark.parametrize("text", ["a" * 100_000, "界" * 100_000, "שלום " * 20_000, "e\u0301" * 50_000, "\ud800abc def"])
def test_hostile_text_is_answered_soon(text: str) -> None:
    start = time.process_time()
    assert DETECTOR.detect(text)
    assert time.process_time() - start < 2


@pytest.mark.skipif(not SET.exists(), reason="the data sets beside the project are absent")
def test_languages_of_the_development_set_are_told_as_promised() -> None:
    with SET.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))[::4]
    same = {"no": "nb", "zh-TW": "zh"}
    found = [DETECTOR.detect(row["text"])[0]["language"] for row in rows]
    right = sum(same.get(one, one) == row["language"] for one, row in zip(found, rows, strict=True))
    assert right / len(rows) >= 0.94
