"""People, organizations, clients, roles and keys."""

from lane.accounts.models.api_key import ApiKey, Scope
from lane.accounts.models.membership import Invitation, Membership, Role
from lane.accounts.models.organization import (
    Client,
    ClientGroupObjectPermission,
    ClientOwned,
    ClientUserObjectPermission,
    Organization,
    OrganizationOwned,
)
from lane.accounts.models.saved_view import SavedView
from lane.accounts.models.user import User

__all__ = [
    "ApiKey",
    "Client",
    "ClientGroupObjectPermission",
    "ClientOwned",
    "ClientUserObjectPermission",
    "Invitation",
    "Membership",
    "Organization",
    "OrganizationOwned",
    "Role",
    "SavedView",
    "Scope",
    "User",
]
