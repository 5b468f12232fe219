"""Stopping all writes within a scope. Any editor may stop; only an admin resumes, and says why.

The ledger reads the switches when it claims a change and again right before it sends, so a stop is effective
for every call that has not left yet.
"""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from campaigns.events import WritesResumed, WritesStopped
from campaigns.models import PLATFORM_CHOICES, Connection, KillSwitch
from campaigns.selectors import kill_switches as selectors
from lane.accounts import policies
from lane.accounts.models import Client, User
from lane.audit import services as audit
from lane.core import clock, outbox, realtime
from lane.core.actors import Actor
from lane.core.errors import InvalidInput, NotAllowed, NotVisible, OutOfDate


@transaction.atomic
def stop(
    *,
    actor: Actor,
    reason: str,
    client: Client | None = None,
    platform: str = "",
    connection: Connection | None = None,
    everything: bool = False,
) -> KillSwitch:
    """Stop all writes of the organization, or only those of a client, a platform or a connection.

    ``everything`` reaches over all organizations and is for staff of the installation.
    """
    reason = _given(reason, "Say why writes stop, in a few words.")
    if platform and platform not in dict(PLATFORM_CHOICES):
        raise InvalidInput(fields={"platform": "Choose Google Ads or Meta."})
    if everything:
        _require_staff(actor)
    elif client is not None:
        policies.require(actor, "change", client)
    elif connection is not None:
        policies.require(actor, "change", connection)
    else:
        policies.require_on_organization(actor, "change")
    switch = KillSwitch.objects.create(
        organization_id=None if everything else actor.organization_id,
        client=client,
        platform=platform,
        connection=connection,
        reason=reason[:300],
        stopped_by_label=actor.label[:200],
        stopped_at=clock.now(),
    )
    audit.record(
        "campaigns.writes.stopped",
        actor=actor,
        obj=switch,
        object_label=selectors.scope_words(switch),
        after={"scope": selectors.scope_words(switch)},
        reason=reason,
    )
    outbox.publish(WritesStopped(organization_id=actor.organization_id, switch_id=str(switch.public_id)))
    realtime.changed(actor.organization_id, "kill_switch", str(switch.public_id))
    return switch


@transaction.atomic
def resume(switch_id: UUID | str, *, actor: Actor, reason: str) -> KillSwitch:
    """Allow writes again. What was blocked meanwhile stays blocked; nothing is sent late by surprise."""
    visible = selectors.switches_for(actor).values("pk")
    switch = (
        KillSwitch.objects.select_for_update(of=("self",)).filter(public_id=switch_id, pk__in=visible).first()
    )
    if switch is None:
        raise NotVisible
    if switch.organization_id is None:
        _require_staff(actor)
    elif switch.client is not None:
        policies.require(actor, "manage", switch.client)
    else:
        policies.require_on_organization(actor, "manage")
    reason = _given(reason, "Say why writes may continue, in a few words.")
    if switch.resumed_at is not None:
        raise OutOfDate(f"{switch.resumed_by_label} already allowed writes again.")
    switch.resumed_at = clock.now()
    switch.resumed_by_label = actor.label[:200]
    switch.resume_reason = reason[:300]
    switch.save(update_fields=["resumed_at", "resumed_by_label", "resume_reason"])
    audit.record(
        "campaigns.writes.resumed",
        actor=actor,
        obj=switch,
        object_label=selectors.scope_words(switch),
        before={"stopped_by": switch.stopped_by_label, "because": switch.reason},
        reason=reason,
    )
    outbox.publish(WritesResumed(organization_id=actor.organization_id, switch_id=str(switch.public_id)))
    realtime.changed(actor.organization_id, "kill_switch", str(switch.public_id))
    return switch


def _given(reason: str, ask: str) -> str:
    reason = reason.strip()
    if len(reason) < 3:
        raise InvalidInput(fields={"reason": ask})
    return reason


def _require_staff(actor: Actor) -> None:
    person = User.objects.filter(pk=actor.user_id or 0, is_active=True, is_staff=True)
    if not (actor.is_system or person.exists()):
        raise NotAllowed("Only staff of this installation may stop or resume every organization.")
