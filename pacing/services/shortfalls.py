"""Plans that cannot spend their amount: declared by the middle of the flight, with the figure, the cause and offers."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import transaction

from campaigns.models import AdAccount, Connection
from lane.audit.services import record
from lane.core import clock, outbox, realtime
from lane.core.actors import Actor
from lane.core.dates import local_date
from pacing.controllers import Decision, Reason, Status
from pacing.controllers.base import Flags, Floats, Ints
from pacing.controllers.decision import Evidence
from pacing.events import ShortfallDeclared, ShortfallEnded
from pacing.explain import Verdict, judge
from pacing.explain.shortfall import cause_sentences
from pacing.models import BudgetPlan, Shortfall
from pacing.selectors.obstacles import PlanObstacle, obstacles_of
from pacing.services.observation import Seen
from pacing.services.run_store import Look

_OVER = (BudgetPlan.Status.ENDED, BudgetPlan.Status.ARCHIVED)
_SHOWN_EVIDENCE = 6
_FIGURES = (
    "cause", "evidence", "numbers", "sentences", "amount_micros", "achievable_micros", "seen_at", "accepted_at",
    "accepted_by", "accepted_label", "accepted_end_micros",
)  # fmt: skip
Cause, Resolution = Shortfall.Cause, Shortfall.Resolution


@dataclass(frozen=True, slots=True)
class Declared:
    """Which plans of a look cannot spend, and what was known of each before."""

    verdict: Verdict
    accepted: Flags
    open_before: Mapping[int, Shortfall]  # by plan key


def declare(seen: Seen, decision: Decision) -> tuple[Decision, Declared]:
    """Judge every plan of a look; its status, its figure and its first reason then say so. One query.

    An accepted shortfall is no longer money at risk, unless the plan now ends clearly below what was accepted.
    """
    standing = {one.plan_id: one for one in _open_of([plan["pk"] for plan in seen.plans])}
    before = [standing.get(plan["pk"]) for plan in seen.plans]
    verdict = judge(
        seen.terms,
        seen.observation,
        decision,
        open_before=np.array([one is not None for one in before], dtype=np.bool_),
        may_judge=np.array(
            [plan["status"] == BudgetPlan.Status.ACTIVE for plan in seen.plans], dtype=np.bool_
        ),
        broken=np.array([_is_broken(seen, row) for row in range(len(seen.plans))], dtype=np.bool_),
    )
    accepted = np.array(
        [
            one is not None and _still_accepted(one, int(reach), float(tolerance))
            for one, reach, tolerance in zip(
                before, verdict.achievable_micros, seen.terms.tolerance, strict=True
            )
        ],
        dtype=np.bool_,
    )
    found = Declared(verdict, verdict.declared & accepted, standing)
    return _as_said(seen, decision, found), found


def review(look: Look, run_ids: Mapping[int, int], declared: Declared) -> list[tuple[Shortfall, int]]:
    """Open, update or end the shortfalls of the plans whose run was ours; returns the open ones with their row."""
    rows = [row for row in run_ids if declared.verdict.declared[row]]
    obstacles = obstacles_of([look.seen.plans[row]["pk"] for row in rows]) if rows else {}
    kept = [(_keep(look, row, declared, obstacles.get(look.seen.plans[row]["pk"], [])), row) for row in rows]
    stood = [one for one, _ in kept if one.plan_id in declared.open_before]
    Shortfall.objects.bulk_update(stood, [*_FIGURES, "updated_at"])
    for row in run_ids:
        plan = look.seen.plans[row]
        gone = declared.open_before.get(plan["pk"])
        if gone is not None and not declared.verdict.declared[row] and not _unsure(look, row):
            over = int(look.seen.observation.day[row]) > int(look.seen.terms.days_total[row])
            changed = gone.amount_micros != plan["amount_micros"]
            end(gone, Resolution.ENDED if over else Resolution.AMENDED if changed else Resolution.RECOVERED)
    return kept


def close_over() -> int:
    """End the shortfalls of plans whose flight is over: nothing can be done any more."""
    over = Shortfall.objects.filter(resolved_at=None, plan__status__in=_OVER)
    return sum(end(one, Resolution.ENDED) for one in over.select_related("plan", "client"))


@transaction.atomic
def end(shortfall: Shortfall, resolution: str) -> bool:
    """Close a shortfall and take its offers back. Closing twice changes nothing."""
    found = Shortfall.objects.locked().select_related("plan", "client").get(pk=shortfall.pk)
    if found.resolved_at is not None:
        return False
    found.resolved_at, found.resolution = clock.now(), resolution
    found.save(update_fields=["resolved_at", "resolution", "updated_at"])
    found.offers.filter(state="open").update(state="withdrawn", updated_at=clock.machine_now())
    _record("ended", found, {"resolution": resolution})
    outbox.publish(
        ShortfallEnded(
            organization_id=found.organization_id,
            plan_id=str(found.plan.public_id),
            client_id=str(found.client.public_id),
            resolution=resolution,
        )
    )
    return True


def _open_of(plan_ids: Sequence[int]) -> list[Shortfall]:
    return list(Shortfall.objects.filter(plan__in=plan_ids, resolved_at=None))


def _is_broken(seen: Seen, row: int) -> bool:
    """Whether a platform of the plan refuses Lane: a lost connection, not a stop somebody chose."""
    accounts = [seen.accounts[one] for one in seen.account_ids[row]]
    return any(
        account["source"] == AdAccount.Source.API
        and account["connection__status"] not in (None, Connection.Status.OK)
        for account in accounts
    )


def _still_accepted(shortfall: Shortfall, achievable_micros: int, tolerance: float) -> bool:
    if shortfall.accepted_end_micros is None:
        return False
    return achievable_micros >= shortfall.accepted_end_micros - tolerance * shortfall.amount_micros


def _as_said(seen: Seen, decision: Decision, found: Declared) -> Decision:
    """The decision with what was declared: one figure and one word everywhere."""
    holds, reach = found.verdict.declared, found.verdict.achievable_micros
    amount = seen.terms.amount_micros
    loud = holds & ~found.accepted
    status = np.where(
        holds, np.where(found.accepted, int(Status.ACCEPTED), int(Status.CANNOT_SPEND)), decision.status
    )
    numbers: dict[str, Ints | Floats] = {"achievable_micros": reach, "gap_ratio": reach / amount - 1.0}
    evidence = tuple(
        Evidence(one.reason, holds, numbers) if one.reason is Reason.CANNOT_SPEND else one
        for one in decision.evidence
    )
    left = _days_left(seen)
    needed = np.divide(amount - decision.estimated_micros, left, out=np.zeros(left.shape), where=left > 0)
    return dataclasses.replace(
        decision,
        status=status,
        # What the plan would need, not what the controller still asks of demand that is not there.
        needed_per_day_micros=np.where(
            holds & (left > 0),
            np.rint(np.maximum(needed, 0.0)).astype(np.int64),
            decision.needed_per_day_micros,
        ),
        at_risk_micros=np.where(loud, reach - amount, np.where(found.accepted, 0, decision.at_risk_micros)),
        achievable_end_micros=np.where(holds, reach, decision.achievable_end_micros),
        evidence=evidence,
    )


def _days_left(seen: Seen) -> Floats:
    """Days from now to the end of each flight, today's rest as its share."""
    whole = seen.terms.days_total - seen.observation.day + 1
    return np.asarray(whole - seen.observation.day_fraction, dtype=np.float64)


def _unsure(look: Look, row: int) -> bool:
    """Without fresh data nothing says that a plan can spend again."""
    return look.decision.status_of(row) in (Status.STALE, Status.UNKNOWN)


@transaction.atomic
def _keep(look: Look, row: int, declared: Declared, obstacles: Sequence[PlanObstacle]) -> Shortfall:
    """The open shortfall of one plan with the figures of this look; one that stood before is not saved yet."""
    plan = look.seen.plans[row]
    numbers = numbers_of(look, row, declared.verdict)
    cause = _cause(declared.verdict, row, obstacles)
    if cause == Cause.OUTAGE and declared.verdict.frozen[row]:
        numbers["account_text"] = next(
            (one.entity for one in obstacles if one.cause == "outage"), "the platform"
        )
    evidence = [one.as_evidence() for one in obstacles][:_SHOWN_EVIDENCE]
    values: dict[str, Any] = {
        "cause": cause,
        "evidence": evidence,
        "numbers": numbers,
        "sentences": [
            one.as_json() for one in cause_sentences(numbers, _shown(evidence), currency=plan["currency"])
        ],
        "currency": plan["currency"],
        "amount_micros": plan["amount_micros"],
        "achievable_micros": numbers["achievable_micros"],
        "seen_at": look.seen.at,
    }
    standing = declared.open_before.get(plan["pk"])
    if standing is not None:
        if standing.accepted_at is not None and not declared.accepted[row]:
            values |= {
                "accepted_at": None,
                "accepted_by": None,
                "accepted_label": "",
                "accepted_end_micros": None,
            }
        for name, value in (values | {"updated_at": clock.machine_now()}).items():
            setattr(standing, name, value)
        return standing
    made, is_new = Shortfall.objects.get_or_create(
        plan_id=plan["pk"],
        resolved_at=None,
        defaults=values
        | {
            "organization_id": plan["organization_id"],
            "client_id": plan["client_id"],
            "opened_at": look.seen.at,
        },
    )
    if is_new:
        _record("declared", made, {"cause": cause, "achievable_micros": made.achievable_micros})
        outbox.publish(
            ShortfallDeclared(
                organization_id=plan["organization_id"],
                plan_id=str(plan["public_id"]),
                client_id=str(plan["client__public_id"]),
                cause=cause,
            )
        )
    return made


def numbers_of(look: Look, row: int, verdict: Verdict) -> dict[str, Any]:
    """The figures of a shortfall: how far it gets, at what rate, and what the rest would need."""
    seen, plan = look.seen, look.seen.plans[row]
    amount, reach = int(plan["amount_micros"]), int(verdict.achievable_micros[row])
    spent = max(0, int(look.decision.estimated_micros[row]))
    reach = max(0, min(reach, amount - 1))
    left = float(_days_left(seen)[row])
    numbers: dict[str, Any] = {
        "amount_micros": amount,
        "achievable_micros": reach,
        "gap_micros": amount - reach,
        "gap_ratio": round(1 - reach / amount, 6),
        "spent_micros": spent,
        "ends_on": plan["ends_on"].isoformat(),
    }
    if left > 0:
        rate = round(max(0, reach - spent) / left)
        numbers |= {"rate_micros": rate, "needed_micros": round(max(0, amount - spent) / left)}
        if rate > 0 and not verdict.frozen[row]:
            numbers["level_micros"] = rate
    if verdict.stopped[row]:
        numbers["is_stopped_count"] = 1
    today = local_date(seen.at, plan["timezone"])
    return numbers | {"left_days": max(0, (plan["ends_on"] - today).days + 1)}


def _cause(verdict: Verdict, row: int, obstacles: Sequence[PlanObstacle]) -> str:
    """The gravest thing that explains it; without any, demand itself."""
    told = {one.cause for one in obstacles}
    if verdict.frozen[row] or "outage" in told:
        return Cause.OUTAGE
    if verdict.stopped[row]:
        return Cause.DISAPPROVED if "disapproved" in told else Cause.PAUSED
    if "disapproved" in told:
        return Cause.DISAPPROVED
    return Cause.LIMITED if "limited" in told else Cause.DEMAND


def _shown(evidence: Sequence[Mapping[str, str]]) -> list[Mapping[str, str]]:
    return [{key: value for key, value in one.items() if key not in ("cause", "code")} for one in evidence]


def _record(what: str, shortfall: Shortfall, after: Mapping[str, Any]) -> None:
    plan = shortfall.plan
    record(
        f"pacing.shortfall.{what}",
        actor=Actor.system(shortfall.organization_id, "pacing"),
        obj=shortfall,
        object_label=f"{plan.name}: cannot spend",
        after=dict(after),
        links={"plan": plan.public_id},
    )
    realtime.changed(shortfall.organization_id, "plan", str(plan.public_id), client_id=shortfall.client_id)
