"""Learning what days look like from an account's own history: every night, and after its first reading.

A budget with little history is drawn towards its account, an account towards its client on that platform, a
client towards the organization's whole platform, and that towards figures measured elsewhere. Nothing is learned
across organizations.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby

from django.db import transaction
from django.db.models import Max

from campaigns.models import AdAccount, Budget
from lane.core import clock
from lane.core.dates import day_start, local_date
from pacing.models import LearnedShape
from pacing.services.learned_delays import delay_rows
from pacing.services.learned_history import Group, history_of
from pacing.services.learned_shapes import shape_rows

NIGHT_HOUR = 4  # account-local: the nightly reading has come in


def learn_due(at: datetime | None = None) -> int:
    """Learn for every organization that has an account whose night has come since it last learned."""
    now = at or clock.now()
    latest = LearnedShape.objects.order_by().values_list("organization_id").annotate(Max("as_of"))
    learned_at = dict(latest)
    due = {
        account.organization_id
        for account in AdAccount.objects.filter(facts_synced_at__isnull=False)
        if _night_has_come(account, learned_at.get(account.organization_id), now)
    }
    return sum(learn(organization_id, at=now) for organization_id in sorted(due))


def learn(organization_id: int, *, at: datetime | None = None) -> int:
    """Learn everything of one organization anew; returns how many figures are stored. Safe to repeat."""
    now = at or clock.now()
    accounts = AdAccount.objects.filter(organization_id=organization_id).order_by("platform", "pk")
    stored = 0
    for platform, members in groupby(accounts, key=lambda account: account.platform):
        mine = list(members)
        budgets = list(Budget.objects.filter(ad_account__in=mine, removed_at__isnull=True).order_by("pk"))
        group = Group(organization_id, platform, mine, budgets)
        rows = delay_rows(group, now)
        if budgets:
            rows += shape_rows(group, history_of(group, now), now)
        _store(group, rows, now)
        stored += len(rows)
    return stored


def _night_has_come(account: AdAccount, learned_at: datetime | None, now: datetime) -> bool:
    if learned_at is None:
        return True
    tonight = day_start(local_date(now, account.timezone), account.timezone) + timedelta(hours=NIGHT_HOUR)
    return learned_at < tonight <= now


@transaction.atomic
def _store(group: Group, rows: Sequence[LearnedShape], now: datetime) -> None:
    """Replace what was learned of a group; scopes that say nothing any more lose their figure."""
    LearnedShape.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["organization", "scope", "scope_id", "platform", "kind"],
        update_fields=["client", "numbers", "n_days", "as_of"],
        batch_size=1000,
    )
    LearnedShape.objects.filter(
        organization_id=group.organization_id, platform=group.platform, as_of__lt=now
    ).delete()
