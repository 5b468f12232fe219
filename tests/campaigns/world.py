"""Small real worlds for tests of campaigns: an organization, a client, an account with budgets and campaigns."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from campaigns.models import AdAccount, AdCampaign, AdGroup, Budget, BudgetSpender, Connection
from campaigns.sync import partitions, upsert
from campaigns.sync.upsert import Fact
from lane.accounts.models import Client, Membership, Organization, User
from lane.core import sealed_fields
from lane.core.actors import Actor, ActorKind

_number = itertools.count(1)
AT = datetime(2026, 11, 10, 12, tzinfo=UTC)


@dataclass
class World:
    """One tenant with one account; ``admin`` may manage it."""

    organization: Organization
    client: Client
    admin: Actor
    user: User
    connection: Connection
    account: AdAccount


def person(organization: Organization, role: str, *, client: Client | None = None) -> tuple[User, Actor]:
    """Somebody with a role, and the actor they are."""
    user = User.objects.create_user(f"{role}{next(_number)}@example.com", "a long password")
    Membership.objects.create(organization=organization, user=user, role=role, client=client)
    return user, Actor(ActorKind.PERSON, organization.pk, user.pk, label=str(user), via="test")


def make_world(*, platform: str = "google_ads", **account: Any) -> World:
    """An organization with a connected account whose tokens are made up."""
    number = next(_number)
    organization = Organization.objects.create(name=f"Agency {number}")
    client = Client.objects.create(organization=organization, name=f"Client {number}")
    user, admin = person(organization, "admin")
    connection = Connection(
        organization=organization, platform=platform, environment="live", label=f"Login {number}"
    )
    sealed_fields.put(connection, "refresh_token_sealed", "made-up")
    connection.save()
    values = {
        "external_id": str(1000 + number),
        "name": f"Account {number}",
        "currency": "EUR",
        "timezone": "Europe/Berlin",
        **account,
    }
    return World(
        organization,
        client,
        admin,
        user,
        connection,
        AdAccount.objects.create(
            organization=organization, client=client, connection=connection, platform=platform, **values
        ),
    )


def make_budget(
    world: World, *, amount: int | None = 50_000_000, campaigns: int = 1, **values: Any
) -> Budget:
    """A budget with some campaigns that spend from it."""
    number = next(_number)
    owner = {"organization": world.organization, "client": world.client, "ad_account": world.account}
    budget = Budget.objects.create(
        external_id=str(number), name=f"Budget {number}", amount_micros=amount, currency="EUR", seen_at=AT,
        **owner, **values,
    )  # fmt: skip
    for _ in range(campaigns):
        number = next(_number)
        campaign = AdCampaign.objects.create(
            external_id=str(number),
            name=f"Campaign {number}",
            status="active",
            budget=budget,
            seen_at=AT,
            **owner,
        )
        BudgetSpender.objects.create(budget=budget, level=1, entity_id=campaign.pk)
    return budget


def make_group(world: World, campaign: AdCampaign, *, budget: Budget | None = None) -> AdGroup:
    """A group of a campaign, with a budget of its own when given."""
    number = next(_number)
    group = AdGroup.objects.create(
        organization=world.organization, client=world.client, ad_account=world.account, ad_campaign=campaign,
        external_id=str(number), name=f"Group {number}", status="active", budget=budget, seen_at=AT,
    )  # fmt: skip
    if budget is not None:
        BudgetSpender.objects.create(budget=budget, level=2, entity_id=group.pk)
    return group


def fact(world: Any, entity_id: int, on: date, spend: int, **values: Any) -> Fact:
    """One daily fact of the world's account."""
    defaults: dict[str, Any] = {
        "ad_account_id": world.account.pk, "level": 1, "impressions": 100, "clicks": 10, "conversions_milli": 1000,
        "conversion_value_micros": 2_000_000, "fetched_at": AT, "is_final": False,
    }  # fmt: skip
    return Fact(
        organization_id=world.organization.pk,
        client_id=world.client.pk,
        entity_id=entity_id,
        on=on,
        spend_micros=spend,
        **(defaults | values),
    )


def put(facts: list[Fact]) -> upsert.Outcome:
    """Upsert daily facts, partitions included."""
    partitions.ensure(min(f.on for f in facts), max(f.on for f in facts))
    return upsert.daily(upsert.encode(facts))
