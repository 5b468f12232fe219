"""What a plan must satisfy before it is saved: its terms, budgets, days and the client's limit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction

from campaigns.models import Budget
from lane.accounts.models import Client
from lane.core import clock
from lane.core.errors import InvalidInput
from lane.core.money import format_money, unit_micros
from pacing.models import BudgetPlan, PlanBudget
from pacing.selectors import fx
from pacing.selectors.limits import limit_use
from pacing.services.calendar import require_days_to_spend_on

LONGEST_FLIGHT_DAYS = 366
MOST_HOURS_APART = 6
Status = BudgetPlan.Status
HOLDING = (Status.ACTIVE, Status.SCHEDULED, Status.PAUSED)
_OVERLAP = "pacing_budget_one_plan_at_a_time"


def status_on(plan: BudgetPlan, today: date) -> str:
    """What a plan is on a day when nobody paused or archived it."""
    if plan.ends_on and today > plan.ends_on:
        return Status.ENDED
    return Status.SCHEDULED if plan.starts_on and today < plan.starts_on else Status.ACTIVE


def lock_client(client: Client) -> Client:
    """Make everybody who commits money of a client wait in line, so that its limit holds for all of them."""
    return Client.objects.locked().get(pk=client.pk)


def usual_currency(client: Client, budgets: Sequence[Budget]) -> str:
    """The currency budgets share; the client's own, or the first one's, where they differ."""
    found = {budget.currency for budget in budgets}
    return client.currency if len(found) > 1 and client.currency in found else budgets[0].currency


def usual_timezone(budgets: Sequence[Budget]) -> str:
    """The zone in which a day ends last, so that a day of the plan is over only when it is over everywhere."""
    now = clock.now()

    def offset(zone: str) -> float:
        moved = now.astimezone(ZoneInfo(zone)).utcoffset()
        return moved.total_seconds() if moved else 0.0

    return min((budget.ad_account.timezone for budget in budgets), key=lambda zone: (offset(zone), zone))


def require_budgets(client: Client, budgets: Sequence[Budget], currency: str) -> None:
    """Budgets of one plan belong to its client, are daily, have convertible money and days close together."""
    if not budgets:
        raise InvalidInput(fields={"budgets": "Choose at least one budget."})
    if any(budget.client_id != client.pk for budget in budgets):
        raise InvalidInput(fields={"budgets": "Every budget must belong to the plan's client."})
    if len({budget.pk for budget in budgets}) != len(budgets):
        raise InvalidInput(fields={"budgets": "A budget is chosen twice."})
    lifetime = [budget.name for budget in budgets if budget.kind == Budget.Kind.LIFETIME]
    if lifetime:
        raise InvalidInput(
            fields={"budgets": f"“{lifetime[0]}” has a lifetime amount; a plan paces daily budgets only."}
        )
    _require_rates(client, budgets, currency)
    _require_near_days(budgets)


def require_terms(plan: BudgetPlan, budgets: Sequence[Budget], *, new: bool) -> None:
    """Every term in its bounds; raises ``InvalidInput`` naming each that is not, and how to mend it."""
    fields: dict[str, str] = {}
    if not plan.name:
        fields["name"] = "Give the plan a name."
    elif len(plan.name) > 120:
        fields["name"] = "At most 120 characters."
    if plan.amount_micros <= 0:
        fields["amount"] = "The amount must be more than zero."
    elif plan.amount_micros % unit_micros(plan.currency):
        fields["amount"] = f"{plan.currency} has no such fraction. Round the amount."
    if plan.ends_on < plan.starts_on:
        fields["ends_on"] = "The last day is before the first. Swap the dates."
    elif plan.days_total > LONGEST_FLIGHT_DAYS:
        fields["ends_on"] = f"A flight has at most {LONGEST_FLIGHT_DAYS} days."
    elif new and plan.ends_on < clock.today(plan.timezone):
        fields["ends_on"] = "The flight is over already. Choose a last day from today on."
    if not 0 < plan.tolerance_ratio <= Decimal("0.5"):
        fields["tolerance"] = "Choose a tolerance above 0 % and at most 50 %."
    if not Decimal(0) <= plan.rollover_cap_ratio <= 1:
        fields["rollover_cap"] = "Choose a share from 0 % to 100 % of the amount."
    for field, choices in (
        ("strategy", BudgetPlan.Strategy),
        ("landing", BudgetPlan.Landing),
        ("mode", BudgetPlan.Mode),
        ("amount_rule", BudgetPlan.AmountRule),
        ("rollover", BudgetPlan.Rollover),
    ):
        if getattr(plan, field) not in choices.values:
            fields[field] = f"Choose one of: {', '.join(choices.values)}."
    if fields:
        raise InvalidInput(fields=fields)
    require_within_limit(plan)
    require_days_to_spend_on(plan, budgets)


def require_within_limit(plan: BudgetPlan) -> None:
    """On no day may the client's plans add up to more than its limit. Lock the client first."""
    if plan.client.budget_limit_micros is None or plan.status == Status.ARCHIVED:
        return
    use = limit_use(plan.client, plan.starts_on, plan.ends_on, without=plan.pk)
    if use.unknown_pair or (own := use.in_limit_currency(plan.amount_micros, plan.currency)) is None:
        pair = use.unknown_pair or f"{plan.currency}→{plan.client.currency}"
        raise InvalidInput(
            fields={
                "amount": f"The client's limit is in {plan.client.currency} and there is no {pair} rate of the "
                f"last {fx.max_age_days()} days. Enter one under Exchange rates."
            }
        )
    if use.held_micros + own > use.limit_micros:
        free = format_money(max(0, use.limit_micros - use.held_micros), plan.client.currency)
        raise InvalidInput(fields={"amount": f"The client's limit leaves {free} for these dates."})


def save_with_budgets(plan: BudgetPlan, budgets: Sequence[Budget]) -> None:
    """Save the plan and its budget links; the database refuses a budget that another plan holds then."""
    try:
        with transaction.atomic():
            plan.save()
            PlanBudget.objects.filter(plan=plan).exclude(budget__in=budgets).delete()
            for budget in sorted(budgets, key=lambda one: one.pk):
                PlanBudget.objects.update_or_create(
                    plan=plan,
                    budget=budget,
                    defaults={"starts_on": plan.starts_on, "ends_on": plan.ends_on, "status": plan.status},
                )
    except IntegrityError as error:
        if _OVERLAP not in str(error):
            raise
        raise InvalidInput(fields={"budgets": overlap_words(plan, budgets)}) from error


def refusals(plan: BudgetPlan, budgets: Sequence[Budget]) -> dict[str, str]:
    """What saving the plan as it stands in memory would refuse, by field; nothing is written."""
    try:
        require_budgets(plan.client, budgets, plan.currency)
        require_terms(plan, budgets, new=False)
    except InvalidInput as error:
        return dict(error.fields) or {"": error.message}
    return {"budgets": overlap_words(plan, budgets)} if overlap(plan, budgets) is not None else {}


def overlap_words(plan: BudgetPlan, budgets: Sequence[Budget]) -> str:
    """Which budget another plan holds on the same days, and what to do."""
    taken = overlap(plan, budgets)
    if taken is None:
        return "Another plan took one of these budgets at the same moment. Reload and choose again."
    return (
        f"“{taken.budget.name}” is in the plan “{taken.plan.name}” from {taken.starts_on:%-d %b %Y} to "
        f"{taken.ends_on:%-d %b %Y}. Choose other dates or take it out of that plan."
    )


def overlap(plan: BudgetPlan, budgets: Sequence[Budget]) -> PlanBudget | None:
    """The first budget another plan holds on days of this one."""
    return (
        PlanBudget.objects.filter(
            budget__in=budgets,
            status__in=HOLDING,
            starts_on__lte=plan.ends_on,
            ends_on__gte=plan.starts_on,
        )
        .exclude(plan_id=plan.pk)
        .select_related("plan", "budget")
        .first()
    )


def _require_rates(client: Client, budgets: Sequence[Budget], currency: str) -> None:
    """Every budget's money must be convertible into the plan's today."""
    foreign = sorted({budget.currency for budget in budgets} - {currency})
    if not foreign:
        return
    book, today = fx.book(client.organization_id), clock.today(client.timezone)
    missing = [f"{one}→{currency}" for one in foreign if book.quote(one, currency, today) is None]
    if not missing:
        return
    pairs, days = " and ".join(missing), fx.max_age_days()
    if len({budget.currency for budget in budgets}) == 1:
        raise InvalidInput(
            fields={
                "amount": f"The budgets are in {foreign[0]}. Write the amount in {foreign[0]}, or enter a "
                f"{pairs} exchange rate first."
            }
        )
    raise InvalidInput(
        fields={
            "budgets": f"These budgets have different currencies, and there is no {pairs} rate of the last {days} "
            "days. Enter it under Exchange rates, or make one plan per currency."
        }
    )


def _require_near_days(budgets: Sequence[Budget]) -> None:
    """Accounts whose days begin many hours apart cannot share one pacing day."""
    zones = sorted({budget.ad_account.timezone for budget in budgets})
    now = clock.now()
    offsets = [now.astimezone(ZoneInfo(zone)).utcoffset() or timedelta() for zone in zones]
    if zones and max(offsets) - min(offsets) > timedelta(hours=MOST_HOURS_APART):
        raise InvalidInput(
            fields={
                "budgets": f"The days of these accounts begin more than {MOST_HOURS_APART} hours apart "
                f"({', '.join(zones)}), so the plan would never see a whole day. Make one plan per region."
            }
        )
