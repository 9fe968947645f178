from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from clary.core.call import ANONYMOUS, Call, Principal
from clary.core.errors import AccessDenied
from clary.core.operations import collect
from clary.core.policy import Request
from clary.core.policy_documents import PolicyKind, parse
from clary.services.s3 import errors
from clary.services.s3.access import effective_policy, request_policy
from clary.services.s3.bucket_configuration import bucket_configuration
from clary.services.s3.buckets import Buckets
from clary.services.s3.parameters import acl_of, canonical_id
from clary.storage.database import Database
from clary.storage.object_errors import InvalidRequest, NoSuchBucket
from clary.storage.objects import SCHEMA, Attributes, Objects

ACCOUNT = "123456789012"
USER = Principal("user", f"arn:aws:iam::{ACCOUNT}:user/ada", ACCOUNT)
STRANGER = Principal("user", "arn:aws:iam::999999999999:user/bob", "999999999999")
OPEN = ("DeletePublicAccessBlock", {})


class Service:
    def __init__(self, path: Path) -> None:
        self.database = Database(path / "objects.db", SCHEMA)
        (path / "files").mkdir()
        self.objects = Objects(self.database, path / "files")
        self.objects.create_bucket("b", ACCOUNT, "us-east-1")
        self.table = collect(bucket_configuration(self.objects))

    def __call__(self, operation: str, **request):
        call = Call("s3", operation, ACCOUNT, "us-east-1", USER, "id", datetime.now(UTC))
        return self.table["s3", operation].handler(call, {"Bucket": "b", **request})

    def put_policy(self, *statements: dict) -> None:
        self("PutBucketPolicy", Policy=json.dumps({"Version": "2012-10-17", "Statement": list(statements)}))

    @property
    def bucket(self):
        return self.objects.bucket("b")

    def allows(self, principal: Principal, action: str, resource: str, key: str | None = None) -> bool:
        policy = request_policy(self.objects, self.bucket, {"Key": key} if key else {})
        if policy is None:
            return False
        context = {"aws:principalaccount": principal.account} if principal.account else {}
        effect = parse(policy, PolicyKind.RESOURCE).decide(Request(action, resource, context, principal))
        return effect.name == "ALLOW"


@pytest.fixture
def service(tmp_path: Path):
    service = Service(tmp_path)
    yield service
    service.objects.close()
    service.database.close()


def statement(**changes):
    return {
        "Effect": "Allow",
        "Principal": {"Service": "personalize.amazonaws.com"},
        "Action": ["s3:GetObject", "s3:ListBucket"],
        "Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"],
        **changes,
    }


PUBLIC = statement(Principal="*", Action="s3:GetObject", Resource="arn:aws:s3:::b/*")


def test_a_policy_is_kept_told_and_removed(service):
    with pytest.raises(errors.NoSuchBucketPolicy):
        service("GetBucketPolicy")
    assert service("DeleteBucketPolicy") == {"__status__": 204}
    service.put_policy(statement())
    assert json.loads(service("GetBucketPolicy")["Policy"])["Statement"] == [statement()]
    assert service("GetBucketPolicyStatus") == {"PolicyStatus": {"IsPublic": False}}
    service("DeleteBucketPolicy")
    with pytest.raises(errors.NoSuchBucketPolicy):
        service("GetBucketPolicyStatus")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nonsense", "Policies must be valid JSON"),
        (json.dumps({"Version": "2012-10-17", "Statement": [statement(Effect="Perhaps")]}), "Invalid effect"),
        (json.dumps({"Version": "2012-10-17", "Statement": [{**statement(), "Resource": "arn:aws:s3:::other/*"}]}),
         "Policy has invalid resource"),
        (json.dumps({"Version": "2012-10-17", "Statement": [statement(Action="s3:GetObject",
                                                                      Resource="arn:aws:s3:::b")]}),
         "Action does not apply to any resource"),
        (json.dumps({"Version": "2012-10-17", "Statement": [statement(Action="s3:ListBucket",
                                                                      Resource="arn:aws:s3:::b/*")]}),
         "Action does not apply to any resource"),
        (json.dumps({"Version": "2012-10-17", "Statement": [statement(Sid="x" * 21_000)]}), "maximum allowed size"),
    ],
)  # fmt: skip
def test_a_policy_that_says_nothing_sensible_is_refused(service, text, message):
    with pytest.raises(errors.MalformedPolicy, match=message):
        service("PutBucketPolicy", Policy=text)
    assert "policy" not in service.bucket.settings


def test_a_public_policy_needs_the_block_to_be_off(service):
    with pytest.raises(AccessDenied, match="BlockPublicPolicy"):
        service.put_policy(PUBLIC)
    service("DeletePublicAccessBlock")
    service.put_policy(PUBLIC)
    assert service("GetBucketPolicyStatus") == {"PolicyStatus": {"IsPublic": True}}


@pytest.mark.parametrize(
    ("condition", "public"),
    [
        ({"StringEquals": {"aws:PrincipalOrgID": "o-1"}}, False),
        ({"StringLike": {"aws:PrincipalArn": "arn:aws:iam::1:role/*"}}, True),
        ({"IpAddress": {"aws:SourceIp": ["10.0.0.0/8"]}}, False),
        ({"IpAddress": {"aws:SourceIp": ["0.0.0.0/1"]}}, True),
        ({"StringEquals": {"aws:Referer": "x"}}, True),
        ({"StringNotEquals": {"aws:PrincipalAccount": "1"}}, True),
    ],
)
def test_a_condition_that_fixes_who_it_is_makes_a_policy_private(service, condition, public):
    service("DeletePublicAccessBlock")
    service.put_policy({**PUBLIC, "Principal": {"AWS": "*"}, "Condition": condition})
    assert service("GetBucketPolicyStatus")["PolicyStatus"]["IsPublic"] is public


def test_a_new_bucket_blocks_public_access_until_that_is_removed(service):
    all_on = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)
    assert service("GetPublicAccessBlock") == {"PublicAccessBlockConfiguration": all_on}
    service("DeletePublicAccessBlock")
    with pytest.raises(errors.NoSuchPublicAccessBlockConfiguration):
        service("GetPublicAccessBlock")
    service("PutPublicAccessBlock", PublicAccessBlockConfiguration={"BlockPublicAcls": True})
    answer = service("GetPublicAccessBlock")["PublicAccessBlockConfiguration"]
    assert answer == {**dict.fromkeys(all_on, False), "BlockPublicAcls": True}


def test_restricting_a_public_bucket_shuts_out_strangers_and_nobody_else(service):
    service("DeletePublicAccessBlock")
    service.put_policy(PUBLIC, {**PUBLIC, "Effect": "Deny", "Resource": "arn:aws:s3:::b/secret"})
    read = ("s3:GetObject", "arn:aws:s3:::b/k")
    assert service.allows(ANONYMOUS, *read)
    assert effective_policy(service.bucket) is service.bucket.settings["policy"]
    service("PutPublicAccessBlock", PublicAccessBlockConfiguration={"RestrictPublicBuckets": True})
    assert not service.allows(ANONYMOUS, *read)
    assert not service.allows(STRANGER, *read)
    assert service.allows(USER, *read)
    assert not service.allows(USER, "s3:GetObject", "arn:aws:s3:::b/secret")


def test_a_bucket_of_its_owner_alone_has_no_acls(service):
    assert service("GetBucketAcl") == {
        "Owner": {"ID": canonical_id(ACCOUNT)},
        "Grants": [{"Grantee": {"Type": "CanonicalUser", "ID": canonical_id(ACCOUNT)}, "Permission": "FULL_CONTROL"}],
    }
    with pytest.raises(errors.AccessControlListNotSupported):
        service("PutBucketAcl", ACL="public-read")
    service("PutBucketAcl", ACL="private")
    service.objects.put_bytes("b", "k", b"x")
    assert service("GetObjectAcl", Key="k")["Grants"][0]["Permission"] == "FULL_CONTROL"
    with pytest.raises(errors.AccessControlListNotSupported):
        service("PutObjectAcl", Key="k", ACL="public-read")


@pytest.fixture
def with_acls(service):
    service("DeletePublicAccessBlock")
    service("PutBucketOwnershipControls", OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]})
    service.objects.put_bytes("b", "k", b"x")
    return service


def test_public_acls_open_what_they_name(with_acls):
    service = with_acls
    listing, reading = ("s3:ListBucket", "arn:aws:s3:::b"), ("s3:GetObject", "arn:aws:s3:::b/k")
    service("PutBucketAcl", ACL="public-read")
    assert [grant["Permission"] for grant in service("GetBucketAcl")["Grants"]] == ["FULL_CONTROL", "READ"]
    assert service.allows(ANONYMOUS, *listing)
    assert not service.allows(ANONYMOUS, *reading, key="k")
    service("PutObjectAcl", Key="k", ACL="public-read")
    assert service.allows(ANONYMOUS, *reading, key="k")
    service("PutObjectAcl", Key="k", ACL="authenticated-read")
    assert not service.allows(ANONYMOUS, *reading, key="k")
    assert service.allows(STRANGER, *reading, key="k")
    service("PutPublicAccessBlock", PublicAccessBlockConfiguration={"IgnorePublicAcls": True, "BlockPublicAcls": True})
    assert not service.allows(STRANGER, *reading, key="k")
    assert not service.allows(ANONYMOUS, *listing)
    with pytest.raises(AccessDenied):
        service("PutObjectAcl", Key="k", ACL="public-read")


def test_grants_that_are_a_canned_acl_are_understood_and_others_refused(with_acls):
    service = with_acls
    owner = {"Grantee": {"Type": "CanonicalUser", "ID": canonical_id(ACCOUNT)}, "Permission": "FULL_CONTROL"}
    readers = {
        "Grantee": {"Type": "Group", "URI": "http://acs.amazonaws.com/groups/global/AllUsers"},
        "Permission": "READ",
    }
    service("PutBucketAcl", AccessControlPolicy={"Grants": [owner, readers]})
    assert service.bucket.settings["acl"] == "public-read"
    with pytest.raises(errors.InvalidBucketAclWithObjectOwnership):
        service("PutBucketOwnershipControls", OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]})
    with pytest.raises(errors.NotImplementedByS3):
        service("PutBucketAcl", AccessControlPolicy={"Grants": [{**owner, "Permission": "READ"}]})
    with pytest.raises(errors.NotImplementedByS3):
        service("PutBucketAcl", GrantRead="id=1")
    with pytest.raises(errors.MalformedACLError):
        service("PutBucketAcl")


def test_an_acl_of_an_object_leaves_its_other_attributes_alone(with_acls):
    service = with_acls
    attributes = Attributes(metadata={"a": "b"}, headers={"Content-Type": "text/x"}, owner=ACCOUNT)
    service.objects.put_bytes("b", "k", b"x", attributes)
    service("PutObjectAcl", Key="k", ACL="public-read")
    stored = service.objects.head("b", "k")
    assert (stored.acl, stored.metadata, stored.headers) == ("public-read", {"a": "b"}, {"Content-Type": "text/x"})


def test_ownership_is_the_owners_until_removed(service):
    rule = service("GetBucketOwnershipControls")["OwnershipControls"]["Rules"]
    assert rule == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    service("DeleteBucketOwnershipControls")
    with pytest.raises(errors.OwnershipControlsNotFoundError):
        service("GetBucketOwnershipControls")


def test_tags_of_a_bucket_are_replaced_whole(service):
    with pytest.raises(errors.NoSuchTagSet):
        service("GetBucketTagging")
    service("PutBucketTagging", Tagging={"TagSet": [{"Key": "a", "Value": "1"}]})
    assert service("GetBucketTagging") == {"TagSet": [{"Key": "a", "Value": "1"}]}
    for bad in ([{"Key": "a", "Value": "1"}] * 2, [{"Key": "aws:x", "Value": ""}], [{"Key": "k" * 129, "Value": ""}]):
        with pytest.raises(errors.InvalidTag):
            service("PutBucketTagging", Tagging={"TagSet": bad})
    service("DeleteBucketTagging")
    with pytest.raises(errors.NoSuchTagSet):
        service("GetBucketTagging")


def test_cors_rules_are_checked(service):
    with pytest.raises(errors.NoSuchCORSConfiguration):
        service("GetBucketCors")
    rule = {"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}
    service("PutBucketCors", CORSConfiguration={"CORSRules": [rule]})
    assert service("GetBucketCors") == {"CORSRules": [rule]}
    for change, message in (
        ({"AllowedMethods": ["PATCH"]}, "Unsupported method is PATCH"),
        ({"AllowedOrigins": ["*.*"]}, 'AllowedOrigin "\\*.\\*" can not have more than one wildcard'),
        ({"ExposeHeaders": ["*"]}, "wildcard"),
    ):
        with pytest.raises(InvalidRequest, match=message):
            service("PutBucketCors", CORSConfiguration={"CORSRules": [{**rule, **change}]})
    with pytest.raises(errors.MalformedXML):
        service("PutBucketCors", CORSConfiguration={"CORSRules": []})
    service("DeleteBucketCors")
    assert "cors" not in service.bucket.settings


def test_a_website_needs_an_index_or_a_redirect(service):
    with pytest.raises(errors.NoSuchWebsiteConfiguration):
        service("GetBucketWebsite")
    configuration = {
        "IndexDocument": {"Suffix": "index.html"},
        "RoutingRules": [{"Condition": {"KeyPrefixEquals": "a/"}, "Redirect": {"ReplaceKeyPrefixWith": "b/"}}],
    }
    service("PutBucketWebsite", WebsiteConfiguration=configuration)
    assert service("GetBucketWebsite") == configuration
    for bad in (
        {"ErrorDocument": {"Key": "e"}},
        {"IndexDocument": {"Suffix": "a/b"}},
        {"RedirectAllRequestsTo": {"HostName": "h"}, "IndexDocument": {"Suffix": "i"}},
    ):
        with pytest.raises(errors.InvalidArgument):
            service("PutBucketWebsite", WebsiteConfiguration=bad)
    for redirect in ({"ReplaceKeyWith": "a", "ReplaceKeyPrefixWith": "b"}, {"HttpRedirectCode": "300"}):
        with pytest.raises(InvalidRequest):
            service(
                "PutBucketWebsite",
                WebsiteConfiguration={"IndexDocument": {"Suffix": "i"}, "RoutingRules": [{"Redirect": redirect}]},
            )
    service("DeleteBucketWebsite")
    with pytest.raises(errors.NoSuchWebsiteConfiguration):
        service("GetBucketWebsite")


def test_encryption_is_aes256_until_another_is_chosen(service):
    def algorithm() -> str:
        rule = service("GetBucketEncryption")["ServerSideEncryptionConfiguration"]["Rules"][0]
        return rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"]

    assert algorithm() == "AES256"
    chosen = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "k"}}]}
    service("PutBucketEncryption", ServerSideEncryptionConfiguration=chosen)
    assert algorithm() == "aws:kms"
    service("DeleteBucketEncryption")
    assert algorithm() == "AES256"
    wrong = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256", "KMSMasterKeyID": "k"}}]}
    with pytest.raises(errors.InvalidArgument):
        service("PutBucketEncryption", ServerSideEncryptionConfiguration=wrong)


def test_an_untouched_bucket_answers_as_on_aws(service):
    assert service("GetBucketRequestPayment") == {"Payer": "BucketOwner"}
    for name in ("GetBucketLogging", "GetBucketAccelerateConfiguration", "GetBucketNotificationConfiguration"):
        assert service(name) == {}
    for name, error in (
        ("GetBucketLifecycleConfiguration", errors.NoSuchLifecycleConfiguration),
        ("GetBucketReplication", errors.ReplicationConfigurationNotFoundError),
        ("GetObjectLockConfiguration", errors.ObjectLockConfigurationNotFoundError),
    ):
        with pytest.raises(error):
            service(name)


def test_notifications_are_kept_with_ids(service):
    topic = {"TopicArn": "arn:aws:sns:us-east-1:1:t", "Events": ["s3:ObjectCreated:*"]}
    service("PutBucketNotificationConfiguration", NotificationConfiguration={"TopicConfigurations": [topic]})
    kept = service("GetBucketNotificationConfiguration")["TopicConfigurations"][0]
    assert kept["TopicArn"] == topic["TopicArn"]
    assert kept["Id"]
    with pytest.raises(errors.InvalidArgument):
        service(
            "PutBucketNotificationConfiguration",
            NotificationConfiguration={"QueueConfigurations": [{"QueueArn": "x", "Events": []}]},
        )


def test_another_owner_or_a_missing_bucket_is_refused_everywhere(service):
    names = [name for (_, name) in service.table if name.startswith(("Get", "Delete")) and "Object" not in name]
    assert len(names) >= 18
    for name in names:
        with pytest.raises(AccessDenied):
            service(name, ExpectedBucketOwner="999999999999")
        with pytest.raises(NoSuchBucket):
            service(name, Bucket="missing")


def test_an_object_is_not_put_with_an_acl_that_its_bucket_refuses(service):
    def acl(**request) -> str:
        return acl_of(request, service.bucket)

    assert acl() == acl(ACL="private") == ""
    assert acl(ACL="bucket-owner-full-control") == "bucket-owner-full-control"
    for request in ({"ACL": "public-read"}, {"GrantRead": "id=1"}):
        with pytest.raises(errors.AccessControlListNotSupported):
            acl(**request)
    service("PutBucketOwnershipControls", OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]})
    with pytest.raises(AccessDenied):
        acl(ACL="public-read")
    with pytest.raises(errors.NotImplementedByS3):
        acl(GrantRead="id=1")
    service("DeletePublicAccessBlock")
    assert acl(ACL="public-read") == "public-read"


def test_a_bucket_is_not_made_with_an_acl_for_others(service):
    buckets = collect([Buckets(service.objects)])
    call = Call("s3", "CreateBucket", ACCOUNT, "us-east-1", USER, "id", datetime.now(UTC))

    def create(**request):
        return buckets["s3", "CreateBucket"].handler(call, {"Bucket": "fresh", **request})

    for request, error in (
        ({"ACL": "public-read"}, errors.InvalidBucketAclWithObjectOwnership),
        (
            {"ACL": "public-read", "ObjectOwnership": "ObjectWriter"},
            errors.InvalidBucketAclWithBlockPublicAccessError,
        ),
        ({"GrantRead": "id=1"}, errors.NotImplementedByS3),
    ):
        with pytest.raises(error):
            create(**request)
    assert service.objects.bucket("fresh") is None
    create(ACL="private")
    assert service.objects.bucket("fresh") is not None
