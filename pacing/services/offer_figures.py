"""What could be done about shortfalls, in figures: other plans that can take the money, more days, higher bids."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.db.models import F, Min

from campaigns.models import AdCampaign, AdGroup
from campaigns.platforms.registry import capabilities_of
from lane.core.money import MICROS, unit_micros
from pacing.controllers import Status, decide, known_or_none
from pacing.explain.shortfall import extra_days, offer_sentence, room_of, shared_out
from pacing.models import BudgetPlan, Offer, PlanBudget, PlanHealth, Shortfall
from pacing.services import observation

LONGEST_FLIGHT_DAYS = 366
SIBLINGS_AT_MOST = 200
BID_STEP = 0.1  # what the change guards allow a bid in one step
_BIDS_AT_MOST = 3
_HELD = (BudgetPlan.Status.ACTIVE, BudgetPlan.Status.SCHEDULED, BudgetPlan.Status.PAUSED)
_TAKES = (PlanHealth.ON_TRACK, PlanHealth.AHEAD)


@dataclass(frozen=True, slots=True)
class Sibling:
    """Another plan of the client in the same currency: where it ends now, and what it could take on top."""

    plan_id: int
    public_id: str
    name: str
    amount_micros: int
    projected_micros: int
    room_micros: int


@dataclass(frozen=True, slots=True)
class OfferFigures:
    """One offer before it is stored."""

    kind: str
    key: str
    terms: Mapping[str, Any]
    numbers: Mapping[str, Any]
    text: str
    expected_end_micros: int | None
    to_plan_id: int | None = field(default=None)


def siblings_of(shortfalls: Sequence[Shortfall], at: Any) -> dict[int, list[Sibling]]:
    """Plans that could take each shortfall's money, decided on their own numbers of this moment, by shortfall."""
    short = {one.plan_id for one in shortfalls}
    asked = {(one.client_id, one.currency) for one in shortfalls}
    near = BudgetPlan.objects.filter(
        client__in={client for client, _ in asked},
        currency__in={currency for _, currency in asked},
        status=BudgetPlan.Status.ACTIVE,
        snapshot__health__in=_TAKES,
    ).exclude(pk__in=short)
    names = dict(near.order_by("pk").values_list("pk", "name")[:SIBLINGS_AT_MOST])
    seen = observation.observe(list(names), at) if names else None
    if seen is None or not seen.plans:
        return {}
    decision, _ = decide(seen.terms, seen.observation, seen.state)
    found: dict[tuple[int, str], list[Sibling]] = defaultdict(list)
    for row, plan in enumerate(seen.plans):
        projected = known_or_none(decision.projected_p50_micros[row])
        if projected is None or decision.status_of(row) not in (Status.ON_TRACK, Status.AHEAD):
            continue
        room = room_of(
            amount_micros=plan["amount_micros"],
            spent_micros=int(decision.estimated_micros[row]),
            achievable_micros=known_or_none(decision.achievable_end_micros[row]),
            unit_micros=unit_micros(plan["currency"]),
        )
        if room > 0:
            found[plan["client_id"], plan["currency"]].append(
                Sibling(
                    plan["pk"],
                    str(plan["public_id"]),
                    names[plan["pk"]],
                    plan["amount_micros"],
                    projected,
                    room,
                )
            )
    return {one.pk: found.get((one.client_id, one.currency), []) for one in shortfalls}


def figures_of(
    shortfall: Shortfall,
    plan: BudgetPlan,
    *,
    siblings: Sequence[Sibling],
    taken_from: date | None,
    limited: Sequence[AdCampaign | AdGroup],
) -> list[OfferFigures]:
    """Every way out that is open, with its figures; accepting is always one."""
    made = [*_moves(shortfall, siblings)]
    extension = _extension(shortfall, plan, taken_from)
    if extension is not None:
        made.append(extension)
    bids = (_bid(shortfall, one) for one in limited[:_BIDS_AT_MOST])
    made += [one for one in bids if one is not None]
    made.append(_acceptance(shortfall))
    return made


def next_taken(plan_ids: Sequence[int]) -> dict[int, date]:
    """The first day after each plan on which another plan holds one of its budgets; one query."""
    later = PlanBudget.objects.filter(
        plan__in=plan_ids,
        budget__plan_budgets__status__in=_HELD,
        budget__plan_budgets__starts_on__gt=F("ends_on"),
    )
    rows = later.order_by().values_list("plan_id").annotate(Min("budget__plan_budgets__starts_on"))
    return dict(rows)


def _moves(shortfall: Shortfall, siblings: Sequence[Sibling]) -> list[OfferFigures]:
    """What each sibling could take; taking one leaves the rest of the gap for another."""
    by_id = {one.public_id: one for one in siblings}
    # Whole units of the currency: nobody moves cents between plans.
    unit = max(unit_micros(shortfall.currency), MICROS)
    rooms = {one.public_id: one.room_micros // unit * unit for one in siblings}
    spent = int(shortfall.numbers.get("spent_micros") or 0)
    movable = min(shortfall.gap_micros, shortfall.amount_micros - spent)
    made = []
    for key, moved in shared_out(movable, rooms, unit_micros=unit).items():
        other = by_id[key]
        numbers = {
            "moved_micros": moved,
            "to_text": other.name,
            "to_now_micros": other.projected_micros,
            "to_end_micros": other.amount_micros + moved,
            "end_micros": min(shortfall.achievable_micros, shortfall.amount_micros - moved),
        }
        terms = {"moved_micros": moved, "to_plan": key, "to_amount_micros": other.amount_micros + moved}
        terms["amount_micros"] = shortfall.amount_micros - moved
        made.append(_offer(shortfall, Offer.Kind.MOVE, key, terms, numbers, to_plan_id=other.plan_id))
    return made


def _extension(shortfall: Shortfall, plan: BudgetPlan, taken: date | None) -> OfferFigures | None:
    """The day on which the rest is spent at today's rate, while no other plan holds these budgets then."""
    rate = int(shortfall.numbers.get("rate_micros") or 0)
    if shortfall.cause == Shortfall.Cause.OUTAGE:
        return None
    longest = LONGEST_FLIGHT_DAYS - plan.days_total
    if taken is not None:
        longest = min(longest, (taken - plan.ends_on).days - 1)
    days = extra_days(rest_micros=shortfall.gap_micros, rate_micros=rate, longest=longest)
    if days is None:
        return None
    new_ends_on = (plan.ends_on + timedelta(days=days)).isoformat()
    numbers = {
        "rate_micros": rate,
        "rest_micros": shortfall.gap_micros,
        "extra_days": days,
        "new_ends_on": new_ends_on,
        "ends_on": plan.ends_on.isoformat(),
        "end_micros": shortfall.amount_micros,
    }
    return _offer(shortfall, Offer.Kind.EXTEND, "", {"ends_on": new_ends_on}, numbers)


def _bid(shortfall: Shortfall, entity: AdCampaign | AdGroup) -> OfferFigures | None:
    if entity.bid_kind not in capabilities_of(entity.ad_account.platform).bid_targets:
        return None
    shown: dict[str, Any] = {"bid_text": entity.get_bid_kind_display(), "entity_text": entity.name}
    if entity.bid_millis:
        new = round(entity.bid_millis * (1 - BID_STEP))
        shown |= {"now_value": entity.bid_millis / 1000, "new_value": new / 1000}
        change = new / entity.bid_millis - 1
    elif entity.bid_micros:
        unit = unit_micros(entity.ad_account.currency)
        new = int(entity.bid_micros * (1 + BID_STEP)) // unit * unit
        shown |= {"now_micros": entity.bid_micros, "new_micros": new}
        change = new / entity.bid_micros - 1
    else:
        return None
    if new in (entity.bid_micros, entity.bid_millis):
        return None
    level = "group" if isinstance(entity, AdGroup) else "campaign"
    terms = {"level": level, "entity": str(entity.public_id), "kind": entity.bid_kind, "target": new}
    numbers = shown | {"step_change_ratio": round(change, 6)}
    return _offer(shortfall, Offer.Kind.BIDS, f"{level}:{entity.public_id}", terms, numbers)


def _acceptance(shortfall: Shortfall) -> OfferFigures:
    numbers = {"end_micros": shortfall.achievable_micros, "gap_micros": shortfall.gap_micros}
    return _offer(shortfall, Offer.Kind.ACCEPT, "", {}, numbers)


def _offer(
    shortfall: Shortfall,
    kind: str,
    key: str,
    terms: Mapping[str, Any],
    numbers: Mapping[str, Any],
    *,
    to_plan_id: int | None = None,
) -> OfferFigures:
    said = offer_sentence(kind, numbers, currency=shortfall.currency)
    ends = numbers.get("end_micros")
    return OfferFigures(kind, key, terms, said.numbers, said.text, ends, to_plan_id)
