"""What a policy document must look like, and how AWS says that it does not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clary.core.policy import Request
from clary.core.policy_documents import MalformedPolicy, PolicyKind, parse

GOOD: dict[str, Any] = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
TRUST: dict[str, Any] = {
    "Effect": "Allow",
    "Action": "sts:AssumeRole",
    "Principal": {"Service": "sagemaker.amazonaws.com"},
}
BUCKET: dict[str, Any] = {**GOOD, "Principal": "*", "Resource": "arn:aws:s3:::b/*"}


def document(*statements: Any, **parts: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements), **parts})


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (document(GOOD), PolicyKind.IDENTITY),
        (json.dumps({"Version": "2012-10-17", "Statement": GOOD, "Id": "x"}), PolicyKind.IDENTITY),
        (document(TRUST), PolicyKind.TRUST),
        (
            document({**TRUST, "Principal": {"AWS": ["123456789012", "arn:aws:iam::123456789012:root"]}}),
            PolicyKind.TRUST,
        ),
        (document(BUCKET), PolicyKind.RESOURCE),
        (document({**BUCKET, "Sid": "any text, even spaces"}), PolicyKind.RESOURCE),
        (json.dumps({"Version": "2008-10-17", "Statement": BUCKET}), PolicyKind.RESOURCE),
        (json.dumps({"Statement": [BUCKET]}), PolicyKind.RESOURCE),
    ],
)
def test_well_formed_documents_are_read(text: str, kind: PolicyKind) -> None:
    assert parse(text, kind).statements
    assert parse(json.loads(text), kind).statements


def changed(base: dict[str, Any], **parts: Any) -> str:
    return document({key: value for key, value in {**base, **parts}.items() if value is not None})


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("", PolicyKind.IDENTITY, "Syntax errors in policy."),
        ("{", PolicyKind.TRUST, "This policy contains invalid Json"),
        ("no", PolicyKind.RESOURCE, "Policies must be valid JSON and the first byte must be '{'"),
        ("[]", PolicyKind.IDENTITY, "Syntax errors in policy."),
        ('{"Version": "2012-10-17"}', PolicyKind.RESOURCE, "Missing required field Statement"),
        (document(), PolicyKind.IDENTITY, "Syntax errors in policy."),
        (document(GOOD, More=1), PolicyKind.IDENTITY, "Syntax errors in policy."),
        (document(GOOD, Version="2020-01-01"), PolicyKind.IDENTITY, "Syntax errors in policy."),
        (
            document(GOOD, Version="2008-10-17"),
            PolicyKind.IDENTITY,
            "Policy document must be version 2012-10-17 or greater.",
        ),
        (
            '{"Version":"2012-10-17","Version":"2012-10-17","Statement":[]}',
            PolicyKind.IDENTITY,
            "Syntax errors in policy.",
        ),
        (changed(GOOD, Effect=None), PolicyKind.IDENTITY, "Missing required field Effect"),
        (changed(GOOD, Effect="allow"), PolicyKind.IDENTITY, "Syntax errors in policy."),
        (changed(GOOD, Action=None), PolicyKind.IDENTITY, "Policy statement must contain actions."),
        (changed(GOOD, Action=[]), PolicyKind.IDENTITY, "Policy statement must contain actions."),
        (changed(GOOD, Action=7), PolicyKind.IDENTITY, "Syntax errors in policy."),
        (changed(GOOD, NotAction="s3:*"), PolicyKind.IDENTITY, "Syntax errors in policy."),
        (
            changed(GOOD, Action="GetObject"),
            PolicyKind.IDENTITY,
            "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
        ),
        (changed(GOOD, Action="s 3:GetObject"), PolicyKind.IDENTITY, "Vendor s 3 is not valid"),
        (changed(GOOD, Resource=None), PolicyKind.IDENTITY, "Policy statement must contain resources."),
        (changed(GOOD, Resource="bucket"), PolicyKind.IDENTITY, 'Resource bucket must be in ARN format or "*".'),
        (changed(GOOD, Principal="*"), PolicyKind.IDENTITY, "Policy document should not specify a principal."),
        (changed(GOOD, Sid="a b"), PolicyKind.IDENTITY, "Statement IDs (SID) must be alpha-numeric."),
        (
            document({**GOOD, "Sid": "a"}, {**GOOD, "Sid": "a"}),
            PolicyKind.IDENTITY,
            "Statement IDs (SID) in a single policy must be unique.",
        ),
        (changed(GOOD, Condition={"Bogus": {"a": "b"}}), PolicyKind.IDENTITY, "Invalid Condition type : Bogus"),
        (changed(GOOD, Condition={"Bool": "x"}), PolicyKind.IDENTITY, "Syntax errors in policy."),
        (changed(GOOD, Surprise=1), PolicyKind.IDENTITY, "Syntax errors in policy."),
        (changed(TRUST, Principal=None), PolicyKind.TRUST, "Missing required field Principal"),
        (changed(TRUST, Resource="*"), PolicyKind.TRUST, "Has prohibited field Resource"),
        (
            changed(TRUST, Action="s3:GetObject"),
            PolicyKind.TRUST,
            "AssumeRole policy may only specify STS AssumeRole actions.",
        ),
        (changed(TRUST, Principal={"AWS": "alice"}), PolicyKind.TRUST, 'Invalid principal in policy: "AWS":"alice"'),
        (changed(BUCKET, Principal={"Who": "x"}), PolicyKind.RESOURCE, "Invalid principal in policy"),
        (changed(BUCKET, Principal=None), PolicyKind.RESOURCE, "Missing required field Principal"),
        (changed(BUCKET, Resource="b/*"), PolicyKind.RESOURCE, "Policy has invalid resource"),
        (changed(BUCKET, Action="GetObject"), PolicyKind.RESOURCE, "Policy has invalid action"),
    ],
)
def test_what_is_wrong_is_said_as_aws_says_it(text: str, kind: PolicyKind, message: str) -> None:
    with pytest.raises(MalformedPolicy) as caught:
        parse(text, kind)
    assert str(caught.value).startswith(message)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=10)
    | st.sampled_from(["*", "s3:*", "Allow"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
ELEMENTS = st.sampled_from(
    ["Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Principal", "NotPrincipal", "Condition"]
)


@settings(max_examples=300)
@given(st.dictionaries(ELEMENTS, VALUES), st.sampled_from(list(PolicyKind)), st.sampled_from([GOOD, TRUST, BUCKET, {}]))
def test_no_document_crashes_parsing_or_evaluation(parts, kind: PolicyKind, base: dict[str, Any]) -> None:
    try:
        parsed = parse(json.dumps({"Version": "2012-10-17", "Statement": {**base, **parts}}), kind)
    except MalformedPolicy as error:
        assert str(error)
    else:
        parsed.decide(Request("s3:GetObject", "arn:aws:s3:::b/k", {"aws:username": "x"}))


@given(st.text(max_size=200))
def test_no_text_crashes_parsing(text: str) -> None:
    with pytest.raises(MalformedPolicy):
        parse(text)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 50_000, '{"Version": 1' + "0" * 10_000 + "}"])
def test_deep_and_huge_documents_are_refused(text: str) -> None:
    with pytest.raises(MalformedPolicy):
        parse(text)
