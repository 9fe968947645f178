from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from clary.core.call import ANONYMOUS, Call
from clary.core.clock import FixedClock
from clary.core.operations import collect
from clary.services.logs.errors import (
    InvalidParameterException,
    ResourceAlreadyExistsException,
    ResourceNotFoundException,
    ValidationException,
)
from clary.services.logs.resources import resources
from clary.storage.database import Database
from clary.storage.logs import SCHEMA, Logs

NOW_MS = 1_700_000_000_000
GROUP = "/aws/sagemaker/TrainingJobs"
HOUR, DAY = 3_600_000, 86_400_000


class Service:
    def __init__(self, path: Path) -> None:
        self.clock = FixedClock()
        self.database = Database(path / "logs.db", SCHEMA)
        self.logs = Logs(self.database, self.clock)
        self.table = collect(resources(logs=self.logs, clock=self.clock))

    def __call__(self, operation: str, **request):
        call = Call("logs", operation, "123456789012", "us-east-1", ANONYMOUS, "id", datetime.now(UTC))
        return self.table["logs", operation].handler(call, request)

    def write(self, stream: str, *events: tuple[int, str], group: str = GROUP) -> None:
        self.logs.put("123456789012", "us-east-1", group, stream, list(events))

    def get(self, stream: str = "s", **request):
        return self("GetLogEvents", logGroupName=GROUP, logStreamName=stream, **request)

    def filter(self, **request) -> list[str]:
        answer = self("FilterLogEvents", logGroupName=GROUP, **request)
        return [event["message"] for event in answer["events"]]


@pytest.fixture
def service(tmp_path: Path):
    service = Service(tmp_path)
    yield service
    service.database.close()


def texts(answer) -> list[str]:
    return [event["message"] for event in answer["events"]]


def test_a_group_is_described_as_it_was_created(service):
    service("CreateLogGroup", logGroupName="/g", tags={"a": "b"}, kmsKeyId="key")
    (group,) = service("DescribeLogGroups", logGroupNamePrefix="/g")["logGroups"]
    assert group == {
        "logGroupName": "/g",
        "creationTime": NOW_MS,
        "metricFilterCount": 0,
        "arn": "arn:aws:logs:us-east-1:123456789012:log-group:/g:*",
        "logGroupArn": "arn:aws:logs:us-east-1:123456789012:log-group:/g",
        "storedBytes": 0,
        "logGroupClass": "STANDARD",
        "deletionProtectionEnabled": False,
        "kmsKeyId": "key",
    }


def test_taken_and_missing_names_are_refused_in_awss_words(service):
    service("CreateLogGroup", logGroupName="/g")
    with pytest.raises(ResourceAlreadyExistsException, match="The specified log group already exists"):
        service("CreateLogGroup", logGroupName="/g")
    with pytest.raises(ResourceNotFoundException, match=r"The specified log group does not exist\."):
        service("DescribeLogStreams", logGroupName="/missing")
    with pytest.raises(ResourceNotFoundException, match=r"The specified log stream does not exist\."):
        service("GetLogEvents", logGroupName="/g", logStreamName="missing")
    service("DeleteLogGroup", logGroupName="/g")
    with pytest.raises(ResourceNotFoundException):
        service("DeleteLogGroup", logGroupName="/g")


def test_a_protected_group_is_not_deleted(service):
    service("CreateLogGroup", logGroupName="/g", deletionProtectionEnabled=True)
    with pytest.raises(ValidationException):
        service("DeleteLogGroup", logGroupName="/g")
    service("PutLogGroupDeletionProtection", logGroupIdentifier="/g", deletionProtectionEnabled=False)
    service("DeleteLogGroup", logGroupName="/g")
    assert service("DescribeLogGroups")["logGroups"] == []


def test_groups_are_paged_and_filtered(service):
    for i in range(5):
        service("CreateLogGroup", logGroupName=f"/g{i}", logGroupClass="STANDARD" if i % 2 else "INFREQUENT_ACCESS")
    names, token = [], {}
    while True:
        page = service("DescribeLogGroups", limit=2, **token)
        names.append([group["logGroupName"] for group in page["logGroups"]])
        if "nextToken" not in page:
            break
        token = {"nextToken": page["nextToken"]}
    assert names == [["/g0", "/g1"], ["/g2", "/g3"], ["/g4"]]
    of_class = service("DescribeLogGroups", logGroupClass="STANDARD", limit=1)
    assert [group["logGroupName"] for group in of_class["logGroups"]] == ["/g1"]
    assert "nextToken" in of_class
    named = service("DescribeLogGroups", logGroupIdentifiers=["arn:aws:logs:us-east-1:123456789012:log-group:/g3"])
    assert [group["logGroupName"] for group in named["logGroups"]] == ["/g3"]
    with pytest.raises(InvalidParameterException):
        service("DescribeLogGroups", nextToken="nonsense")


def test_retention_is_one_of_awss_numbers_and_hides_older_events(service):
    service.write("s", (NOW_MS - 4 * DAY, "old"), (NOW_MS, "new"))
    with pytest.raises(InvalidParameterException, match="retentionInDays"):
        service("PutRetentionPolicy", logGroupName=GROUP, retentionInDays=4)
    service("PutRetentionPolicy", logGroupName=GROUP, retentionInDays=3)
    assert service("DescribeLogGroups")["logGroups"][0]["retentionInDays"] == 3
    assert texts(service.get(startFromHead=True)) == service.filter() == ["new"]
    service("DeleteRetentionPolicy", logGroupName=GROUP)
    assert texts(service.get(startFromHead=True)) == ["old", "new"]
    assert "retentionInDays" not in service("DescribeLogGroups")["logGroups"][0]


def test_tags_are_the_same_by_arn_and_by_name(service):
    arn = "arn:aws:logs:us-east-1:123456789012:log-group:/g"
    service("CreateLogGroup", logGroupName="/g", tags={"a": "1"})
    service("TagResource", resourceArn=arn, tags={"b": "2"})
    service("TagLogGroup", logGroupName="/g", tags={"c": "3"})
    service("UntagResource", resourceArn=arn, tagKeys=["a", "x"])
    assert service("ListTagsForResource", resourceArn=arn) == {"tags": {"b": "2", "c": "3"}}
    service("UntagLogGroup", logGroupName="/g", tags=["b"])
    assert service("ListTagsLogGroup", logGroupName="/g") == {"tags": {"c": "3"}}
    with pytest.raises(InvalidParameterException):
        service("TagLogGroup", logGroupName="/g", tags={f"k{i}": "" for i in range(50)})


def test_the_sagemaker_sdks_loop_over_streams_ends(service):
    for i in range(60):
        service.write(f"job/algo-{i:02}", (NOW_MS, "x"))

    def describe(limit):
        return service(
            "DescribeLogStreams",
            logGroupName=GROUP,
            logStreamNamePrefix="job/",
            orderBy="LogStreamName",
            limit=limit,
        )

    streams = describe(1)
    rounds = 0
    while "nextToken" in streams:  # the SDK's own loop: it never passes the token
        streams = describe(50)
        rounds += 1
        assert rounds < 3
    assert len(streams["logStreams"]) == 60


def test_streams_are_paged_by_token(service):
    for name in "abc":
        service.write(name, (NOW_MS, "x"))
    first = service("DescribeLogStreams", logGroupName=GROUP, limit=2)
    second = service("DescribeLogStreams", logGroupName=GROUP, limit=2, nextToken=first["nextToken"])
    assert [s["logStreamName"] for s in first["logStreams"] + second["logStreams"]] == ["a", "b", "c"]
    assert "nextToken" not in second
    described = second["logStreams"][0]
    assert described["arn"] == f"arn:aws:logs:us-east-1:123456789012:log-group:{GROUP}:log-stream:c"
    assert described["firstEventTimestamp"] == described["lastEventTimestamp"] == NOW_MS
    exact = service("DescribeLogStreams", logGroupName=GROUP, limit=3)
    assert "nextToken" not in exact


def test_streams_by_last_event_can_not_have_a_prefix(service):
    service.write("a", (NOW_MS, "x"))
    service.write("b", (NOW_MS + 1, "x"))
    newest = service("DescribeLogStreams", logGroupName=GROUP, orderBy="LastEventTime", descending=True, limit=1)
    assert [s["logStreamName"] for s in newest["logStreams"]] == ["b"]
    with pytest.raises(InvalidParameterException, match="Cannot order by LastEventTime"):
        service("DescribeLogStreams", logGroupName=GROUP, orderBy="LastEventTime", logStreamNamePrefix="a")


def put(service, *events: tuple[int, str]):
    return service(
        "PutLogEvents",
        logGroupName=GROUP,
        logStreamName="s",
        logEvents=[{"timestamp": time, "message": message} for time, message in events],
    )


@pytest.fixture
def stream(service):
    service("CreateLogGroup", logGroupName=GROUP)
    service("CreateLogStream", logGroupName=GROUP, logStreamName="s")
    return service


def test_events_that_are_put_are_read(stream):
    answer = put(stream, (NOW_MS, "one"), (NOW_MS, "two"), (NOW_MS + 1, "three"))
    assert "rejectedLogEventsInfo" not in answer
    assert len(answer["nextSequenceToken"]) == 56
    page = stream.get()
    assert page["events"][0] == {"timestamp": NOW_MS, "message": "one", "ingestionTime": NOW_MS}
    assert texts(page) == ["one", "two", "three"]


def test_events_out_of_awss_window_are_left_out_and_named(stream):
    answer = put(
        stream,
        (NOW_MS - 20 * DAY, "old"),
        (NOW_MS - 15 * DAY, "old"),
        (NOW_MS - 5, "kept"),
        (NOW_MS + 2 * HOUR, "kept too"),
        (NOW_MS + 2 * HOUR + 1, "new"),
    )
    assert answer["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 2, "tooNewLogEventStartIndex": 4}
    assert texts(stream.get()) == ["kept", "kept too"]
    stream("PutRetentionPolicy", logGroupName=GROUP, retentionInDays=1)
    answer = put(stream, (NOW_MS - 2 * DAY, "expired"))
    assert answer["rejectedLogEventsInfo"] == {"expiredLogEventEndIndex": 1}


def test_a_batch_must_be_in_order_and_small_and_within_a_day(stream):
    with pytest.raises(InvalidParameterException, match="chronological"):
        put(stream, (NOW_MS, "b"), (NOW_MS - 1, "a"))
    with pytest.raises(InvalidParameterException, match="24 hours"):
        put(stream, (NOW_MS - DAY - 1, "a"), (NOW_MS, "b"))
    with pytest.raises(InvalidParameterException, match="Upload too large: 1048577 bytes exceeds limit of 1048576"):
        put(stream, (NOW_MS, "x" * (1_048_577 - 26)))
    put(stream, (NOW_MS, "x" * (1_048_576 - 26)))
    assert len(stream.get()["events"]) == 1


def test_reading_forward_ends_with_the_same_token_and_goes_on_where_it_ended(service):
    service.write("s", *[(NOW_MS + i // 3, str(i)) for i in range(7)])
    read, token = [], {}
    while True:
        page = service.get(startFromHead=True, limit=3, **token)
        read += texts(page)
        if token and page["nextForwardToken"] == token["nextToken"]:
            assert page["events"] == []
            break
        token = {"nextToken": page["nextForwardToken"]}
    assert read == [str(i) for i in range(7)]
    service.write("s", (NOW_MS + 9, "later"))
    assert texts(service.get(startFromHead=True, **token)) == ["later"]


def test_reading_backward_begins_with_the_newest_and_ends_with_the_same_token(service):
    service.write("s", *[(NOW_MS + i // 3, str(i)) for i in range(7)])
    page = service.get(limit=3)
    assert texts(page) == ["4", "5", "6"]
    page = service.get(limit=3, nextToken=page["nextBackwardToken"])
    assert texts(page) == ["1", "2", "3"]
    page = service.get(limit=3, nextToken=page["nextBackwardToken"])
    assert texts(page) == ["0"]
    end = service.get(limit=3, nextToken=page["nextBackwardToken"])
    assert (texts(end), end["nextBackwardToken"]) == ([], page["nextBackwardToken"])
    assert texts(service.get(limit=2, nextToken=end["nextForwardToken"])) == ["0", "1"]


def test_an_empty_stream_has_tokens_that_find_what_comes_later(stream):
    page = stream.get(startFromHead=True)
    newest = stream.get()
    assert page["events"] == newest["events"] == []
    put(stream, (NOW_MS, "first"))
    assert texts(stream.get(startFromHead=True, nextToken=page["nextForwardToken"])) == ["first"]
    assert texts(stream.get(nextToken=newest["nextForwardToken"])) == ["first"]


def test_a_page_holds_a_megabyte_and_the_next_the_rest(service):
    service.write("s", *[(NOW_MS + i, str(i) + "x" * 300_000) for i in range(5)])
    first = service.get(startFromHead=True)
    second = service.get(startFromHead=True, nextToken=first["nextForwardToken"])
    assert [m[0] for m in texts(first)] == ["0", "1", "2"]
    assert [m[0] for m in texts(second)] == ["3", "4"]


@pytest.mark.parametrize("token", ["f/12/s", "f/" + "9" * 56 + "/s", "x", "W10", "WyJhIiwiYiJd", "Wy0xLCJiIl0"])
def test_a_foreign_token_is_refused(stream, token):
    for operation in ("GetLogEvents", "DescribeLogStreams", "FilterLogEvents", "DescribeLogGroups"):
        names = {} if operation == "DescribeLogGroups" else {"logGroupName": GROUP}
        names |= {"logStreamName": "s"} if operation == "GetLogEvents" else {}
        with pytest.raises(InvalidParameterException, match="nextToken"):
            stream(operation, **names, nextToken=token)


def test_a_time_beyond_all_times_is_no_problem(service):
    service.write("s", (NOW_MS, "x"))
    for huge in (2**63 - 1, 10**30):
        assert service.filter(endTime=huge) == texts(service.get(endTime=huge)) == ["x"]
        assert service.filter(startTime=huge) == texts(service.get(startTime=huge)) == []


def test_filtering_merges_streams_by_time_and_pages_without_loss(service):
    for stream in "ab":
        service.write(stream, *[(NOW_MS + i, f"{stream}{i} {'ERROR' if i % 2 else 'ok'}") for i in range(6)])
    expected = ["a1 ERROR", "b1 ERROR", "a3 ERROR", "b3 ERROR", "a5 ERROR", "b5 ERROR"]
    assert service.filter(filterPattern="ERROR") == expected
    assert service.filter(filterPattern="ERROR", startFromHead=False) == expected[::-1]
    for direction in (True, False):
        read, token = [], {}
        while True:
            page = service(
                "FilterLogEvents",
                logGroupName=GROUP,
                filterPattern="ERROR",
                limit=4,
                startFromHead=direction,
                **token,
            )
            read += texts(page)
            if "nextToken" not in page:
                break
            token = {"nextToken": page["nextToken"]}
        assert read == (expected if direction else expected[::-1])


def test_filtering_by_stream_and_time_includes_the_end(service):
    service.write("a/1", (NOW_MS, "x"), (NOW_MS + 1, "y"), (NOW_MS + 2, "z"))
    service.write("b/1", (NOW_MS, "other"))
    assert service.filter(logStreamNamePrefix="a/", startTime=NOW_MS + 1, endTime=NOW_MS + 2) == ["y", "z"]
    assert service.filter(logStreamNames=["b/1"]) == ["other"]
    with pytest.raises(InvalidParameterException):
        service.filter(logStreamNames=["b/1"], logStreamNamePrefix="a")
    with pytest.raises(ResourceNotFoundException):
        service.filter(logStreamNames=["c"])
    event = service("FilterLogEvents", logGroupName=GROUP, logStreamNames=["b/1"])["events"][0]
    assert event["logStreamName"] == "b/1"
    assert len(event["eventId"]) == 56
