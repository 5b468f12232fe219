"""Taking a way out of a shortfall: chosen by a person, carried out through the usual approval."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django.db import transaction

from campaigns.models import AdCampaign, AdGroup, ChangeSet
from campaigns.services import changes
from lane.accounts import policies
from lane.audit.services import record
from lane.core import clock, outbox, realtime
from lane.core.actors import Actor
from lane.core.errors import InvalidInput, NotVisible, OutOfDate
from pacing.events import OfferTaken
from pacing.explain.shortfall import offer_sentence
from pacing.models import Explanation, Offer, Shortfall
from pacing.services import amendments, explanations

Kind, State = Offer.Kind, Offer.State
_SHORTEST_REASON = 3


@transaction.atomic
def take(offer_id: UUID | str, *, actor: Actor, reason: str, expected_text: str = "") -> Offer:
    """Choose a way out. Amounts and dates change by amendment, bids by change set; both ask as usual.

    Raises ``OutOfDate`` when the offer is no longer open or its figures moved; then nothing was changed.
    """
    offer = _locked(offer_id, actor)
    policies.require(actor, "propose", offer)
    if offer.state != State.OPEN or offer.shortfall.resolved_at is not None:
        raise OutOfDate("This offer is no longer open; the numbers moved on. Look at the plan again.")
    if expected_text and expected_text != offer.text:
        raise OutOfDate(
            "The figures of this offer have changed since you read them. Read it again, then decide."
        )
    if offer.shortfall.amount_micros != offer.plan.amount_micros:
        raise OutOfDate(
            "The plan's amount was changed after this offer was worked out. Look at the plan again."
        )
    if len(reason.strip()) < _SHORTEST_REASON:
        raise InvalidInput(
            fields={"reason": "Say why in a few words; approvers read it and the plan keeps it."}
        )
    outcome = _CARRY_OUT[Kind(offer.kind)](offer, actor, reason.strip())
    offer.state, offer.taken_at = State.TAKEN, clock.now()
    offer.taken_by_id, offer.taken_label = actor.user_id, actor.label[:200]
    offer.save()
    _tell(offer, actor, reason.strip(), outcome)
    return offer


def _locked(offer_id: UUID | str, actor: Actor) -> Offer:
    found = Offer.objects.visible_to(actor).filter(public_id=offer_id).values_list("pk", flat=True).first()
    if found is None:
        raise NotVisible
    return Offer.objects.locked().select_related("plan__client", "to_plan", "shortfall").get(pk=found)


def _move(offer: Offer, actor: Actor, reason: str) -> dict[str, Any]:
    """Less here, more there: two amendments, or none when one of them is refused."""
    if offer.to_plan is None:
        raise OutOfDate("The other plan is gone. Look at the plan again.")
    policies.require(actor, "propose", offer.to_plan)
    here = amendments.propose(
        offer.plan.public_id, actor=actor, reason=reason, amount_micros=offer.terms["amount_micros"]
    )
    if offer.to_plan.amount_micros + offer.terms["moved_micros"] != offer.terms["to_amount_micros"]:
        raise OutOfDate("The other plan's amount was changed after this offer was worked out. Look again.")
    there = amendments.propose(
        offer.to_plan.public_id, actor=actor, reason=reason, amount_micros=offer.terms["to_amount_micros"]
    )
    return {"amendments": [str(here.public_id), str(there.public_id)]}


def _extend(offer: Offer, actor: Actor, reason: str) -> dict[str, Any]:
    made = amendments.propose(
        offer.plan.public_id,
        actor=actor,
        reason=reason,
        ends_on=date.fromisoformat(offer.terms["ends_on"]),
    )
    return {"amendments": [str(made.public_id)]}


def _raise_bids(offer: Offer, actor: Actor, reason: str) -> dict[str, Any]:
    model = AdGroup if offer.terms["level"] == "group" else AdCampaign
    entity = model.objects.filter(client_id=offer.client_id, public_id=offer.terms["entity"]).first()
    if entity is None:
        raise OutOfDate("What bids here is gone. Look at the plan again.")
    change_set: ChangeSet = changes.propose(
        client=offer.plan.client,
        title=f"Raise what {entity} bids for {offer.plan.name}"[:200],
        reason=reason,
        targets=[changes.BidTarget(entity, offer.terms["kind"], offer.terms["target"])],
        origin="offer",
        origin_id=str(offer.public_id),
        evidence={"plan": str(offer.plan.public_id), "plan_name": offer.plan.name, "reasons": [offer.text]},
        actor=actor,
    )
    offer.change_set = change_set
    return {"change_set": str(change_set.public_id)}


def _accept(offer: Offer, actor: Actor, reason: str) -> dict[str, Any]:
    """Somebody knows and lives with it: the plan stops reporting it until it gets clearly worse."""
    shortfall = Shortfall.objects.locked().get(pk=offer.shortfall_id)
    shortfall.accepted_at, shortfall.accepted_by_id = clock.now(), actor.user_id
    shortfall.accepted_label = actor.label[:200]
    shortfall.accepted_end_micros = shortfall.achievable_micros
    shortfall.save()
    return {"accepted_end_micros": shortfall.accepted_end_micros}


_CARRY_OUT = {Kind.MOVE: _move, Kind.EXTEND: _extend, Kind.BIDS: _raise_bids, Kind.ACCEPT: _accept}


def _tell(offer: Offer, actor: Actor, reason: str, outcome: dict[str, Any]) -> None:
    plan = offer.plan
    record(
        "pacing.offer.taken",
        actor=actor,
        obj=offer,
        object_label=f"{plan.name}: {offer.get_kind_display()}",
        after={"kind": offer.kind, "terms": offer.terms, **outcome},
        reason=reason,
        links={"plan": plan.public_id},
    )
    said = offer_sentence(offer.kind, offer.numbers, currency=offer.currency)
    cause = offer.shortfall.sentences
    explanations.keep(
        kind=Explanation.Kind.OFFER,
        organization_id=offer.organization_id,
        client_id=offer.client_id,
        plan=plan,
        subject_id=str(offer.public_id),
        at=clock.now(),
        title=f"{offer.get_kind_display()}: {plan.name}",
        numbers={**offer.shortfall.numbers, **offer.numbers, "currency": offer.currency},
        sentences=[*cause, said.as_json()],
        actor_label=actor.label,
        currency=offer.currency,
    )
    outbox.publish(
        OfferTaken(
            organization_id=offer.organization_id,
            offer_id=str(offer.public_id),
            plan_id=str(plan.public_id),
            client_id=str(plan.client.public_id),
            kind=offer.kind,
        )
    )
    realtime.changed(offer.organization_id, "plan", str(plan.public_id), client_id=offer.client_id)
