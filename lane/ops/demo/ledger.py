"""What the demo shows of approved amounts: an amendment in a ledger, a series to come, and dated rates."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from campaigns.models import Budget
from lane.accounts.models import Client
from lane.core import clock
from lane.core.actors import Actor
from lane.core.money import MICROS
from pacing.models import BudgetPlan
from pacing.services import amendments, fx, series

_RATES = (("GBP", "EUR", "1.1520"), ("USD", "EUR", "0.9140"), ("SEK", "EUR", "0.0874"))
_RAISE = Decimal("1.01")


def make(clients: dict[str, Client], admin: Actor, marketer: Actor) -> None:
    """Rates of the last weeks, one raise entered by an admin, and a monthly series."""
    _rates(admin)
    plan = BudgetPlan.objects.filter(client__in=clients.values(), status="active").order_by("pk").last()
    if plan is not None:
        amendments.propose(
            plan.public_id,
            actor=admin,
            reason="Rounded up with the client in the monthly call",
            amount_micros=int(plan.amount_micros * _RAISE) // MICROS * MICROS,
        )
    _series(clients, marketer)


def _rates(admin: Actor) -> None:
    today = clock.today("UTC")
    for weeks in range(6):
        for base, quote, value in _RATES:
            moved = Decimal(value) * (1 + Decimal(weeks % 3 - 1) / 400)
            on = today - timedelta(days=7 * weeks)
            fx.enter(actor=admin, base=base, quote=quote, on=on, value=moved.quantize(Decimal("0.0001")))


def _series(clients: dict[str, Client], actor: Actor) -> None:
    """A monthly series that begins when every demo plan is over, so that nothing overlaps."""
    budget = (
        Budget.objects.filter(
            client__in=clients.values(), kind=Budget.Kind.DAILY, removed_at=None, amount_micros__gt=0
        )
        .select_related("ad_account", "client")
        .order_by("pk")
        .first()
    )
    if budget is None:
        return
    assert budget.amount_micros is not None
    first = (clock.today(budget.client.timezone).replace(day=1) + timedelta(days=64)).replace(day=1)
    series.create(
        client=budget.client,
        name=f"{budget.name} always on"[:100],
        amount_micros=budget.amount_micros * 30,
        cadence="month",
        anchor_on=first,
        budgets=[budget],
        rollover=BudgetPlan.Rollover.BOTH,
        actor=actor,
    )
