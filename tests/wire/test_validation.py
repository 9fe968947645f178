"""Validation says what AWS says, in the words of the protocol the request was written in."""

from __future__ import annotations

import itertools
import re
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from clary.core.errors import ServiceError
from clary.wire import models, patterns
from clary.wire.echo import shown
from clary.wire.errors import InvalidArgument, InvalidRequest, MalformedXML
from clary.wire.routing import PROTOCOLS
from clary.wire.validation import MissingRequestBodyError, ValidationError, validate, violations

from .wirekit import APIS


def message_of(api: str, operation: str, parameters: dict[str, Any], protocol: str = "json") -> str:
    with pytest.raises(ServiceError) as caught:
        validate(models.service(api).operation(operation), parameters, PROTOCOLS[protocol])
    return caught.value.message


def told(api: str, operation: str, parameters: dict[str, Any]) -> list[str]:
    return [str(violation) for violation in violations(models.service(api).operation(operation), parameters)]


def test_a_pattern_a_length_and_a_missing_member_are_told_as_aws_tells_them() -> None:
    assert message_of("sagemaker", "DescribeTrainingJob", {"TrainingJobName": "a_b"}) == (
        "1 validation error detected: Value 'a_b' at 'trainingJobName' failed to satisfy constraint: "
        "Member must satisfy regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"
    )
    assert message_of("sagemaker", "DescribeTrainingJob", {}) == (
        "1 validation error detected: Value null at 'trainingJobName' failed to satisfy constraint: "
        "Member must not be null"
    )
    assert message_of("sagemaker", "DescribeTrainingJob", {"TrainingJobName": "a" * 64}) == (
        f"2 validation errors detected: Value '{'a' * 64}' at 'trainingJobName' failed to satisfy constraint: "
        f"Member must have length less than or equal to 63; Value '{'a' * 64}' at 'trainingJobName' failed to "
        "satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"
    )


def test_a_number_out_of_range_is_told_with_its_value() -> None:
    assert told("sagemaker", "ListTrainingJobs", {"MaxResults": 0}) == [
        "Value '0' at 'maxResults' failed to satisfy constraint: Member must have value greater than or equal to 1"
    ]
    assert told("sagemaker", "ListTrainingJobs", {"MaxResults": 101}) == [
        "Value '101' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 100"
    ]


def test_a_value_outside_an_enumeration_is_told_with_the_set() -> None:
    assert told("sagemaker", "ListTrainingJobs", {"SortOrder": "Up"}) == [
        "Value 'Up' at 'sortOrder' failed to satisfy constraint: Member must satisfy enum value set: "
        "[Ascending, Descending]"
    ]


def test_members_of_structures_in_lists_are_told_with_their_position() -> None:
    request = {
        "TrainingJobName": "a",
        "RoleArn": "arn:aws:iam::123456789012:role/R",
        "AlgorithmSpecification": {"TrainingInputMode": "File"},
        "InputDataConfig": [
            {"ChannelName": "ok", "DataSource": {}},
            {"ChannelName": "not ok", "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix"}}},
        ],
        "OutputDataConfig": {"S3OutputPath": "s3://b/o"},
        "ResourceConfig": {"VolumeSizeInGB": 1},
        "StoppingCondition": {},
    }
    assert told("sagemaker", "CreateTrainingJob", request) == [
        "Value 'not ok' at 'inputDataConfig.2.member.channelName' failed to satisfy constraint: "
        "Member must satisfy regular expression pattern: [A-Za-z0-9\\.\\-_]+",
        "Value null at 'inputDataConfig.2.member.dataSource.s3DataSource.s3Uri' failed to satisfy constraint: "
        "Member must not be null",
    ]


def test_elements_of_lists_and_maps_are_told_with_the_whole_value() -> None:
    assert told("rekognition", "DetectFaces", {"Image": {}, "Attributes": ["ALL", "NOSE"]})[0].startswith(
        "Value '[ALL, NOSE]' at 'attributes' failed to satisfy constraint: Member must satisfy constraint: "
        "[Member must satisfy enum value set: ["
    )
    found = told("sagemaker", "CreateTrainingJob", {"HyperParameters": {"k": "v" * 2501}})[1]
    assert (
        "at 'hyperParameters' failed to satisfy constraint: Map value must satisfy constraint: [Member must have"
        in found
    )
    assert told("rekognition", "DetectFaces", {"Image": {}, "Attributes": [None]}) == [
        "Value null at 'attributes.1.member' failed to satisfy constraint: Member must not be null"
    ]


def test_a_sensitive_value_is_not_repeated() -> None:
    secret = "hunter2" * 100
    [sentence] = list(told("iam", "CreateLoginProfile", {"UserName": "u", "Password": secret}))
    assert sentence.startswith("Value at 'password' failed to satisfy constraint: Member must have length")
    assert "hunter2" not in sentence


def test_a_long_value_is_repeated_in_part() -> None:
    [sentence, *_] = told("sagemaker", "DescribeTrainingJob", {"TrainingJobName": "x" * 100_000})
    assert len(sentence) < 1300


def test_values_are_printed_as_java_prints_them() -> None:
    value = {"a": [True, 1, 2.5, None, "s"], "b": {}, "c": b"xy", "d": datetime(2026, 11, 22, tzinfo=UTC)}
    assert shown(value) == (
        "{a=[true, 1, 2.5, null, s], b={}, c=java.nio.HeapByteBuffer[pos=0 lim=2 cap=2], d=2026-11-22T00:00:00Z}"
    )
    assert shown(["x" * 600, "y" * 600]) == "[" + "x" * 600 + ", " + "y" * 421 + "..."


def test_printing_a_huge_value_costs_no_more_than_what_is_printed() -> None:
    huge: Any = ["z" * 10] * 1_000_000
    start = time.perf_counter()
    for _ in range(100):
        assert len(shown({"k": [huge, huge]})) == 1027
    assert time.perf_counter() - start < 1


def test_many_violations_are_told_in_part() -> None:
    tags = [{} for _ in range(10_000)]
    assert len(told("sagemaker", "AddTags", {"ResourceArn": "arn:aws:sagemaker:a", "Tags": tags})) == 100


def test_values_that_satisfy_the_model_pass() -> None:
    validate(models.service("sagemaker").operation("ListTrainingJobs"), {"CreationTimeAfter": datetime.now(UTC)})
    validate(models.service("sagemaker-runtime").operation("InvokeEndpoint"), {"EndpointName": "e", "Body": b"1"})
    validate(models.service("s3").operation("ListBuckets"), {})


@pytest.mark.parametrize(
    ("api", "operation", "protocol", "code"),
    [
        ("sagemaker", "DescribeTrainingJob", "json", "ValidationException"),
        ("logs", "DeleteLogGroup", "json", "InvalidParameterException"),
        ("ecr", "CreateRepository", "json", "InvalidParameterException"),
        ("cloudwatch", "GetMetricData", "json", "ValidationError"),
        ("sagemaker-runtime", "InvokeEndpoint", "rest-json", "ValidationError"),
        ("iam", "CreateUser", "query", "ValidationError"),
        ("sts", "AssumeRole", "query", "ValidationError"),
        ("personalize-events", "PutEvents", "rest-json", "ValidationException"),
    ],
)
def test_the_code_is_the_one_of_the_api_and_the_protocol(api: str, operation: str, protocol: str, code: str) -> None:
    with pytest.raises(ServiceError) as caught:
        validate(models.service(api).operation(operation), {}, PROTOCOLS[protocol])
    assert caught.value.wire_code == code
    assert "Member must not be null" in caught.value.message


@pytest.mark.parametrize(
    ("operation", "parameters", "error", "words"),
    [
        (
            "CopyObject",
            {"Bucket": "b", "Key": "k"},
            InvalidRequest,
            "Missing required header for this request: x-amz-copy-source",
        ),
        (
            "ListParts",
            {"Bucket": "b", "Key": "k"},
            InvalidRequest,
            "Missing required parameter for this request: uploadId",
        ),
        (
            "PutObject",
            {"Bucket": "b", "Key": "k", "ACL": "everybody"},
            InvalidArgument,
            "x-amz-acl: Member must satisfy enum",
        ),
        ("DeleteObjects", {"Bucket": "b"}, MissingRequestBodyError, "Request Body is empty"),
        ("DeleteObjects", {"Bucket": "b", "Delete": {"Objects": [{}]}}, MalformedXML, "not well-formed"),
    ],
)
def test_the_object_store_has_errors_of_its_own(
    operation: str, parameters: dict[str, Any], error: type[ServiceError], words: str
) -> None:
    with pytest.raises(error, match=words):
        validate(models.service("s3").operation(operation), parameters, PROTOCOLS["rest-xml"])


def test_the_object_store_names_a_wrong_storage_class() -> None:
    with pytest.raises(ServiceError) as caught:
        parameters = {"Bucket": "b", "Key": "k", "StorageClass": "PAPER"}
        validate(models.service("s3").operation("PutObject"), parameters, PROTOCOLS["rest-xml"])
    assert caught.value.wire_code == "InvalidStorageClass"


def test_the_query_protocol_has_a_code_of_its_own() -> None:
    with pytest.raises(ValidationError, match="2 validation errors detected: "):
        validate(models.service("sts").operation("AssumeRole"), {}, PROTOCOLS["query"])


def test_a_missing_parameter_has_its_own_error_where_the_model_has_one() -> None:
    error_code = "MissingParameter"
    operation = models.service("cloudwatch").operation("PutMetricData")
    assert error_code in [shape.error_code for shape in operation.error_shapes]
    for protocol in ("json", "query"):
        with pytest.raises(
            ServiceError, match=r"^The parameter MetricData\.member\.2\.MetricName is required\.$"
        ) as caught:
            validate(operation, {"Namespace": "N", "MetricData": [{"MetricName": "m"}, {}]}, PROTOCOLS[protocol])
        shape = operation.error_shape(caught.value.wire_code)
        assert shape is not None and shape.error_code == error_code


def all_patterns() -> set[str]:
    return {
        definition["pattern"]
        for api in APIS
        for definition in models.service(api)._definitions.values()
        if "pattern" in definition
    }


def test_every_pattern_of_the_models_is_checked() -> None:
    assert [pattern for pattern in all_patterns() if patterns.compiled(pattern) is None] == []


def test_the_narrow_form_of_a_pattern_means_the_same_for_ascii() -> None:
    pool = [chr(code) for code in range(128)]
    for pattern in all_patterns():
        if "\\p" in pattern.lower():
            wide = patterns.compiled(pattern)
            assert wide is not None
            for character in pool:
                for value in (character, f"a{character}b"):
                    assert patterns.matches(pattern, value) == (wide(value) is not None), (pattern, value)


def test_a_pattern_that_python_cannot_express_is_passed_over() -> None:
    assert patterns.compiled("[a-z&&[^b]]") is None
    assert patterns.matches("[a-z&&[^b]]", "anything")


@pytest.mark.parametrize(
    ("pattern", "good", "bad"),
    [
        (r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*", ["äöü 1", "日本", "a=b", ""], ["a*b", "🙂", "a\n"]),
        (r"([\p{L}\p{Z}\p{N}_.:\/=+\-@]*)${1,128}", ["tag"], ["a*"]),
        (r"\P{C}*", ["abc", "日本"], ["a\x00", "a\u200b"]),
        (r"[\P{C}\n]*", ["a\nb"], ["a\x01"]),
        (r"\p{ASCII}*", ["~a"], ["ä"]),
        (r"\p{Print}+", ["a b"], ["ä", "\t"]),
        (r"[^\p{Cc}]+", ["ä"], ["\x07"]),
        (r"\w+", ["a_1"], ["ä"]),
        (r"\d+", ["12"], ["١٢"]),
        (r"[\w-_]*", ["a-b_c"], ["a b"]),
        (r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\t]*", ["a🙂\t"], ["\n"]),
        (r"(?<year>\d{4})", ["2026"], ["26"]),
        (r"^[a-z]+", ["abc1"], ["1abc"]),
        (r"[a-z]+", ["abc"], ["abc1", ""]),
        (r"[a[b]+", ["a[b"], ["c"]),
        (r"\p{IsAlphabetic}+", ["ä"], ["1"]),
        (r"a\x{1F642}\z", ["a🙂"], ["a"]),
    ],
)
def test_patterns_mean_what_java_means(pattern: str, good: list[str], bad: list[str]) -> None:
    assert [value for value in good if not patterns.matches(pattern, value)] == []
    assert [value for value in bad if patterns.matches(pattern, value)] == []


UNITS = ("a", "0", "-", "/", "a-", "a.", "a/", "0a", " ", "a ", ":", "A", "[a", "a,", "ü", "@a.", "{{", "_", "1.", "*")
BEFORE = ("", "s3://b", "https://a", "arn:aws:sagemaker:us-east-1:123456789012:")


@contextmanager
def interrupted_after(seconds: float) -> Iterator[None]:
    def stop(*_: object) -> None:
        raise TimeoutError

    previous = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


def test_no_pattern_takes_long_on_a_hostile_value() -> None:
    slow = []
    for pattern in sorted(all_patterns()):
        try:
            with interrupted_after(1.5):
                for before, unit, after in itertools.product(BEFORE, UNITS, ("\x00", "\n\n")):
                    patterns.matches(pattern, (before + unit * 300)[:300] + after)
        except TimeoutError:
            slow.append(pattern)
    assert not slow, "\n".join(slow)


def test_a_value_far_too_long_is_told_so_at_once() -> None:
    start = time.perf_counter()
    found = told("sagemaker", "DescribeTrainingJob", {"TrainingJobName": "a-" * 500_000 + "!"})
    assert [text for text in found if "length" in text] and time.perf_counter() - start < 0.5


@pytest.mark.parametrize("pattern", patterns.LINEAR_TWINS)
def test_a_pattern_and_its_linear_twin_match_the_same(pattern: str) -> None:
    is_anchored = pattern.startswith("^")
    original = re.compile(patterns.translate(pattern), re.ASCII)
    for length in range(5):
        for characters in itertools.product("a0-/* .:\n\tB", repeat=length):
            for value in (
                ("".join(characters), "https://" + "".join(characters)) if length < 4 else ("".join(characters),)
            ):
                expected = (original.search if is_anchored else original.fullmatch)(value) is not None
                assert patterns.matches(pattern, value) == expected, value
