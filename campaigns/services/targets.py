"""What somebody wants an entity to become, checked and turned into rows of a change set."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Q

from campaigns.models import AdAccount, AdCampaign, Budget, Change, ChangeSet, EntityStatus
from campaigns.platforms.currencies import budget_unit_micros
from campaigns.platforms.records import Platform
from campaigns.selectors import changes as selectors
from campaigns.services import content, guards
from lane.core.errors import InvalidInput
from lane.core.money import format_money

_SWITCHED_ON = {EntityStatus.ACTIVE, EntityStatus.LIMITED, EntityStatus.ENDED}
LARGEST_MICROS = 9_000_000_000_000_000


@dataclass(frozen=True, slots=True)
class BudgetTarget:
    """A budget and the amount a day it should have, in micros of its currency."""

    budget: Budget
    target_micros: int


@dataclass(frozen=True, slots=True)
class StatusTarget:
    """An ad campaign and the switch it should have: ``active`` or ``paused``."""

    ad_campaign: AdCampaign
    target_status: str


Target = BudgetTarget | StatusTarget


def rows_for(change_set: ChangeSet, targets: Sequence[Target], *, is_guard: bool) -> list[Change]:
    """The unsaved rows of a version. Raises ``InvalidInput`` naming each target that cannot be used and why."""
    if not targets:
        raise InvalidInput(fields={"targets": "Choose at least one budget or campaign to change."})
    rows: list[Change] = []
    problems: dict[str, str] = {}
    seen: set[str] = set()
    for number, target in enumerate(targets):
        try:
            row = _row(change_set, target, is_guard=is_guard)
            if row.entity_key in seen:
                raise _Unusable("This is in the list twice. Keep one of the two.")
        except _Unusable as error:
            problems[f"targets.{number}"] = str(error)
            continue
        seen.add(row.entity_key)
        rows.append(row)
    if problems:
        raise InvalidInput(fields=problems)
    return rows


def pausing(budgets: Iterable[Budget]) -> list[StatusTarget]:
    """Pausing budgets: every running campaign that spends only from them.

    A campaign whose ad sets also spend from other budgets is left out: pausing it would stop those too.
    """
    wanted = {budget.pk for budget in budgets}
    return [
        StatusTarget(campaign, "paused")
        for campaign in _campaigns_of(wanted)
        if campaign.status in _SWITCHED_ON and _budgets_of(campaign) <= wanted
    ]


def resuming(budgets: Iterable[Budget]) -> list[StatusTarget]:
    """Resuming budgets: the campaigns that Lane itself paused, and no others."""
    return [
        StatusTarget(campaign, "active")
        for campaign in _campaigns_of({budget.pk for budget in budgets})
        if campaign.status == EntityStatus.PAUSED and campaign.paused_by_lane_at is not None
    ]


class _Unusable(Exception):
    """One target cannot be used; the text says why and what to do."""


def _row(change_set: ChangeSet, target: Target, *, is_guard: bool) -> Change:
    if isinstance(target, BudgetTarget):
        if is_guard:
            raise _Unusable("A guard may only pause campaigns.")
        row = _budget_row(change_set, target)
    else:
        if is_guard and target.target_status != "paused":
            raise _Unusable("A guard may only pause campaigns.")
        row = _status_row(change_set, target)
    row.is_guard = is_guard
    row.content_hash = content.change_digest(row)
    row.idem_key = f"{change_set.public_id.hex}:{change_set.version}:{row.entity_key}"
    return row


def _budget_row(change_set: ChangeSet, target: BudgetTarget) -> Change:
    budget = (
        Budget.objects.filter(client_id=change_set.client_id, organization_id=change_set.organization_id)
        .select_related("ad_account")
        .filter(pk=target.budget.pk)
        .first()
    )
    if budget is None:
        raise _Unusable("This budget belongs to another client.")
    _require_writable(budget.ad_account, budget.name, gone=budget.removed_at is not None)
    if budget.kind != Budget.Kind.DAILY:
        raise _Unusable(f"{budget.name} is no daily budget; Lane changes daily budgets only.")
    amount = target.target_micros
    _require_amount(amount, budget)
    entity_key = f"budget:{budget.pk}"
    before = selectors.on_the_way(entity_key)
    base = before.target_micros if before else budget.amount_micros
    if base is None:
        raise _Unusable(f"The amount of {budget.name} is not known yet. Sync its account first.")
    if base == amount:
        raise _Unusable(f"{budget.name} already has {format_money(amount, budget.currency)} a day.")
    broken = guards.outside_bounds(budget, amount)
    if broken:
        raise _Unusable(broken)
    return _new_row(
        change_set,
        budget.ad_account,
        field=Change.Field.BUDGET,
        budget=budget,
        entity_key=entity_key,
        base_micros=base,
        target_micros=amount,
        proposed_micros=amount,
        currency=budget.currency,
    )


def _status_row(change_set: ChangeSet, target: StatusTarget) -> Change:
    campaign = (
        AdCampaign.objects.filter(client_id=change_set.client_id, organization_id=change_set.organization_id)
        .select_related("ad_account")
        .filter(pk=target.ad_campaign.pk)
        .first()
    )
    if campaign is None:
        raise _Unusable("This campaign belongs to another client.")
    _require_writable(campaign.ad_account, campaign.name, gone=campaign.removed_at is not None)
    wanted = target.target_status
    if wanted not in ("active", "paused"):
        raise _Unusable("A campaign can be switched to active or paused.")
    entity_key = f"campaign:{campaign.pk}"
    before = selectors.on_the_way(entity_key)
    base = before.target_status if before else _switch_of(campaign)
    if base == wanted:
        raise _Unusable(f"{campaign.name} is already {wanted}.")
    if wanted == "active" and not before and campaign.paused_by_lane_at is None:
        raise _Unusable(
            f"Lane did not pause {campaign.name}, so it does not resume it. Do it at the platform."
        )
    return _new_row(
        change_set,
        campaign.ad_account,
        field=Change.Field.STATUS,
        ad_campaign=campaign,
        entity_key=entity_key,
        base_status=base,
        target_status=wanted,
    )


def _new_row(change_set: ChangeSet, account: AdAccount, **values: object) -> Change:
    return Change(
        organization_id=change_set.organization_id,
        client_id=change_set.client_id,
        change_set=change_set,
        version=change_set.version,
        ad_account=account,
        **values,
    )


def _require_writable(account: AdAccount, name: str, *, gone: bool) -> None:
    if account.source == AdAccount.Source.CSV:
        raise _Unusable(f"{account.name} comes from CSV files: change {name} at the platform yourself.")
    if gone:
        raise _Unusable(f"{name} was removed at the platform.")


def _require_amount(amount: int, budget: Budget) -> None:
    if isinstance(amount, bool) or not isinstance(amount, int):
        raise _Unusable("Give the amount in whole micros.")
    if amount <= 0:
        raise _Unusable(f"Give an amount above zero for {budget.name}. To stop spending, pause it.")
    if amount > LARGEST_MICROS:
        raise _Unusable("The amount is too large.")
    unit = budget_unit_micros(Platform(budget.ad_account.platform), budget.currency)
    if amount % unit:
        step = format_money(unit, budget.currency)
        raise _Unusable(f"{budget.name} can only move in steps of {step}.")


def _switch_of(campaign: AdCampaign) -> str:
    if campaign.status == EntityStatus.PAUSED:
        return "paused"
    if campaign.status in _SWITCHED_ON:
        return "active"
    raise _Unusable(f"Whether {campaign.name} is on is not known. Sync its account first.")


def _campaigns_of(budget_ids: set[int]) -> list[AdCampaign]:
    return list(
        AdCampaign.objects.filter(
            Q(budget_id__in=budget_ids) | Q(ad_groups__budget_id__in=budget_ids), removed_at__isnull=True
        )
        .distinct()
        .order_by("pk")
    )


def _budgets_of(campaign: AdCampaign) -> set[int]:
    own = {campaign.budget_id} if campaign.budget_id else set()
    groups = campaign.ad_groups.filter(removed_at__isnull=True, budget_id__isnull=False)
    return own | set(groups.values_list("budget_id", flat=True))
