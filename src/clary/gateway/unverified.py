"""Who sends a request, taken on trust: for machines whose owner switched verification off."""

from __future__ import annotations

import re

from clary.core.call import Principal
from clary.core.http import ByteStream, HttpRequest
from clary.gateway import sigv2
from clary.gateway.identity import Authentication, Credentials, Payload
from clary.gateway.identity_errors import Family
from clary.gateway.identity_sigv4 import family_of

_HEADER_SCOPE = re.compile(r"Credential=([^,\s]+)")
_SIGV2_HEADER = re.compile(r"AWS ([^:]+):")


class UnverifiedAuthenticator:
    """Takes the place of `Authenticator`, and looks at no signature.

    A known key still says who calls; with any other key, or none, the account's root user calls. What a signature says
    besides is read as ever: region and service from the credential's scope, headers that a presigned address carries,
    whether the body is aws-chunked.

    Args:
        identities: finds access keys.
        account: the root user's, twelve digits.
    """

    def __init__(self, identities: Credentials, account: str) -> None:
        self._identities = identities
        self._root = Principal("root", f"arn:aws:iam::{account}:root", account, account, "root")

    def authenticate(self, request: HttpRequest) -> Authentication:
        """The caller as claimed, with the region and the service that the request was signed for."""
        query = sigv2.parameters(request.query) if "X-Amz-Cred" in request.query or "AWSAcc" in request.query else {}
        header = request.headers.get("authorization", "")
        found = _HEADER_SCOPE.search(header)
        scope = (found[1] if found else query.get("X-Amz-Credential", "")).rsplit("/", 4)
        old = _SIGV2_HEADER.match(header)
        key_id = scope[0] or (old[1] if old else query.get("AWSAccessKeyId", ""))
        region, service = (scope[2], scope[3]) if len(scope) == 5 else ("", "")
        if not service and family_of(request, "") is Family.S3:
            service = "s3"
        credential = self._identities.credential(key_id) if key_id else None
        declared = request.headers.get("x-amz-content-sha256", "")
        return Authentication(
            credential.principal if credential is not None else self._root,
            region,
            service,
            Payload.UNSIGNED_CHUNKS if declared.startswith("STREAMING-") else Payload.UNCHECKED,
            hoisted=sigv2.hoisted(query) if query else {},
            is_presigned=bool(query),
        )

    def verify_payload(self, authentication: Authentication, body: bytes) -> None:
        """Lets any body pass."""

    def verified_stream(self, authentication: Authentication, stream: ByteStream) -> ByteStream:
        """The stream as it is."""
        return stream
