import pytest

from clary.core.call import Call
from clary.core.errors import ValidationException
from clary.services.sagemaker.names import MODEL, resource_arn
from clary.services.sagemaker.tags import Tags
from clary.storage.records import Record, Records
from tests.unit.services.sagemaker.conftest import assert_fits


@pytest.fixture
def arn(records: Records, call: Call) -> str:
    arn = resource_arn(call, MODEL, "Offer")
    records.insert(Record(MODEL, call.account, call.region, "Offer", arn))
    return arn


def test_tags_are_added_overwritten_listed_and_deleted(records: Records, call: Call, arn: str) -> None:
    tags = Tags(records)
    tags.add(call, {"ResourceArn": arn, "Tags": [{"Key": "team", "Value": "a"}, {"Key": "cost", "Value": ""}]})
    added = tags.add(call, {"ResourceArn": arn, "Tags": [{"Key": "team", "Value": "b"}]})
    assert_fits("AddTags", added)
    expected = [{"Key": "cost", "Value": ""}, {"Key": "team", "Value": "b"}]
    assert added == {"Tags": expected}
    assert tags.list(call, {"ResourceArn": arn}) == {"Tags": expected}
    assert tags.delete(call, {"ResourceArn": arn, "TagKeys": ["team", "unknown"]}) == {}
    assert tags.list(call, {"ResourceArn": arn}) == {"Tags": expected[:1]}


def test_an_arn_is_found_in_the_case_of_the_name_too(records: Records, call: Call, arn: str) -> None:
    Tags(records).add(call, {"ResourceArn": arn.replace("offer", "Offer"), "Tags": [{"Key": "k", "Value": "v"}]})
    assert records.tags(arn) == {"k": "v"}


@pytest.mark.parametrize(
    "unknown",
    [
        "arn:aws:sagemaker:us-east-1:123456789012:model/other",
        "arn:aws:sagemaker:us-east-1:999999999999:model/offer",
        "arn:aws:sagemaker:eu-west-1:123456789012:model/offer",
    ],
)
def test_a_resource_that_is_not_there_has_no_tags(records: Records, call: Call, arn: str, unknown: str) -> None:
    with pytest.raises(ValidationException, match="Could not find the resource"):
        Tags(records).list(call, {"ResourceArn": unknown})


def test_a_page_of_tags_is_followed_by_the_next(records: Records, call: Call, arn: str) -> None:
    tags = Tags(records)
    tags.add(call, {"ResourceArn": arn, "Tags": [{"Key": f"k{n:02}", "Value": ""} for n in range(5)]})
    first = tags.list(call, {"ResourceArn": arn, "MaxResults": 3})
    second = tags.list(call, {"ResourceArn": arn, "MaxResults": 3, "NextToken": first["NextToken"]})
    assert [tag["Key"] for tag in first["Tags"] + second["Tags"]] == ["k00", "k01", "k02", "k03", "k04"]
    assert "NextToken" not in second
    with pytest.raises(ValidationException, match="NextToken"):
        tags.list(call, {"ResourceArn": arn, "NextToken": "nonsense"})


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        ([{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}], "Duplicate"),
        ([{"Key": "aws:x", "Value": "1"}], "reserved"),
        ([{"Key": f"k{n}", "Value": ""} for n in range(51)], "at most 50"),
    ],
)
def test_tags_that_break_a_rule_are_refused_whole(
    records: Records, call: Call, arn: str, sent: list[dict[str, str]], message: str
) -> None:
    with pytest.raises(ValidationException, match=message):
        Tags(records).add(call, {"ResourceArn": arn, "Tags": sent})
    assert records.tags(arn) == {}
