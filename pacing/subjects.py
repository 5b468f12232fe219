"""Amendments of plans as something people approve."""

from __future__ import annotations

from django.urls import NoReverseMatch, reverse

from lane.core import clock, subjects
from lane.core.actors import Actor
from lane.core.money import MINUS, format_money
from pacing.models import BudgetPlan, PlanAmendment, PlanSnapshot
from pacing.selectors.spending import spent_so_far
from pacing.services import amendment_rules, amendment_trail, amendments


class AmendmentSubject:
    """Answers approvals about an amendment: one row for the amount, one for each date that moves."""

    subject_type = amendments.SUBJECT

    def diff(self, subject_id: str) -> subjects.Diff:
        """What would change, with what is spent and what each day would need."""
        amendment = _get(subject_id)
        return subjects.Diff(
            title=_title(amendment),
            summary=amendment.reason,
            rows=_rows(amendment),
            reasons=_reasons(amendment),
            url=_url(amendment),
            currency=amendment.currency,
            per="flight",
        )

    def content_hash(self, subject_id: str) -> str:
        """The digest of amounts, dates and version as they stand now."""
        return amendment_trail.digest(_get(subject_id))

    def still_true(self, subject_id: str) -> str:
        """Whether it still waits, its plan is as the approver sees it, and the amount covers what is spent."""
        return amendment_rules.problem_with(_get(subject_id))

    def carry_out(
        self,
        subject_id: str,
        *,
        approval_id: str,
        approved_hash: str,
        actor: Actor,
        lowered: dict[str, int] | None,
    ) -> None:
        """Enter it in the ledger; a lower approved amount is entered as such."""
        amendments.approve(
            subject_id,
            approval_id=approval_id,
            approved_hash=approved_hash,
            actor=actor,
            lowered_micros=(lowered or {}).get("amount"),
        )

    def turn_down(
        self, subject_id: str, *, approval_id: str, actor: Actor, reason: str, outcome: str
    ) -> None:
        """Close it; the plan stays as it is."""
        amendments.turn_down(subject_id, approval_id=approval_id, actor=actor, reason=reason, outcome=outcome)


def _get(subject_id: str) -> PlanAmendment:
    return PlanAmendment.objects.select_related("plan__client", "client").get(public_id=subject_id)


def _title(amendment: PlanAmendment) -> str:
    name, currency = amendment.plan.name, amendment.currency
    moved = amendment.new_ends_on - amendment.base_ends_on
    dates = f" and end it on {amendment.new_ends_on:%-d %b}" if moved else ""
    if amendment.delta_micros:
        verb = "Raise" if amendment.delta_micros > 0 else "Cut"
        step = format_money(abs(amendment.delta_micros), currency).lstrip(MINUS)
        return f"{verb} the approved amount of {name} by {step}{dates}"
    if moved:
        verb = "Extend" if moved.days > 0 else "Shorten"
        return f"{verb} {name} to {amendment.new_ends_on:%-d %b %Y}"
    return f"Start {name} on {amendment.new_starts_on:%-d %b %Y}"


def _rows(amendment: PlanAmendment) -> list[subjects.DiffRow]:
    plan, currency = amendment.plan, amendment.currency
    flight = f"Approved amount, {amendment.base_starts_on:%-d %b} to {amendment.base_ends_on:%-d %b %Y}"
    rows = []
    if amendment.delta_micros:
        rows.append(
            subjects.DiffRow(
                key="amount",
                label=plan.name,
                field="amount",
                now=format_money(amendment.base_amount_micros, currency),
                new=format_money(amendment.new_amount_micros, currency),
                now_micros=amendment.base_amount_micros,
                new_micros=amendment.new_amount_micros,
                currency=currency,
                context=flight,
                entity_key=f"plan:{plan.public_id}",
            )
        )
    for field, label, base, new in (
        ("starts_on", "First day", amendment.base_starts_on, amendment.new_starts_on),
        ("ends_on", "Last day", amendment.base_ends_on, amendment.new_ends_on),
    ):
        if base != new:
            rows.append(
                subjects.DiffRow(
                    key=field,
                    label=label,
                    field=field,
                    now=f"{base:%-d %b %Y}",
                    new=f"{new:%-d %b %Y}",
                    context=plan.name,
                    moves_no_money=True,
                )
            )
    return rows


def _reasons(amendment: PlanAmendment) -> list[str]:
    """What is spent, what a day would need, and where the plan ends as things stand: stored numbers only."""
    plan = amendment.plan
    texts = []
    spent = spent_so_far(plan)
    if spent is not None:
        cur = plan.currency
        texts.append(f"{format_money(spent, cur)} of {format_money(plan.amount_micros, cur)} is spent.")
    snapshot = PlanSnapshot.objects.filter(plan=plan).first()
    if snapshot is not None and snapshot.projected_p50_micros is not None:
        end = format_money(snapshot.projected_p50_micros, plan.currency, 0)
        texts.append(f"As things stand the plan ends at about {end}.")
    starts = (
        "now"
        if amendment.effective_on <= clock.today(plan.timezone)
        else f"{amendment.effective_on:%-d %b %Y}"
    )
    after = "" if plan.series_id is None else _after(amendment)
    texts.append(f"Takes effect {starts}{'' if starts != 'now' else ', as soon as it is approved'}.{after}")
    return texts


def _after(amendment: PlanAmendment) -> str:
    if amendment.reverts_at_cycle_end:
        return " The next cycle starts from the series' own amount again."
    return " Later cycles go on with the new amount."


def _url(amendment: PlanAmendment) -> str:
    plan: BudgetPlan = amendment.plan
    try:
        return reverse("plan-ledger", args=[plan.public_id])
    except NoReverseMatch:
        return ""


subjects.register(AmendmentSubject())
