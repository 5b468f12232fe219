"""Platform backstops: limits at the platform itself that hold when nobody, Lane included, is looking.

They go out in the same change set as the step they belong to, and are set so that they do not bind while the
controller does its work: pausing at the target comes first, the backstop is what is left when that fails.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.conf import settings

from campaigns.models import AdCampaign, AdGroup, Budget
from campaigns.platforms import registry
from campaigns.platforms.currencies import round_down, spend_cap_headroom_micros
from campaigns.platforms.records import Platform
from campaigns.services.aims import spent_from
from campaigns.services.targets import BudgetTarget, SpendCapTarget, Target
from lane.core import clock

MARGIN_RATIO = Decimal("0.02")
"""Room above what is left: a platform counts true spend at once, a report hours later."""
SHARE_SLACK = Decimal("0.25")
"""Room for a campaign to take more than its share, where several share what is left."""
CLOSE_ENOUGH_RATIO = Decimal("0.05")
"""A standing cap this close to the wanted one, and not too tight, is left alone."""
SPEND_KNOWN_WITHIN = timedelta(hours=26)


@dataclass(frozen=True, slots=True)
class _Spender:
    """A Meta campaign that spends from the plan's budgets alone, and its part of their daily amounts."""

    campaign: AdCampaign
    share: Decimal


def wanted_for(*, automatic: bool) -> bool:
    """Whether proposals carry backstops: by default those of plans that act on their own."""
    mode = str(settings.LANE_BACKSTOPS)
    return mode == "always" or (mode == "auto" and automatic)


def targets_for(
    budgets: Iterable[Budget], remaining_micros: int, ends_on: date, *, currency: str = ""
) -> list[Target]:
    """The limits that hold these budgets to ``remaining_micros`` until ``ends_on``; only what has to change.

    A campaign gets a cap only where it spends from these budgets alone and its spend so far is freshly known;
    a cap that a person set at the platform is theirs and stays. A lifetime total becomes what it has spent plus
    its share of what is left, where its own end is the plan's. Budgets in another currency are left out.
    """
    rows = list(
        Budget.objects.filter(pk__in=[budget.pk for budget in budgets], removed_at__isnull=True)
        .select_related("ad_account")
        .order_by("pk")
    )
    rows = [row for row in rows if not currency or row.currency == currency]
    if remaining_micros <= 0 or len({row.currency for row in rows}) != 1:
        return []
    weights = {row.pk: _weight(row, ends_on) for row in rows}
    total = sum(weights.values())
    if total <= 0:
        return []
    shares = {pk: Decimal(weight) / Decimal(total) for pk, weight in weights.items()}
    return [*_caps(rows, shares, remaining_micros), *_totals(rows, shares, remaining_micros, ends_on)]


def release_targets(budgets: Iterable[Budget]) -> list[Target]:
    """Taking away the caps that Lane itself set, for when a plan is over: a cap outlives its plan."""
    campaigns = _campaigns_of({budget.pk for budget in budgets})
    return [
        SpendCapTarget(campaign, None)
        for campaign in campaigns
        if campaign.spend_cap_micros is not None and _is_lanes(campaign)
    ]


def _weight(budget: Budget, ends_on: date) -> int:
    """What a budget would still spend as it is set: its part of what is left follows from it."""
    amount = budget.amount_micros or 0
    if budget.kind == Budget.Kind.DAILY:
        days = (ends_on - clock.today(budget.ad_account.timezone)).days + 1
        return amount * max(days, 1)
    if budget.kind == Budget.Kind.LIFETIME:
        return max(amount - (spent_from(budget) or 0), 0)
    return 0


def _caps(rows: Sequence[Budget], shares: dict[int, Decimal], remaining: int) -> list[Target]:
    """A spend cap per campaign: spent in its life so far, its part of what is left, and a margin."""
    wanted: list[Target] = []
    for spender in _spenders(rows, shares):
        campaign = spender.campaign
        room = _room(spender.share, remaining)
        currency = campaign.ad_account.currency
        if campaign.lifetime_spend_micros is None or room < spend_cap_headroom_micros(currency):
            continue
        cap = round_down(
            campaign.lifetime_spend_micros + room, Platform(campaign.ad_account.platform), currency
        )
        if not _stands(campaign, cap, room):
            wanted.append(SpendCapTarget(campaign, cap))
    return wanted


def _room(share: Decimal, remaining: int) -> int:
    part = remaining if share >= 1 else min(remaining, int(remaining * share * (1 + SHARE_SLACK)))
    return part + int(remaining * MARGIN_RATIO)


def _stands(campaign: AdCampaign, cap: int, room: int) -> bool:
    """Whether the present cap serves: a person's own always does, Lane's while it is near and not too tight."""
    present = campaign.spend_cap_micros
    if present is None:
        return False
    if not _is_lanes(campaign):
        return True
    tight = cap - int(room * MARGIN_RATIO)
    return present >= tight and abs(present - cap) <= room * CLOSE_ENOUGH_RATIO


def _is_lanes(campaign: AdCampaign) -> bool:
    return campaign.cap_verified_at is not None and campaign.verified_cap_micros == campaign.spend_cap_micros


def _spenders(rows: Sequence[Budget], shares: dict[int, Decimal]) -> list[_Spender]:
    """Campaigns that can have a cap and spend from nothing but these budgets, with spend freshly known."""
    known = {row.pk for row in rows if registry.capabilities_of(row.ad_account.platform).spend_caps}
    daily = {row.pk for row in rows if row.kind == Budget.Kind.DAILY}
    fresh_since = clock.now() - SPEND_KNOWN_WITHIN
    found = []
    for campaign in _campaigns_of(known):
        own = {campaign.budget_id} if campaign.budget_id else set()
        own |= {
            group.budget_id
            for group in campaign.ad_groups.all()
            if group.budget_id is not None and group.removed_at is None
        }
        at = campaign.lifetime_spend_at
        # Meta takes no spend cap where a campaign's total is its budget: that already is the limit.
        if own and own <= (known & daily) and at is not None and at >= fresh_since:
            found.append(_Spender(campaign, sum((shares[pk] for pk in own), Decimal(0))))
    return found


def _campaigns_of(budget_ids: set[int]) -> list[AdCampaign]:
    pks = set(
        AdCampaign.objects.filter(budget__in=budget_ids, removed_at__isnull=True).values_list("pk", flat=True)
    ) | set(
        AdGroup.objects.filter(budget__in=budget_ids, removed_at__isnull=True).values_list(
            "ad_campaign_id", flat=True
        )
    )
    return list(
        AdCampaign.objects.filter(pk__in=pks, removed_at__isnull=True)
        .select_related("ad_account")
        .prefetch_related("ad_groups")
        .order_by("pk")
    )


def _totals(
    rows: Sequence[Budget], shares: dict[int, Decimal], remaining: int, ends_on: date
) -> list[Target]:
    """A lifetime budget's total, where the flight at the platform ends with the plan's."""
    wanted: list[Target] = []
    for row in rows:
        spent = spent_from(row) if row.kind == Budget.Kind.LIFETIME else None
        if spent is None or row.amount_micros is None or not _ends_with(row, ends_on):
            continue
        platform = Platform(row.ad_account.platform)
        total = round_down(spent + int(remaining * shares[row.pk]), platform, row.currency)
        if total > spent and abs(total - row.amount_micros) > row.amount_micros * Decimal("0.001"):
            wanted.append(BudgetTarget(row, total))
    return wanted


def _ends_with(budget: Budget, ends_on: date) -> bool:
    ends = set(
        AdCampaign.objects.filter(budget=budget, removed_at__isnull=True).values_list("ends_on", flat=True)
    )
    ends |= set(
        AdGroup.objects.filter(budget=budget, removed_at__isnull=True).values_list(
            "ad_campaign__ends_on", flat=True
        )
    )
    known = {end for end in ends if end is not None}
    return bool(known) and all(abs((end - ends_on).days) <= 1 for end in known)
