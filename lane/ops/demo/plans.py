"""Plans over the sandbox's budgets that show every status there is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from campaigns.models import Budget
from campaigns.sandbox.scenario import ACCOUNTS, BUDGETS, BudgetSpec
from lane.accounts.models import Client
from lane.core import clock
from lane.core.actors import Actor
from lane.core.errors import LaneError
from lane.core.money import MICROS
from pacing.models import BudgetPlan
from pacing.services import plans

DAYS, DAY_TODAY = 30, 20


def make(clients: dict[str, Client], actor: Actor) -> Iterator[BudgetPlan]:
    """One plan per daily budget of the scenario; the three catalogue ad sets share one plan."""
    groups: dict[tuple[str, str], list[BudgetSpec]] = {}
    for spec in BUDGETS:
        if not spec.lifetime_days:
            name = (
                "Frames catalogue" if spec.carrier == "adset" and spec.account == "lindqvist-m" else spec.name
            )
            groups.setdefault((spec.account, name), []).append(spec)
    accounts = {account.key: account for account in ACCOUNTS}
    for (account_key, name), specs in groups.items():
        plan = _plan(
            clients[accounts[account_key].client], accounts[account_key].platform, name, specs, actor
        )
        if plan is not None:
            yield plan


def _plan(
    client: Client, platform: str, name: str, specs: list[BudgetSpec], actor: Actor
) -> BudgetPlan | None:
    budgets = list(
        Budget.objects.filter(
            client=client,
            ad_account__platform=platform,
            kind=Budget.Kind.DAILY,
            name__in=_platform_names(specs),
        ).select_related("ad_account")
    )
    if not budgets:
        return None
    account = budgets[0].ad_account
    starts_on = clock.today(account.timezone) - timedelta(days=DAY_TODAY - 1)
    if any(spec.role == "new" for spec in specs):
        starts_on = clock.today(account.timezone)
    try:
        return plans.create(
            client=client,
            name=name.removesuffix(" (shared)"),
            amount_micros=sum(spec.plan_per_day for spec in specs) * DAYS * MICROS,
            currency=account.currency,
            timezone=account.timezone,
            starts_on=starts_on,
            ends_on=starts_on + timedelta(days=DAYS - 1),
            budgets=budgets,
            actor=actor,
        )
    except LaneError as error:
        raise RuntimeError(f"The demo plan “{name}” was refused: {error.message}") from error


def _platform_names(specs: list[BudgetSpec]) -> set[str]:
    """What the platform calls these budgets: their own name, or that of the campaign or ad set carrying them."""
    names = {spec.name for spec in specs}
    for spec in specs:
        names |= {campaign.name for campaign in spec.campaigns} if spec.carrier == "campaign" else set()
        if spec.carrier == "adset":
            names |= {group for campaign in spec.campaigns for group in campaign.groups}
    return names
