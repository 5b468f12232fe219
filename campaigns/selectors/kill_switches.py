"""Which kill switches are on, read fresh every time: a stop must reach the next write, not the next cache."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from campaigns.models import Change, KillSwitch
from lane.accounts.visibility import access_of
from lane.core.actors import Actor


def on() -> QuerySet[KillSwitch]:
    """Every switch that is on."""
    return KillSwitch.objects.filter(resumed_at__isnull=True)


def active_for(
    *, organization_id: int, client_id: int | None, platform: str, connection_id: int | None
) -> KillSwitch | None:
    """The first switch that stops writes there. Everything a switch names must match; none named is all."""
    return (
        on()
        .filter(
            Q(organization=None) | Q(organization_id=organization_id),
            Q(client=None) | Q(client_id=client_id),
            Q(platform="") | Q(platform=platform),
            Q(connection=None) | Q(connection_id=connection_id),
        )
        .order_by("id")
        .first()
    )


def stopping(change: Change) -> KillSwitch | None:
    """The switch that stops this change, if any."""
    account = change.ad_account
    return active_for(
        organization_id=change.organization_id,
        client_id=change.client_id,
        platform=account.platform,
        connection_id=account.connection_id,
    )


def switches_for(actor: Actor) -> QuerySet[KillSwitch]:
    """The switches that concern what an actor sees, newest first; those of other organizations never."""
    mine = KillSwitch.objects.filter(Q(organization=None) | Q(organization_id=actor.organization_id))
    access = access_of(actor)
    if not access.every_client:
        mine = mine.filter(Q(client=None) | Q(client_id__in=list(access.client_roles)))
    if access.allowed_clients is not None:
        mine = mine.filter(Q(client=None) | Q(client_id__in=list(access.allowed_clients)))
    return mine.select_related("client", "connection", "organization").order_by("-id")


def scope_words(switch: KillSwitch) -> str:
    """What a switch stops, in words."""
    parts = []
    if switch.platform:
        parts.append({"google_ads": "Google Ads", "meta": "Meta"}.get(switch.platform, switch.platform))
    if switch.client:
        parts.append(switch.client.name)
    if switch.connection:
        parts.append(str(switch.connection))
    if parts:
        return ", ".join(parts)
    return "This organization" if switch.organization_id else "Everything"
