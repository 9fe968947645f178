"""What texts say, with boto3 alone, as the lab notebooks go: real-time operations, batches, limits, hostile texts."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.clients.comprehend_desk import Comprehension
from tests.clients.conftest import RunningClary
from tests.clients.test_comprehend_models import code_of

LETTER = (
    "Hello Zhang Wei, I am John. Your AnyCompany Financial Services, LLC credit card account 1111-0000-1111-0008 has a "
    "minimum payment of $24.53 that is due by July 31st. The service in the Seattle office was wonderful. Write to "
    "sunspa@mail.com or call 206-555-0182."
)


@pytest.fixture(scope="module")
def desk(clary: RunningClary) -> Comprehension:
    return Comprehension(clary, "detect")


def pieces(answer: list[dict[str, Any]], text: str) -> list[str]:
    """What the offsets of an answer point at."""
    return [text[one["BeginOffset"] : one["EndOffset"]] for one in answer]


def test_the_language_of_a_text_is_told(desk: Comprehension) -> None:
    for text, code in (
        (LETTER, "en"),
        ("El perro duerme en la cocina desde ayer por la noche.", "es"),
        ("Der Hund schläft seit gestern Abend in der Küche.", "de"),
        ("犬は昨夜から台所で寝ています。", "ja"),
    ):
        languages = desk.comprehend.detect_dominant_language(Text=text)["Languages"]
        assert languages[0]["LanguageCode"] == code
        assert 0.5 < languages[0]["Score"] <= 1


def test_sentiment_has_four_scores_that_sum_to_one(desk: Comprehension) -> None:
    for text, sentiment in (
        ("I love this wonderful camera, it works perfectly.", "POSITIVE"),
        ("Terrible. It broke after a day and nobody answers my mails.", "NEGATIVE"),
    ):
        answer = desk.comprehend.detect_sentiment(Text=text, LanguageCode="en")
        assert answer["Sentiment"] == sentiment
        scores = answer["SentimentScore"]
        assert set(scores) == {"Positive", "Negative", "Neutral", "Mixed"}
        assert sum(scores.values()) == pytest.approx(1, abs=1e-3)
        assert max(scores, key=scores.get).upper() == sentiment


def test_entities_key_phrases_and_words_stand_where_their_offsets_say(desk: Comprehension) -> None:
    text = "Ana 😀 flew from Paris to New York with Acme Corporation on 3 May 2021."
    entities = desk.comprehend.detect_entities(Text=text, LanguageCode="en")["Entities"]
    assert pieces(entities, text) == [one["Text"] for one in entities]
    found = {(one["Text"], one["Type"]) for one in entities}
    assert {("Paris", "LOCATION"), ("New York", "LOCATION")} <= found
    assert any(one["Type"] == "DATE" and "May" in one["Text"] for one in entities)
    phrases = desk.comprehend.detect_key_phrases(Text=text, LanguageCode="en")["KeyPhrases"]
    assert pieces(phrases, text) == [one["Text"] for one in phrases]
    assert phrases
    tokens = desk.comprehend.detect_syntax(Text=text, LanguageCode="en")["SyntaxTokens"]
    assert pieces(tokens, text) == [one["Text"] for one in tokens]
    assert [one["TokenId"] for one in tokens] == list(range(1, len(tokens) + 1))
    assert {one["Text"]: one["PartOfSpeech"]["Tag"] for one in tokens}["flew"] == "VERB"


def test_targeted_sentiment_groups_mentions(desk: Comprehension) -> None:
    text = "The burger was delicious. The waiter was rude and he forgot our drinks."
    groups = desk.comprehend.detect_targeted_sentiment(Text=text, LanguageCode="en")["Entities"]
    mentions = {one["Text"].lower(): one for group in groups for one in group["Mentions"]}
    assert pieces(list(mentions.values()), text) == [one["Text"] for one in mentions.values()]
    feeling = {name: one["MentionSentiment"]["Sentiment"] for name, one in mentions.items()}
    assert feeling["burger"] == "POSITIVE"
    assert feeling["waiter"] == "NEGATIVE"
    assert all(index < len(group["Mentions"]) for group in groups for index in group["DescriptiveMentionIndex"])


def test_personal_information_is_located_and_named(desk: Comprehension) -> None:
    entities = desk.comprehend.detect_pii_entities(Text=LETTER, LanguageCode="en")["Entities"]
    found = {(one["Type"], LETTER[one["BeginOffset"] : one["EndOffset"]]) for one in entities}
    assert ("EMAIL", "sunspa@mail.com") in found
    assert any(kind == "PHONE" for kind, _ in found)
    labels = desk.comprehend.contains_pii_entities(Text=LETTER, LanguageCode="en")["Labels"]
    assert {one["Name"] for one in labels} == {kind for kind, _ in found}
    assert len({one["Name"] for one in labels}) == len(labels)


def test_toxic_segments_get_higher_scores(desk: Comprehension) -> None:
    segments = [{"Text": "Have a lovely day, my friend."}, {"Text": "You are a stupid worthless idiot, shut up."}]
    kind, rude = desk.comprehend.detect_toxic_content(TextSegments=segments, LanguageCode="en")["ResultList"]
    assert rude["Toxicity"] > 0.5 > kind["Toxicity"]
    assert len(rude["Labels"]) == 7
    with pytest.raises(ClientError) as refused:
        desk.comprehend.detect_toxic_content(TextSegments=segments * 6, LanguageCode="en")
    assert code_of(refused) == "InvalidRequestException"


@pytest.mark.parametrize(
    "what", ["dominant_language", "entities", "key_phrases", "sentiment", "syntax", "targeted_sentiment"]
)
def test_a_batch_answers_what_fits_and_tells_what_does_not(desk: Comprehension, what: str) -> None:
    more = {} if what == "dominant_language" else {"LanguageCode": "en"}
    method = getattr(desk.comprehend, f"batch_detect_{what}")
    answer = method(TextList=["I like the red house in Rome.", "x" * 5001, "He hates rain."], **more)
    assert [one["Index"] for one in answer["ResultList"]] == [0, 2]
    (error,) = answer["ErrorList"]
    assert error["Index"] == 1
    assert "5001 bytes" in error["ErrorMessage"]
    with pytest.raises(ClientError) as refused:
        method(TextList=["a"] * 26, **more)
    assert code_of(refused) == "BatchSizeLimitExceededException"


@pytest.mark.parametrize(
    ("what", "most"),
    [
        ("dominant_language", 100_000),
        ("key_phrases", 100_000),
        ("entities", 100_000),
        ("pii_entities", 100_000),
        ("sentiment", 5_000),
        ("syntax", 5_000),
        ("targeted_sentiment", 5_000),
    ],
)
def test_texts_that_are_too_long_are_refused_by_their_bytes(desk: Comprehension, what: str, most: int) -> None:
    more = {} if what == "dominant_language" else {"LanguageCode": "en"}
    with pytest.raises(ClientError) as refused:
        getattr(desk.comprehend, f"detect_{what}")(Text="ä" * (most // 2) + "x", **more)
    assert code_of(refused) == "TextSizeLimitExceededException"
    assert f"{most} bytes" in str(refused.value)
    assert f"{most + 1} bytes" in str(refused.value)


HOSTILE = (
    "\u0000\u0007\u001b",
    "👩‍👩‍👧‍👦 e\u0301\u0301",
    "مرحبا بالعالم",
    "x" * 4900,
    "   ",
    "a",
    "\u202eabc",
    "@@@@" * 900,
)


@pytest.mark.parametrize("text", HOSTILE)
def test_odd_texts_have_answers_with_right_offsets(desk: Comprehension, text: str) -> None:
    client = desk.comprehend
    client.detect_dominant_language(Text=text)
    assert sum(client.detect_sentiment(Text=text, LanguageCode="en")["SentimentScore"].values()) == pytest.approx(
        1, abs=1e-3
    )
    for answer in (
        client.detect_entities(Text=text, LanguageCode="en")["Entities"],
        client.detect_key_phrases(Text=text, LanguageCode="en")["KeyPhrases"],
        client.detect_syntax(Text=text, LanguageCode="en")["SyntaxTokens"],
    ):
        assert pieces(answer, text) == [one["Text"] for one in answer]
    for one in client.detect_pii_entities(Text=text, LanguageCode="en")["Entities"]:
        assert 0 <= one["BeginOffset"] < one["EndOffset"] <= len(text)


def test_a_hundred_kilobytes_without_a_space_are_answered(desk: Comprehension) -> None:
    client, text = desk.comprehend, "(;" * 25_000 + "ana@example.com" + "@." * 24_992 + " "
    assert len(text) == 100_000
    entities = client.detect_entities(Text=text, LanguageCode="en")["Entities"]
    assert "ana@example.com" in pieces(entities, text)
    assert pieces(entities, text) == [one["Text"] for one in entities]
    client.detect_key_phrases(Text=text, LanguageCode="en")
    located = client.detect_pii_entities(Text=text, LanguageCode="en")["Entities"]
    assert ("EMAIL", "ana@example.com") in [(one["Type"], *pieces([one], text)) for one in located]
    labels = client.contains_pii_entities(Text=text, LanguageCode="en")["Labels"]
    assert {one["Name"] for one in labels} == {one["Type"] for one in located}


def test_languages_without_a_model_and_codes_that_are_none_are_refused(desk: Comprehension) -> None:
    with pytest.raises(ClientError) as refused:
        desk.comprehend.detect_targeted_sentiment(Text="犬", LanguageCode="ja")
    assert code_of(refused) == "UnsupportedLanguageException"
    with pytest.raises(ClientError) as refused:
        desk.comprehend.detect_sentiment(Text="dog", LanguageCode="xx")
    assert code_of(refused) in ("ValidationException", "InvalidRequestException")
    with pytest.raises(ClientError) as refused:
        desk.comprehend.detect_entities(Text="dog")
    assert code_of(refused) == "InvalidRequestException"
