"""What automation has done on an account today, as its caps count it."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import F, Q, QuerySet, Sum

from campaigns.models import AdAccount, Budget, Change, Drift
from campaigns.rails import COUNTED_DAYS, account_day_ratio
from lane.core import clock
from lane.core.dates import day_start

COUNTED = (Change.State.APPROVED, Change.State.SENT, Change.State.VERIFIED, Change.State.STUCK)


def automatic() -> QuerySet[Change]:
    """Changes that a policy let through, guards left out."""
    return Change.objects.filter(
        Q(is_automatic=True, is_guard=False, admitted_at__isnull=False), state__in=COUNTED
    )


def day_start_of(account: AdAccount) -> datetime:
    """The instant an account's local day began."""
    return day_start(clock.today(account.timezone), account.timezone)


def raised_today(account: AdAccount, *, but_not: int = 0, states: list[str] | None = None) -> int:
    """By how much automation raised an account's daily budgets since its day began, in micros."""
    raised = (
        automatic()
        .filter(
            ad_account=account,
            field=Change.Field.BUDGET,
            kind="",
            admitted_at__gte=day_start_of(account),
            target_micros__gt=F("base_micros"),
        )
        .exclude(pk=but_not)
    )
    if states is not None:
        raised = raised.filter(state__in=states)
    return int(raised.aggregate(sum=Sum(F("target_micros") - F("base_micros")))["sum"] or 0)


def account_day_cap_micros(account: AdAccount) -> int:
    """Most that automation may raise an account's daily budgets by today: a share of where the day began."""
    total = Budget.objects.filter(
        ad_account=account, kind=Budget.Kind.DAILY, removed_at__isnull=True
    ).aggregate(total=Sum("amount_micros"))["total"]
    landed = raised_today(account, states=[Change.State.VERIFIED])
    return max(0, int(((total or 0) - landed) * account_day_ratio()))


def cap_within_plan(change: Change) -> int | None:
    """The highest spend cap that keeps a campaign within what is left of its plan, as the proposal tells it.

    A tenth of room covers what is spent between the report and the write. None where either is not known.
    """
    campaign, remaining = change.ad_campaign, change.change_set.evidence.get("remaining_micros")
    if campaign is None or campaign.lifetime_spend_micros is None or not isinstance(remaining, int):
        return None
    return campaign.lifetime_spend_micros + remaining + remaining // 10


def disturbances(account: AdAccount) -> int:
    """Conflicts and drifts of an account in the last seven days, since automation was last resumed."""
    since = clock.now() - timedelta(days=COUNTED_DAYS)
    if account.automation_resumed_at is not None:
        since = max(since, account.automation_resumed_at)
    conflicts = Change.objects.filter(
        ad_account_id=account.pk, state=Change.State.CONFLICT, finished_at__gt=since
    ).count()
    return conflicts + Drift.objects.filter(budget__ad_account_id=account.pk, seen_at__gt=since).count()
