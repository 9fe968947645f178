"""Uploads from HTML forms: POST to a bucket with multipart/form-data, permitted by a signed policy in the form."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Protocol
from urllib.parse import quote, urlencode, urlsplit
from xml.etree import ElementTree

from clary.core.call import Call, Principal
from clary.core.clock import Clock
from clary.core.errors import AccessDenied, ServiceError
from clary.core.http import ByteStream, HttpRequest, HttpResponse, conditions_of, stream_of
from clary.core.ids import request_id
from clary.core.policy import PolicyEvaluation
from clary.core.policy_conditions import Values
from clary.services.s3.access import effective_policy
from clary.services.s3.errors import InvalidArgument, MalformedXML
from clary.services.s3.form_data import FormData, Part, boundary_of
from clary.services.s3.parameters import attributes_of, check_key, check_tags, integrity_of
from clary.services.s3.request_conditions import request_conditions
from clary.services.s3.web import Hosts, locate, xml_document, xml_error
from clary.storage.checksums import ALGORITHMS
from clary.storage.object_errors import NoSuchBucket
from clary.storage.object_values import Attributes, Bucket, StoredObject
from clary.storage.objects import Objects

_PARAMETERS = {
    "acl": "ACL",
    "cache-control": "CacheControl",
    "content-disposition": "ContentDisposition",
    "content-encoding": "ContentEncoding",
    "content-language": "ContentLanguage",
    "content-md5": "ContentMD5",
    "content-type": "ContentType",
    "expires": "Expires",
    "x-amz-checksum-algorithm": "ChecksumAlgorithm",
    "x-amz-sdk-checksum-algorithm": "ChecksumAlgorithm",
    "x-amz-server-side-encryption": "ServerSideEncryption",
    "x-amz-server-side-encryption-aws-kms-key-id": "SSEKMSKeyId",
    "x-amz-server-side-encryption-customer-algorithm": "SSECustomerAlgorithm",
    "x-amz-storage-class": "StorageClass",
    "x-amz-website-redirect-location": "WebsiteRedirectLocation",
    **{f"x-amz-checksum-{name.lower()}": f"Checksum{name}" for name in ALGORITHMS},
}
_META = "x-amz-meta-"


class Grant(Protocol):
    """What a form may do."""

    @property
    def principal(self) -> Principal:
        """Who signed it."""
        ...

    def check_size(self, size_bytes: int, *, complete: bool = True) -> None:
        """Refuses a file of a size that the form's policy does not allow."""
        ...


Verify = Callable[[Mapping[str, str]], Grant]
"""Verifies a form's signature and holds its fields, with "bucket", against its policy; raises `ServiceError`."""


class FormUploads:
    """Stores the files of forms.

    Args:
        verify: decides what the form may do.
        policies: decides whether who signed it (or everybody) may put the object.
        hosts: reads Host headers.
    """

    def __init__(
        self, objects: Objects, verify: Verify, policies: PolicyEvaluation, hosts: Hosts, clock: Clock
    ) -> None:
        self._objects = objects
        self._verify = verify
        self._policies = policies
        self._hosts = hosts
        self._clock = clock

    async def handle(self, request: HttpRequest) -> HttpResponse | None:
        """The answer to a form's upload, None for any other request."""
        content_type = request.headers.get("content-type", "")
        if request.method != "POST" or not content_type.lower().startswith("multipart/form-data"):
            return None
        name, rest = locate(request, self._hosts)
        if not name or rest:
            return None
        identity = request_id()
        try:
            return await self._upload(request, name, boundary_of(content_type), identity)
        except ServiceError as error:
            return xml_error(error, identity)

    async def _upload(self, request: HttpRequest, name: str, boundary: bytes, identity: str) -> HttpResponse:
        bucket = self._objects.bucket(name)
        if bucket is None:
            raise NoSuchBucket(BucketName=name)
        body = request.body if isinstance(request.body, ByteStream) else stream_of(request.body)
        form = FormData(aiter(body), boundary)
        fields, part = await form.fields()
        if part is None:
            raise InvalidArgument(
                "POST requires exactly one file upload per request.", ArgumentName="file", ArgumentValue="0"
            )
        fields = _with_filename(fields, part)
        grant = self._verify({**fields, "bucket": name})
        key = check_key(_field(fields, "key"))
        parameters = _parameters(fields)
        self._authorize({**conditions_of(request), **request_conditions(parameters)}, bucket, key, fields, grant)
        call = self._call(request, grant, identity)
        stored = await self._objects.put(
            name,
            key,
            ByteStream(_measured(form.file(), grant)),
            self._attributes(call, parameters, fields, bucket),
            integrity=integrity_of(parameters),
        )
        return _answer(request, fields, bucket, stored, identity)

    def _authorize(
        self, conditions: Mapping[str, Values], bucket: Bucket, key: str, fields: Mapping[str, str], grant: Grant
    ) -> None:
        actions = ["s3:PutObject", *(["s3:PutObjectTagging"] if "tagging" in fields else ())]
        policy = effective_policy(bucket)
        for action in actions:
            resource = f"{bucket.arn}/{key}"
            if not self._policies.allowed(
                grant.principal, action, resource, conditions, policy, bucket.account
            ).allowed:
                raise AccessDenied("Access Denied")

    def _call(self, request: HttpRequest, grant: Grant, identity: str) -> Call:
        return Call(
            api="s3",
            operation="PostObject",
            account=grant.principal.account,
            region="",
            principal=grant.principal,
            request_id=identity,
            time=self._clock.now(),
            conditions=conditions_of(request),
        )

    @staticmethod
    def _attributes(call: Call, parameters: Mapping[str, Any], fields: Mapping[str, str], bucket: Bucket) -> Attributes:
        attributes = attributes_of(call, parameters, bucket)
        if "tagging" not in fields:
            return attributes
        return Attributes(
            headers=attributes.headers,
            metadata=attributes.metadata,
            tags=_tags(fields["tagging"]),
            storage_class=attributes.storage_class,
            encryption=attributes.encryption,
            owner=attributes.owner,
            acl=attributes.acl,
        )


async def _measured(chunks: AsyncIterator[bytes], grant: Grant) -> AsyncIterator[bytes]:
    """The file; raises as soon as it is larger than allowed, and at its end where it is too small."""
    size = 0
    async for chunk in chunks:
        size += len(chunk)
        grant.check_size(size, complete=False)
        yield chunk
    grant.check_size(size)


def _with_filename(fields: Mapping[str, str], part: Part) -> dict[str, str]:
    """The fields by lower-case name, with the file's own name put into the key where it says so."""
    lower = {name.lower(): value for name, value in fields.items()}
    if "key" in lower and part.filename is not None:
        # Some browsers send the whole path of the file.
        filename = part.filename.replace("\\", "/").rsplit("/", 1)[-1]
        lower["key"] = lower["key"].replace("${filename}", filename)
    return lower


def _field(fields: Mapping[str, str], name: str) -> str:
    if not fields.get(name):
        raise InvalidArgument(
            f"Bucket POST must contain a field named '{name}'.  If it is specified, please check the order of the "
            "fields.",
            ArgumentName=name,
            ArgumentValue="",
        )
    return fields[name]


def _parameters(fields: Mapping[str, str]) -> dict[str, Any]:
    """The fields as PutObject's parameters.

    Raises:
        InvalidArgument: a field that becomes a header has a character that no header can have.
    """
    for name, value in fields.items():
        if (name in _PARAMETERS or name.startswith(_META)) and _has_controls(name + value):
            raise InvalidArgument(
                "The field has a control character", ArgumentName=name.encode("ascii", "replace").decode()
            )
    parameters: dict[str, Any] = {_PARAMETERS[name]: value for name, value in fields.items() if name in _PARAMETERS}
    parameters["Metadata"] = {
        name.removeprefix(_META): value for name, value in fields.items() if name.startswith(_META)
    }
    return parameters


def _tags(text: str) -> dict[str, str]:
    """The tags of the field `tagging`: an XML document."""
    try:
        root = ElementTree.fromstring(text)  # noqa: S314  (20 KB at most, and expat refuses to blow up entities)
    except ElementTree.ParseError:
        raise MalformedXML from None
    pairs = [
        (tag.findtext("{*}Key") or tag.findtext("Key") or "", tag.findtext("{*}Value") or tag.findtext("Value") or "")
        for tag in root.iter()
        if tag.tag.rsplit("}", 1)[-1] == "Tag"
    ]
    return check_tags(pairs)


def _answer(
    request: HttpRequest, fields: Mapping[str, str], bucket: Bucket, stored: StoredObject, identity: str
) -> HttpResponse:
    etag = f'"{stored.etag}"'
    address = f"{request.scheme}://{request.headers.get('host', '')}{request.path.rstrip('/')}/{quote(stored.key)}"
    headers = [("ETag", etag), ("Location", address), ("x-amz-request-id", identity)]
    if bucket.versioning:
        headers.append(("x-amz-version-id", stored.version_id))
    redirect = fields.get("success_action_redirect") or fields.get("redirect", "")
    if _is_web_address(redirect):
        query = urlencode({"bucket": bucket.name, "key": stored.key, "etag": etag})
        headers[1] = ("Location", f"{redirect}{'&' if urlsplit(redirect).query else '?'}{query}")
        return HttpResponse(303, headers)
    status = fields.get("success_action_status", "")
    if status == "201":
        members = {"Location": address, "Bucket": bucket.name, "Key": stored.key, "ETag": etag}
        headers.append(("Content-Type", "application/xml"))
        return HttpResponse(201, headers, xml_document("PostResponse", members))
    return HttpResponse(200 if status == "200" else 204, headers)


def _is_web_address(text: str) -> bool:
    """Whether a browser can be sent there; other texts are ignored, as on AWS."""
    try:
        return urlsplit(text).scheme in ("http", "https") and not _has_controls(text)
    except ValueError:
        return False


def _has_controls(text: str) -> bool:
    return any(ord(character) < 32 or ord(character) == 127 for character in text)
