"""What an amendment may ask for, and when it makes no sense any more."""

from __future__ import annotations

from lane.core import clock
from lane.core.errors import InvalidInput, LaneError, OutOfDate
from lane.core.money import format_money
from pacing.models import BudgetPlan, PlanAmendment
from pacing.selectors.spending import spent_so_far
from pacing.services import plan_terms

State = PlanAmendment.State
Status = BudgetPlan.Status


def amended(amendment: PlanAmendment, amount_micros: int) -> BudgetPlan:
    """The plan as it would be; not saved."""
    plan = amendment.plan
    plan.amount_micros = amount_micros
    plan.starts_on, plan.ends_on = amendment.new_starts_on, amendment.new_ends_on
    return plan


def require_sense(amendment: PlanAmendment, *, new: bool) -> None:
    """Refuse what changes nothing, is out of bounds, or takes back money that is spent."""
    plan = amendment.plan
    fields: dict[str, str] = {}
    if plan.status == Status.ARCHIVED:
        raise InvalidInput("An archived plan cannot be amended. Make a new one.")
    if plan.status == Status.ENDED and amendment.new_ends_on <= plan.ends_on:
        raise InvalidInput("This plan is over. Choose a later last day to go on with it, or make a new one.")
    if len(amendment.reason) < 3:
        fields["reason"] = "Say why in a few words; the approver reads it and the ledger keeps it."
    today = clock.today(plan.timezone)
    if amendment.effective_on > max(amendment.new_ends_on, amendment.base_ends_on):
        fields["effective_on"] = "Choose a day before the plan ends."
    elif new and amendment.effective_on < today:
        fields["effective_on"] = "Choose today or a later day: the past is settled."
    if amendment.new_ends_on < today and amendment.new_ends_on != amendment.base_ends_on:
        fields["ends_on"] = "Choose a last day from today on."
    unchanged = (amendment.new_amount_micros, amendment.new_starts_on, amendment.new_ends_on) == (
        plan.amount_micros,
        plan.starts_on,
        plan.ends_on,
    )
    if unchanged:
        fields["amount"] = "This is the plan as it stands. Change the amount or a date."
    if fields:
        raise InvalidInput(fields=fields)
    kept = (plan.amount_micros, plan.starts_on, plan.ends_on)
    try:
        changed = amended(amendment, amendment.new_amount_micros)
        budgets = list(changed.budgets.select_related("ad_account"))
        plan_terms.require_terms(changed, budgets, new=False)
        require_enough(changed)
        if plan_terms.overlap(changed, budgets) is not None:
            raise InvalidInput(fields={"ends_on": plan_terms.overlap_words(changed, budgets)})
    finally:
        plan.amount_micros, plan.starts_on, plan.ends_on = kept


def require_enough(plan: BudgetPlan) -> None:
    """What is spent cannot be taken back, so the amount cannot fall below it."""
    spent = spent_so_far(plan)
    if spent is not None and plan.amount_micros < spent:
        shown = format_money(spent, plan.currency)
        raise InvalidInput(
            fields={
                "amount": f"{shown} is spent already and cannot be taken back. Choose at least {shown}; at that "
                "amount Lane pauses what spends."
            }
        )


def require_same_base(amendment: PlanAmendment) -> None:
    """Refuse when the plan moved since the amendment was asked for. Raises ``OutOfDate``."""
    plan = amendment.plan
    if plan.amount_micros != amendment.base_amount_micros:
        raise OutOfDate(
            f"{plan.name} is now {format_money(plan.amount_micros, plan.currency)}, no longer "
            f"{format_money(amendment.base_amount_micros, plan.currency)}. Ask again from there."
        )
    if (plan.starts_on, plan.ends_on) != (amendment.base_starts_on, amendment.base_ends_on):
        raise OutOfDate(
            f"{plan.name} now runs {plan.starts_on:%-d %b} to {plan.ends_on:%-d %b}. Ask again from there."
        )


def require_open(amendment: PlanAmendment) -> None:
    """Refuse an amendment that was decided already. Raises ``OutOfDate``."""
    if amendment.state != State.PROPOSED:
        raise OutOfDate(f"This amendment is already {amendment.get_state_display().lower()}.")


def problem_with(amendment: PlanAmendment) -> str:
    """Why an amendment makes no sense any more; empty while it does."""
    if amendment.state != State.PROPOSED:
        return f"This amendment is already {amendment.get_state_display().lower()}."
    if amendment.expires_at <= clock.now():
        return "This amendment has expired."
    try:
        require_same_base(amendment)
        require_sense(amendment, new=False)
    except LaneError as error:
        return error.message
    return ""
