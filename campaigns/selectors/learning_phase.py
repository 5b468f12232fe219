"""Which budgets are learning: they started a short while ago, or changed by more than a fifth.

Platforms learn anew after both, and a further step in that time only prolongs it. Steps that automation made
itself do not count: they are small but on the last day of a flight, when nothing is left to learn for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from campaigns.models import AdCampaign, AdGroup, Budget, BudgetValue, Change
from campaigns.platforms.hindrances import LEARNING
from campaigns.rails import LARGE_STEP_RATIO, learning_days
from lane.core import clock
from lane.core.dates import day_start, local_date


@dataclass(frozen=True, slots=True)
class Learning:
    """Until when automation leaves a budget alone, and why."""

    until: datetime
    reason: str


def learning_of(budgets: Iterable[Budget]) -> dict[int, Learning]:
    """The budgets that are learning now, by key, in four queries; ``ad_account`` should be selected along."""
    wanted = {budget.pk: budget for budget in budgets}
    days = learning_days()
    if not days or not wanted:
        return {}
    now = clock.now()
    found: dict[int, list[Learning]] = defaultdict(list)
    spenders = _spenders(wanted)
    changes = _changes(wanted, now - timedelta(days=days))
    jumps = _jumps(wanted, days, changes)
    for pk, budget in wanted.items():
        zone = budget.ad_account.timezone
        started = _started(spenders[pk])
        if started is not None:
            found[pk].append(Learning(day_start(started + timedelta(days=days), zone), "It started"))
        for since in _told(spenders[pk]):
            found[pk].append(Learning(since + timedelta(days=days), "The platform is still learning"))
        for change in changes[pk]:
            if not change.is_automatic and _is_large(change.base_micros, change.target_micros):
                at = change.finished_at
                assert at is not None
                found[pk].append(Learning(at + timedelta(days=days), "It changed by more than 20 %"))
        if pk in jumps:
            until = day_start(jumps[pk], zone) + timedelta(days=days)
            found[pk].append(Learning(until, "It was changed by more than 20 % outside Lane"))
    latest = {pk: max(rows, key=lambda row: row.until) for pk, rows in found.items()}
    return {pk: row for pk, row in latest.items() if row.until > now}


Spender = AdCampaign | AdGroup


def _spenders(wanted: Mapping[int, Budget]) -> dict[int, list[Spender]]:
    found: dict[int, list[Spender]] = defaultdict(list)
    campaigns = AdCampaign.objects.filter(budget__in=wanted, removed_at__isnull=True)
    groups = AdGroup.objects.filter(budget__in=wanted, removed_at__isnull=True).select_related("ad_campaign")
    for campaign in campaigns:
        found[campaign.budget_id or 0].append(campaign)
    for group in groups:
        found[group.budget_id or 0].append(group)
    return found


def _started(spenders: Sequence[Spender]) -> date | None:
    """The first day of the oldest spender; None where one began at an unknown time."""
    starts = [row.ad_campaign.starts_on if isinstance(row, AdGroup) else row.starts_on for row in spenders]
    known = [start for start in starts if start is not None]
    return min(known) if known and len(known) == len(starts) else None


def _told(spenders: Sequence[Spender]) -> list[datetime]:
    """Since when the platform itself says that a spender is learning."""
    return [
        datetime.fromisoformat(one["since"])
        for row in spenders
        for one in row.hindrances
        if one.get("code") == LEARNING and one.get("since")
    ]


def _changes(wanted: Mapping[int, Budget], since: datetime) -> dict[int, list[Change]]:
    found: dict[int, list[Change]] = defaultdict(list)
    rows = Change.objects.filter(
        budget__in=wanted, field=Change.Field.BUDGET, state=Change.State.VERIFIED, finished_at__gt=since
    )
    for row in rows.only("budget_id", "base_micros", "target_micros", "is_automatic", "finished_at"):
        if row.budget_id is not None:
            found[row.budget_id].append(row)
    return found


def _jumps(
    wanted: Mapping[int, Budget], days: int, changes: Mapping[int, Sequence[Change]]
) -> dict[int, date]:
    """The last day on which a daily amount jumped without Lane having written it."""
    oldest = min(clock.today(budget.ad_account.timezone) for budget in wanted.values())
    rows = BudgetValue.objects.filter(budget__in=wanted, on__gte=oldest - timedelta(days=days + 1))
    before: dict[int, int] = {}
    found: dict[int, date] = {}
    for budget_id, on, value in rows.order_by("on").values_list("budget_id", "on", "last_micros"):
        zone = wanted[budget_id].ad_account.timezone
        mine = {local_date(row.finished_at, zone) for row in changes.get(budget_id, ()) if row.finished_at}
        if on not in mine and _is_large(before.get(budget_id), value):
            found[budget_id] = on
        before[budget_id] = value
    return found


def _is_large(before: int | None, after: int | None) -> bool:
    return (
        bool(before) and after is not None and abs(after - (before or 0)) > LARGE_STEP_RATIO * (before or 0)
    )
