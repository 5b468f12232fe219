"""Entries of the approved-budget ledger: made with the amount they change, never changed themselves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from approvals.selectors import decision_of
from lane.core import clock
from lane.core.actors import Actor
from pacing.models import BudgetPlan, LedgerEntry, PlanAmendment

Kind, Via = LedgerEntry.Kind, LedgerEntry.Via
_DOORS = {"api": Via.KEY, "api_key": Via.KEY}


@dataclass(frozen=True, slots=True)
class Consent:
    """Who said yes to an entry, and through which door."""

    via: str
    label: str = ""
    user_id: int | None = None
    approval_id: str = ""
    link_id: str = ""

    @classmethod
    def direct(cls) -> Consent:
        """Nobody else was asked: the person who entered it may do so."""
        return cls(Via.DIRECT)

    @classmethod
    def of_request(cls, approval_id: str) -> Consent:
        """The decision of an approval request: a person by link or login, or the policy."""
        decision = decision_of(approval_id)
        if decision is None:
            return cls(Via.POLICY, approval_id=approval_id)
        link = str(decision.link.public_id) if decision.link else ""
        via = (
            Via.LINK
            if link
            else Via.POLICY
            if decision.user_id is None
            else _DOORS.get(decision.via, Via.LOGIN)
        )
        return cls(via, decision.user_label, decision.user_id, approval_id, link)


def begin(plan: BudgetPlan, *, actor: Actor, reason: str = "", via: str = Via.DIRECT) -> LedgerEntry:
    """The first entry of a new plan: its base amount, entered by whoever made it."""
    return LedgerEntry.objects.create(
        organization_id=plan.organization_id,
        client_id=plan.client_id,
        plan=plan,
        kind=Kind.BASE,
        amount_micros=plan.amount_micros,
        currency=plan.currency,
        effective_on=plan.starts_on,
        starts_on=plan.starts_on,
        ends_on=plan.ends_on,
        reason=reason[:500],
        asked_by_id=actor.user_id,
        asked_label=actor.label[:200],
        via=via,
        at=clock.now(),
    )


def amend(
    plan: BudgetPlan,
    delta_micros: int,
    *,
    effective_on: date,
    reason: str,
    asked_by_id: int | None,
    asked_label: str,
    consent: Consent,
    amendment: PlanAmendment | None = None,
) -> LedgerEntry:
    """Note a change of the amount or the dates; the caller saves the plan with them in the same transaction."""
    reverses = amendment.reverses if amendment else None
    return LedgerEntry.objects.create(
        organization_id=plan.organization_id,
        client_id=plan.client_id,
        plan=plan,
        kind=Kind.REVERSAL if reverses else Kind.AMENDMENT,
        amount_micros=delta_micros,
        currency=plan.currency,
        effective_on=effective_on,
        starts_on=plan.starts_on,
        ends_on=plan.ends_on,
        reason=reason[:500],
        asked_by_id=asked_by_id,
        asked_label=asked_label[:200],
        approved_by_id=consent.user_id,
        approved_label=consent.label[:200],
        via=consent.via,
        approval_id=consent.approval_id,
        link_id=consent.link_id,
        amendment=amendment,
        reverses=reverses,
        at=clock.now(),
    )


def roll(
    plan: BudgetPlan, delta_micros: int, *, source: BudgetPlan, provisional: bool, reason: str, actor: Actor
) -> LedgerEntry:
    """Note what rolled over from the cycle before; approved in advance by the series' policy."""
    return LedgerEntry.objects.create(
        organization_id=plan.organization_id,
        client_id=plan.client_id,
        plan=plan,
        kind=Kind.ROLLOVER,
        amount_micros=delta_micros,
        currency=plan.currency,
        effective_on=clock.today(plan.timezone),
        starts_on=plan.starts_on,
        ends_on=plan.ends_on,
        reason=reason[:500],
        asked_label=actor.label[:200],
        approved_label=f"Rollover policy of “{source.name}”"[:200],
        via=Via.SERIES,
        rolled_from=source,
        is_provisional=provisional,
        at=clock.now(),
    )
