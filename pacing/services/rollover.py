"""Rollover: what a cycle left over or overspent goes into the next one, provisionally until its spend is final.

One provisional entry is made once the last day was read; a second corrects or confirms it when every account's
spend is final; and when final spend is restated later, a further entry follows. Entries are never changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import Sum

from campaigns.models import AdAccount
from lane.audit.services import record
from lane.core import clock, outbox, realtime
from lane.core.actors import Actor
from lane.core.dates import local_date
from lane.core.money import format_money, round_down
from pacing.events import PlanChanged, PlanRolledOver
from pacing.models import BudgetPlan, LedgerEntry
from pacing.selectors.limits import limit_use
from pacing.selectors.spending import spent_so_far
from pacing.services import amendment_locks, ledger

Rollover, Status = BudgetPlan.Rollover, BudgetPlan.Status
LOOK_BACK = timedelta(days=100)  # restatements of cycles older than this no longer roll over
_OPEN = (Status.SCHEDULED, Status.ACTIVE, Status.PAUSED)


@dataclass(frozen=True, slots=True)
class Carry:
    """What should have rolled over by now, and the words that explain it."""

    micros: int
    words: str
    is_final: bool


def settle_due() -> int:
    """Roll over every ended cycle whose successor is open; a second run finds nothing to do."""
    since = clock.now().date() - LOOK_BACK
    ended = BudgetPlan.objects.filter(status=Status.ENDED, series__isnull=False, ends_on__gte=since).exclude(
        rollover=Rollover.NONE
    )
    return sum(_settle(pk) for pk in ended.order_by("ends_on", "pk").values_list("pk", flat=True))


def next_of(plan: BudgetPlan) -> BudgetPlan | None:
    """The plan of the cycle after this one."""
    later = BudgetPlan.objects.filter(series=plan.series_id, cycle_on__gt=plan.cycle_on)
    return later.order_by("cycle_on").first() if plan.series_id else None


def carry_of(plan: BudgetPlan) -> Carry | None:
    """What a cycle's policy carries over as its spend is known now; None while its last day was not read."""
    accounts = list(AdAccount.objects.filter(budgets__plan_budgets__plan=plan).distinct())
    if not accounts or any(not _was_read(plan, account) for account in accounts):
        return None
    spent = spent_so_far(plan)
    if spent is None:
        return None
    final = all(each.final_through is not None and each.final_through >= plan.ends_on for each in accounts)
    left = plan.amount_micros - spent
    kept = left
    if (left > 0 and plan.rollover == Rollover.OVERSPEND) or (
        left < 0 and plan.rollover == Rollover.UNDERSPEND
    ):
        kept = 0
    cap = round_down(int(plan.amount_micros * plan.rollover_cap_ratio), plan.currency)
    kept = max(-cap, min(cap, kept))
    whole = round_down(abs(kept), plan.currency) * (1 if kept > 0 else -1)
    cur = plan.currency
    words = f"{format_money(spent, cur)} of {format_money(plan.amount_micros, cur)} spent in {plan.name}"
    if abs(left) > cap and kept:
        words += f", capped at {format_money(cap, cur)}"
    return Carry(whole, words, final)


@transaction.atomic
def _settle(pk: int) -> bool:
    found = BudgetPlan.objects.get(pk=pk)
    actor = Actor.system(found.organization_id, "rollover")
    following = next_of(found)
    if following is None or following.status not in _OPEN:
        return False
    target = amendment_locks.locked_plan(following.public_id, actor)
    plan = BudgetPlan.objects.select_related("client").get(pk=pk)
    carry = carry_of(plan)
    if carry is None:
        return False
    entries = LedgerEntry.objects.filter(plan=target, rolled_from=plan)
    latest = entries.order_by("-id").first()
    rolled = entries.aggregate(total=Sum("amount_micros"))["total"] or 0
    wanted, limited = _within_reach(target, rolled, carry.micros)
    delta = wanted - rolled
    if latest is not None and (latest.is_provisional and not carry.is_final):
        return False  # one provisional entry is enough until the spend is final
    if latest is not None and not latest.is_provisional and not delta:
        return False
    if latest is None and not delta and not carry.micros:
        return False
    _enter(target, plan, delta, carry, limited, actor, first=latest is None)
    return True


def _within_reach(target: BudgetPlan, rolled: int, wanted: int) -> tuple[int, str]:
    """As much of it as the next cycle can take: above what it has spent, and within the client's limit."""
    base = target.amount_micros - rolled
    lowest = max(spent_so_far(target) or 0, 1) - base
    if wanted < lowest:
        kept = min(0, -round_down(-lowest, target.currency)) if lowest < 0 else 0
        return kept, "less than overspent: the next cycle's own spend stays covered"
    client = target.client
    if wanted > rolled and client.budget_limit_micros is not None:
        use = limit_use(client, target.starts_on, target.ends_on, without=target.pk)
        own = use.in_limit_currency(base + wanted, target.currency)
        if use.unknown_pair or own is None:
            return rolled, "no more: the client's limit cannot be checked without an exchange rate"
        over = use.held_micros + own - use.limit_micros
        if over > 0 and target.currency == client.currency:
            room = max(rolled, wanted - over)
            return round_down(room, target.currency), "less than left over: the client's limit is reached"
        if over > 0:
            return rolled, "no more: the client's limit is reached"
    return wanted, ""


def _enter(
    target: BudgetPlan,
    source: BudgetPlan,
    delta: int,
    carry: Carry,
    limited: str,
    actor: Actor,
    *,
    first: bool,
) -> None:
    kind = "" if first else "Corrected: " if delta else "Confirmed: "
    reason = (
        f"{kind}{carry.words}{'' if carry.is_final else ', not final yet'}{f'; {limited}' if limited else ''}"
    )
    before = target.amount_micros
    target.amount_micros += delta
    target.version += 1
    target.save()
    entry = ledger.roll(
        target, delta, source=source, provisional=not carry.is_final, reason=reason, actor=actor
    )
    record(
        "pacing.plan.rolled_over",
        actor=actor,
        obj=target,
        before={"amount_micros": before},
        after={"amount_micros": target.amount_micros},
        reason=reason,
        links={"plan": target.public_id, "from": source.public_id, "entry": entry.public_id},
    )
    outbox.publish(
        PlanRolledOver(
            organization_id=target.organization_id,
            plan_id=str(target.public_id),
            from_plan_id=str(source.public_id),
            client_id=str(target.client.public_id),
            entry_id=str(entry.public_id),
        )
    )
    outbox.publish(
        PlanChanged(
            organization_id=target.organization_id,
            plan_id=str(target.public_id),
            client_id=str(target.client.public_id),
        )
    )
    realtime.changed(target.organization_id, "plan", str(target.public_id), client_id=target.client_id)


def _was_read(plan: BudgetPlan, account: AdAccount) -> bool:
    """Whether the account was read after the plan's last day was over there."""
    synced = account.facts_synced_at
    return synced is not None and local_date(synced, account.timezone) > plan.ends_on
