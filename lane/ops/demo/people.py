"""Who works at the demo agency."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from django.db import transaction

from approvals.models import ApprovalPolicy
from campaigns.sandbox.scenario import ACCOUNTS, AGENCY
from lane.accounts.models import Client, Membership, Organization, Role, User
from lane.audit.services import record
from lane.core.actors import Actor, ActorKind


@dataclass(frozen=True, slots=True)
class DemoLogin:
    """Somebody who can sign in to the demo."""

    email: str
    password: str
    role: str


@dataclass(frozen=True, slots=True)
class DemoPeople:
    """The agency, its clients by name, and who acts in the demo."""

    organization: Organization
    clients: dict[str, Client]
    owner: Actor
    marketer: Actor
    logins: list[DemoLogin]


@transaction.atomic
def make() -> DemoPeople:
    """Create the agency with its clients, team and approval policy. Approving contacts have no password."""
    organization = Organization.objects.create(name=AGENCY, is_demo=True)
    logins: list[DemoLogin] = []
    owner = _login(organization, "jonas@tallow.example", "Jonas Weber", Role.OWNER, logins, approver=True)
    marketer = _login(organization, "lena@tallow.example", "Lena Brandt", Role.EDITOR, logins)
    _login(organization, "marta@tallow.example", "Marta Kowal", Role.VIEWER, logins)
    clients = {
        name: Client.objects.create(organization=organization, name=name, currency=currency, timezone=zone)
        for name, (currency, zone) in _client_terms().items()
    }
    contact = User.objects.create_user("ines@pinewick.example", name="Ines Moreau")
    Membership.objects.create(
        organization=organization,
        user=contact,
        client=clients["Pinewick Coffee"],
        role=Role.VIEWER,
        is_approver=True,
    )
    ApprovalPolicy.objects.create(organization=organization, name="House rules")
    actor = _actor(organization, owner)
    record("accounts.organization.created", actor=actor, obj=organization, reason="Demo agency")
    return DemoPeople(organization, clients, actor, _actor(organization, marketer), logins)


def _client_terms() -> dict[str, tuple[str, str]]:
    """Each brand with the currency and zone of its first account."""
    terms: dict[str, tuple[str, str]] = {}
    for account in ACCOUNTS:
        terms.setdefault(account.client, (account.currency, account.timezone))
    return terms


def _login(
    organization: Organization,
    email: str,
    name: str,
    role: Role,
    logins: list[DemoLogin],
    *,
    approver: bool = False,
) -> User:
    password = secrets.token_urlsafe(9)
    user = User.objects.create_user(email, password, name=name, timezone="Europe/Berlin")
    if role is Role.OWNER:
        user.is_staff = True
        user.save(update_fields=["is_staff"])
    Membership.objects.create(organization=organization, user=user, role=role, is_approver=approver)
    words = {Role.OWNER: "owner, approver, admin", Role.EDITOR: "marketer", Role.VIEWER: "viewer"}[role]
    logins.append(DemoLogin(email, password, words))
    return user


def _actor(organization: Organization, user: User) -> Actor:
    return Actor(ActorKind.PERSON, organization.pk, user_id=user.pk, label=str(user), via="command")
