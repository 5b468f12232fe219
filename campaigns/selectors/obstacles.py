"""Why budgets cannot spend, as the platforms and the syncs tell it: for pages, pacing and its explanations."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count, Q

from campaigns.models import Ad, AdAccount, AdCampaign, AdGroup, Budget, Connection
from campaigns.platforms import hindrances as codes
from campaigns.selectors.accounts import freshness_of
from lane.core import clock
from lane.core.money import format_money

STOPPING = frozenset(
    {
        codes.PAUSED, codes.ENDED, codes.NOT_STARTED, codes.NO_ADS, codes.ACCOUNT_LIMIT, codes.PAYMENT,
        codes.CAP_REACHED, codes.MISCONFIGURED,
    }
)  # fmt: skip
"""Codes that end delivery of what they stand at; the others only limit it."""
NO_OBSTACLES = frozenset({codes.LEARNING, codes.LIMITED_BY_BUDGET})
"""A learning campaign spends, and a budget that limits is what pacing raises."""
REACHED_PER_MILLE = 995  # reported spend lags and is credited: a cap counts as reached a little below


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One reason. ``since`` is when Lane first saw it (UTC), None when that is not known.

    ``entity`` is the name of what it stands at, ``level`` whether that is an account, budget, campaign, ad set
    or ads; ``stops`` says that nothing of that entity is delivered, not that the whole budget stands still.
    """

    code: str
    words: str
    entity: str
    since: datetime | None
    level: str = "campaign"
    stops: bool = False


def obstacles_for(budget_ids: Iterable[int]) -> dict[int, list[Obstacle]]:
    """Every budget's obstacles, what stops delivery first; five queries, however many budgets.

    A budget that nothing hinders has an empty list. Ads are listed by the nightly sync, the rest hourly.
    """
    wanted = set(budget_ids)
    budgets = Budget.objects.filter(pk__in=wanted).select_related("ad_account__connection")
    campaigns, groups = _spenders(wanted)
    ads = _ads(wanted)
    found: dict[int, list[Obstacle]] = {pk: [] for pk in wanted}
    for budget in budgets:
        mine, sets = campaigns[budget.pk], groups[budget.pk]
        rows = [*_of_account(budget.ad_account), *_of_budget(budget, mine, sets)]
        for campaign in mine:
            rows += _of_campaign(campaign, budget)
        for group in sets:
            rows += _of_group(group)
        rows += _with_ads(rows, ads[budget.pk])
        found[budget.pk] = sorted(_distinct(rows), key=lambda one: not one.stops)
    return found


def nothing_can_spend(obstacles: Sequence[Obstacle], spenders: int) -> bool:
    """Whether all of a budget's ``spenders`` stand still, each for a reason of its own or one above it."""
    if any(one.stops and one.level in ("account", "budget") for one in obstacles):
        return True
    stopped = {one.entity for one in obstacles if one.stops}
    return bool(spenders) and len(stopped) >= spenders


def _spenders(wanted: set[int]) -> tuple[dict[int, list[AdCampaign]], dict[int, list[AdGroup]]]:
    """Campaigns by budget (those above an ad set with a budget too), and ad sets that carry one."""
    campaigns: dict[int, list[AdCampaign]] = defaultdict(list)
    groups: dict[int, list[AdGroup]] = defaultdict(list)
    for group in AdGroup.objects.filter(budget__in=wanted, removed_at__isnull=True).select_related(
        "ad_campaign__ad_account"
    ):
        assert group.budget_id is not None
        groups[group.budget_id].append(group)
        if group.ad_campaign not in campaigns[group.budget_id]:
            campaigns[group.budget_id].append(group.ad_campaign)
    for campaign in AdCampaign.objects.filter(budget__in=wanted, removed_at__isnull=True).select_related(
        "ad_account"
    ):
        assert campaign.budget_id is not None
        campaigns[campaign.budget_id].append(campaign)
    return campaigns, groups


def _ads(wanted: set[int]) -> dict[int, list[dict[str, Any]]]:
    """Hindered ads counted by budget, campaign and code; Lane's first sight of each is kept."""
    rows = (
        Ad.objects.filter(
            Q(ad_group__budget__in=wanted) | Q(ad_group__ad_campaign__budget__in=wanted),
            removed_at__isnull=True,
        )
        .exclude(hindrances=[])
        .order_by()
        .values(
            "ad_group__budget_id",
            "ad_group__ad_campaign__budget_id",
            "ad_group__ad_campaign__name",
            "hindrances",
        )
        .annotate(count=Count("id"))
    )
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        budget_id = row["ad_group__budget_id"] or row["ad_group__ad_campaign__budget_id"]
        found[budget_id].append(
            {"entity": row["ad_group__ad_campaign__name"], "count": row["count"], "told": row["hindrances"]}
        )
    return found


def _of_account(account: AdAccount) -> list[Obstacle]:
    found = [_told(one, account.name, "account") for one in account.hindrances]
    fresh = freshness_of(account)
    lost = account.connection is not None and account.connection.status != Connection.Status.OK
    if account.source == AdAccount.Source.API and (fresh.is_stale or lost):
        words = f"{account.name} cannot be read: {fresh.reason or 'the login must be connected again'}"
        found.append(Obstacle(codes.OUTAGE, words, account.name, fresh.synced_at, "account"))
    if account.status == AdAccount.Status.DISABLED and not found:
        words = f"{account.name} is disabled at the platform"
        found.append(Obstacle(codes.PAYMENT, words, account.name, None, "account", stops=True))
    return found


def _of_budget(budget: Budget, campaigns: Sequence[AdCampaign], groups: Sequence[AdGroup]) -> list[Obstacle]:
    if budget.removed_at is not None:
        words = "The budget was removed at the platform"
        return [Obstacle(codes.ENDED, words, budget.name, budget.removed_at, "budget", stops=True)]
    spenders: Sequence[AdCampaign | AdGroup] = groups or campaigns
    if not spenders:
        words = "No campaign spends from this budget"
        return [Obstacle(codes.NO_ADS, words, budget.name, None, "budget", stops=True)]
    if budget.kind != Budget.Kind.LIFETIME or not budget.amount_micros:
        return []
    spent = [one.lifetime_spend_micros for one in spenders]
    if any(one is None for one in spent):
        return []
    if sum(one or 0 for one in spent) * 1000 < budget.amount_micros * REACHED_PER_MILLE:
        return []
    words = f"Its lifetime budget of {format_money(budget.amount_micros, budget.currency)} is spent"
    at = max((one.lifetime_spend_at for one in spenders if one.lifetime_spend_at), default=None)
    return [Obstacle(codes.CAP_REACHED, words, budget.name, at, "budget", stops=True)]


def _of_campaign(campaign: AdCampaign, budget: Budget) -> list[Obstacle]:
    found = [
        _told(one, campaign.name, "campaign")
        for one in campaign.hindrances
        if one.get("code") not in NO_OBSTACLES
    ]
    told = {one.code for one in found}
    if campaign.paused_by_lane_at is not None:
        found = [one for one in found if one.code != codes.PAUSED]
        since = campaign.paused_by_lane_at
        found.append(Obstacle(codes.PAUSED, "Paused by Lane", campaign.name, since, stops=True))
    elif campaign.status == "paused" and codes.PAUSED not in told:
        found.append(Obstacle(codes.PAUSED, codes.WORDS[codes.PAUSED], campaign.name, None, stops=True))
    if codes.ENDED not in told and _is_over(campaign, clock.today(budget.ad_account.timezone)):
        words = f"It ended on {campaign.ends_on:%-d %b %Y}" if campaign.ends_on else codes.WORDS[codes.ENDED]
        found.append(Obstacle(codes.ENDED, words, campaign.name, None, stops=True))
    cap, spent = campaign.spend_cap_micros, campaign.lifetime_spend_micros
    if cap is not None and spent is not None and spent * 1000 >= cap * REACHED_PER_MILLE:
        words = f"Its spend cap of {format_money(cap, budget.currency)} is reached"
        read_at = campaign.lifetime_spend_at
        found.append(Obstacle(codes.CAP_REACHED, words, campaign.name, read_at, stops=True))
    return found


def _of_group(group: AdGroup) -> list[Obstacle]:
    """An ad set with a budget of its own; that its campaign is paused is told there."""
    above = {codes.PAUSED} if group.ad_campaign.status == "paused" else set()
    return [
        _told(one, group.name, "ad set")
        for one in group.hindrances
        if one.get("code") not in NO_OBSTACLES | above
    ]


def _with_ads(rows: Sequence[Obstacle], ads: Sequence[Mapping[str, Any]]) -> list[Obstacle]:
    """Disapproved and unreviewed ads by campaign, in numbers."""
    counts: dict[tuple[str, str], int] = defaultdict(int)
    since: dict[tuple[str, str], datetime | None] = {}
    for row in ads:
        for one in row["told"]:
            key = (row["entity"], one["code"])
            counts[key] += row["count"]
            at = _instant(one.get("since"))
            known = since.get(key, at)
            since[key] = min(known, at) if known and at else known or at
    found = []
    for (entity, code), count in counts.items():
        if code in (codes.DISAPPROVED_ADS, codes.IN_REVIEW):
            what = "disapproved" if code == codes.DISAPPROVED_ADS else "in review"
            words = f"{count} ad{'' if count == 1 else 's'} {'is' if count == 1 else 'are'} {what}"
            found.append(Obstacle(code, words, entity, since[entity, code], "ads"))
    return found


def _distinct(rows: Sequence[Obstacle]) -> list[Obstacle]:
    """One obstacle per entity and code: counted ads say more than their campaign's general word."""
    found: dict[tuple[str, str], Obstacle] = {}
    for row in rows:
        key = (row.entity, row.code)
        if key not in found or row.level == "ads":
            found[key] = row
    return list(found.values())


def _told(one: Mapping[str, Any], entity: str, level: str) -> Obstacle:
    code = str(one.get("code", codes.OTHER))
    words = str(one.get("words") or codes.WORDS.get(code, codes.WORDS[codes.OTHER]))
    return Obstacle(code, words, entity, _instant(one.get("since")), level, stops=code in STOPPING)


def _is_over(campaign: AdCampaign, today: date) -> bool:
    return campaign.status == "ended" or (campaign.ends_on is not None and campaign.ends_on < today)


def _instant(text: Any) -> datetime | None:
    return datetime.fromisoformat(str(text)) if text else None
