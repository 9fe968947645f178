"""Puts the resources of IAM together."""

from __future__ import annotations

from clary.services.iam.access_keys import AccessKeys
from clary.services.iam.account import Account
from clary.services.iam.attachments import Attachments
from clary.services.iam.groups import Groups
from clary.services.iam.inline_policies import Boundaries, InlinePolicies
from clary.services.iam.instance_profiles import InstanceProfiles
from clary.services.iam.policies import Policies
from clary.services.iam.roles import Roles
from clary.services.iam.service_linked_roles import ServiceLinkedRoles
from clary.services.iam.simulate import Simulator
from clary.services.iam.users import Users
from clary.storage.identities import Identities


def resources(*, identities: Identities) -> list[object]:
    """The resource classes of IAM."""
    return [
        Users(identities),
        Groups(identities),
        AccessKeys(identities),
        Roles(identities),
        ServiceLinkedRoles(identities),
        Policies(identities),
        Attachments(identities),
        InlinePolicies(identities),
        Boundaries(identities),
        InstanceProfiles(identities),
        Simulator(identities),
        Account(identities),
    ]
