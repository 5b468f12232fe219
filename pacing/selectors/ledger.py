"""The ledger as people read it: entries with their running balance, and any figure taken apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db.models import Prefetch, QuerySet
from django.urls import NoReverseMatch, reverse

from lane.accounts.visibility import ClientOwnedQuerySet
from lane.core import clock
from lane.core.actors import Actor
from lane.core.money import format_money
from pacing.models import BudgetPlan, LedgerEntry, PlanAmendment, PlanSnapshot
from pacing.selectors import fx
from pacing.selectors.spending import BudgetSpend, spent_by_budget

FIGURES = {
    "amount": "Approved amount",
    "spent": "Spent",
    "remaining": "Remaining",
    "needed_per_day": "Needed per day",
    "projected_end": "Projected end",
}
_WAITING = PlanAmendment.State.PROPOSED


@dataclass(frozen=True, slots=True)
class EntryLine:
    """One entry with what it did to the balance, and how far it is undone or still provisional."""

    entry: LedgerEntry
    balance_micros: int
    who: str
    how: str
    url: str  # the approval request, where there was one
    reversed: bool
    can_reverse: bool


@dataclass(frozen=True, slots=True)
class LedgerView:
    """What ``pacing/ledger/_card.html`` and the ledger page show."""

    plan: BudgetPlan
    lines: list[EntryLine]
    waiting: PlanAmendment | None  # asked for, nobody decided yet
    scheduled: list[PlanAmendment]  # approved, in effect on a later day
    past: list[PlanAmendment]  # declined, withdrawn, expired, lapsed
    base_micros: int

    @property
    def changed_micros(self) -> int:
        """How far the amount has moved from its base."""
        return self.plan.amount_micros - self.base_micros


@dataclass(frozen=True, slots=True)
class Part:
    """One thing a figure is made of, with where it comes from and how old it is."""

    what: str
    micros: int
    source: str
    url: str = ""
    as_of: datetime | date | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """A figure and the parts that add up to it exactly; ``micros`` is None when it is not known, with the reason."""

    figure: str
    label: str
    micros: int | None
    currency: str
    parts: Sequence[Part] = ()
    note: str = ""
    unknown: str = ""
    as_of: datetime | date | None = None
    rates: Sequence[str] = field(default_factory=tuple)


def entries_for(actor: Actor) -> ClientOwnedQuerySet[LedgerEntry]:
    """Entries of plans of the clients this actor sees, oldest first."""
    return LedgerEntry.objects.visible_to(actor).select_related("plan", "client", "amendment", "rolled_from")


def amendments_for(actor: Actor) -> ClientOwnedQuerySet[PlanAmendment]:
    """Amendments of the clients this actor sees, newest first."""
    return PlanAmendment.objects.visible_to(actor).select_related("plan", "client", "asked_by")


def waiting_amendment(plan: BudgetPlan) -> PlanAmendment | None:
    """The amendment of a plan that nobody decided yet."""
    return PlanAmendment.objects.filter(plan=plan, state=_WAITING).first()


def with_waiting(plans: QuerySet[BudgetPlan]) -> QuerySet[BudgetPlan]:
    """Plans with their open amendment prefetched as ``waiting_amendments``."""
    waiting = PlanAmendment.objects.filter(state=_WAITING)
    return plans.prefetch_related(Prefetch("amendments", waiting, to_attr="waiting_amendments"))


def ledger_of(plan: BudgetPlan) -> LedgerView:
    """Entries of a plan with the running balance, and its amendments; two queries."""
    lines, balance = [], 0
    entries = list(
        plan.entries.select_related("amendment", "rolled_from", "reverses").prefetch_related("reversed_by")
    )
    for entry in entries:
        balance += entry.amount_micros
        is_reversed = bool(entry.reversed_by.all())
        lines.append(
            EntryLine(
                entry,
                balance,
                entry.approved_label or entry.asked_label,
                how_of(entry),
                _address("request-detail", entry.approval_id) if entry.approval_id else "",
                is_reversed,
                entry.kind == LedgerEntry.Kind.AMENDMENT and not is_reversed and entry.amendment is not None,
            )
        )
    found = list(plan.amendments.select_related("asked_by"))
    approved = PlanAmendment.State.APPROVED
    return LedgerView(
        plan,
        lines,
        next((one for one in found if one.state == _WAITING), None),
        [one for one in found if one.state == approved and one.took_effect_at is None],
        [one for one in found if one.state not in (_WAITING, approved)],
        next((one.amount_micros for one in entries if one.kind == LedgerEntry.Kind.BASE), 0),
    )


def how_of(entry: LedgerEntry) -> str:
    """Who asked and who said yes, by which door, as a sentence without its full stop."""
    asked, via = entry.asked_label, LedgerEntry.Via(entry.via)
    if via == LedgerEntry.Via.RECORD:
        return f"taken over when the ledger began, plan of {asked}"
    if via == LedgerEntry.Via.SERIES:
        return (
            f"made by Lane under the {entry.approved_label[:1].lower() + entry.approved_label[1:]}"
            if entry.approved_label
            else "made by its series"
        )
    if via == LedgerEntry.Via.DIRECT:
        return f"entered by {asked}"
    doors = {
        LedgerEntry.Via.LINK: f"by emailed link {entry.link_id[:8]}",
        LedgerEntry.Via.LOGIN: "signed in",
        LedgerEntry.Via.KEY: "through the API",
        LedgerEntry.Via.POLICY: "within its automatic limits",
    }
    return f"asked by {asked}, approved by {entry.approved_label or 'the policy'}, {doors[via]}"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def explain(plan: BudgetPlan, figure: str) -> Explanation:
    """One figure of a plan as parts that add up to it exactly, each with its source. Raises ``KeyError``."""
    snapshot = PlanSnapshot.objects.filter(plan=plan).first()
    return explanations(plan, snapshot, only=figure)[figure]


def explanations(
    plan: BudgetPlan, snapshot: PlanSnapshot | None, *, only: str = ""
) -> dict[str, Explanation]:
    """All figures of a plan taken apart, or one of them."""
    wanted = [only] if only else list(FIGURES)
    if only and only not in FIGURES:
        raise KeyError(only)
    amount = _amount(plan)
    if wanted == ["amount"]:
        return {"amount": amount}
    spent = _spent(plan, snapshot)
    found = {
        "amount": amount,
        "spent": spent,
        "remaining": _remaining(plan, spent),
        "needed_per_day": _needed(plan, snapshot, spent),
        "projected_end": _projected(plan, snapshot, spent),
    }
    return {name: found[name] for name in wanted}


def _amount(plan: BudgetPlan) -> Explanation:
    parts = [
        Part(
            f"{entry.get_kind_display()}{f' from {entry.rolled_from.name}' if entry.rolled_from else ''}",
            entry.amount_micros,
            _sentence(how_of(entry)),
            _address("plan-ledger", plan.public_id, f"#entry-{entry.public_id}"),
            entry.at,
        )
        for entry in plan.entries.select_related("rolled_from")
    ]
    return Explanation("amount", FIGURES["amount"], plan.amount_micros, plan.currency, parts)


def _spent(plan: BudgetPlan, snapshot: PlanSnapshot | None) -> Explanation:
    """Spend by budget as reported now; what came in since the last look is a part of its own."""
    rows = spent_by_budget(plan)
    lost = next((row for row in rows if row.micros is None), None)
    if lost is not None:
        pair = f"{lost.budget.currency}→{plan.currency}"
        return Explanation(
            "spent", FIGURES["spent"], None, plan.currency,
            unknown=f"“{lost.budget.name}” spent in {lost.budget.currency}, and no {pair} rate is known for "
            f"{lost.missing_rate_on:%-d %b %Y}. Enter it under Exchange rates.",
        )  # fmt: skip
    shown = snapshot.spent_micros if snapshot else None
    total = sum(row.micros or 0 for row in rows)
    if shown is None and total == 0:
        return Explanation(
            "spent", FIGURES["spent"], None, plan.currency, unknown="No report covers this flight yet."
        )
    parts = [_spent_part(plan, row) for row in rows]
    if shown is not None and shown != total:
        since = (
            "Reported or restated after the last look" if shown < total else "Restated since the last look"
        )
        parts.append(
            Part(since, shown - total, "Counted at the next look", as_of=snapshot.as_of if snapshot else None)
        )
        total = shown
    return Explanation(
        "spent", FIGURES["spent"], total, plan.currency, parts,
        note="Recent days may still be restated." if snapshot and snapshot.final_through is None
        else f"Final to {snapshot.final_through:%-d %b}." if snapshot and snapshot.final_through else "",
        as_of=snapshot.data_as_of if snapshot else None,
        rates=rate_notes(plan, rows),
    )  # fmt: skip


def _spent_part(plan: BudgetPlan, row: BudgetSpend) -> Part:
    account = row.budget.ad_account
    source = f"{account.get_platform_display()} · {account.name}"
    if row.budget.currency != plan.currency:
        source += f", {format_money(row.own_micros, row.budget.currency)} at each day's rate"
    return Part(row.budget.name, row.micros or 0, source, as_of=account.facts_synced_at)


def rate_notes(plan: BudgetPlan, rows: Sequence[BudgetSpend]) -> list[str]:
    """The latest rate of each foreign currency of a plan with its day."""
    foreign = sorted({row.budget.currency for row in rows} - {plan.currency})
    if not foreign:
        return []
    book, today = fx.book(plan.organization_id), clock.today(plan.timezone)
    notes = []
    for currency in foreign:
        quote = book.quote(currency, plan.currency, today)
        if quote is not None and quote.on is not None:
            shown = f"{quote.rate:.6f}".rstrip("0").rstrip(".")
            notes.append(f"1 {currency} = {shown} {plan.currency}, rate of {quote.on:%-d %b %Y}")
    return notes


def _remaining(plan: BudgetPlan, spent: Explanation) -> Explanation:
    if spent.micros is None:
        return Explanation("remaining", FIGURES["remaining"], None, plan.currency, unknown=spent.unknown)
    parts = [_approved_part(plan), _minus_spent(spent)]
    left = plan.amount_micros - spent.micros
    return Explanation(
        "remaining",
        FIGURES["remaining"],
        left,
        plan.currency,
        parts,
        spent.note,
        "",
        spent.as_of,
        spent.rates,
    )


def _needed(plan: BudgetPlan, snapshot: PlanSnapshot | None, spent: Explanation) -> Explanation:
    """An even share of what remains, and what the curve, late reports and delivery add or take away."""
    label = FIGURES["needed_per_day"]
    if snapshot is None or snapshot.needed_per_day_micros is None or not snapshot.days_left:
        reason = "Nothing is needed now, or the plan was not looked at yet."
        return Explanation("needed_per_day", label, None, plan.currency, unknown=reason)
    if spent.micros is None:
        return Explanation("needed_per_day", label, None, plan.currency, unknown=spent.unknown)
    days = snapshot.days_left
    even = (plan.amount_micros - spent.micros) // days
    rest = snapshot.needed_per_day_micros - even
    parts = [
        Part(
            f"What remains, shared evenly over {days} day{'s' if days != 1 else ''}", even,
            f"{format_money(plan.amount_micros, plan.currency)} approved − "
            f"{format_money(spent.micros, plan.currency)} spent, divided by {days}",
            _address("plan-ledger", plan.public_id), spent.as_of,
        ),
        Part(
            "Curve, spend not reported yet, and how much of a budget is delivered", rest,
            "The controller's answer at the last look, less the even share", as_of=snapshot.as_of,
        ),
    ]  # fmt: skip
    return Explanation(
        "needed_per_day", label, snapshot.needed_per_day_micros, plan.currency, parts,
        "Today's daily budget that would land the plan.", "", snapshot.as_of, spent.rates,
    )  # fmt: skip


def _projected(plan: BudgetPlan, snapshot: PlanSnapshot | None, spent: Explanation) -> Explanation:
    label = FIGURES["projected_end"]
    middle = snapshot.projected_p50_micros if snapshot else None
    if snapshot is None or middle is None:
        reason = "Too early to tell, paused or over."
        return Explanation("projected_end", label, None, plan.currency, unknown=reason)
    if spent.micros is None:
        return Explanation("projected_end", label, None, plan.currency, unknown=spent.unknown)
    parts = [
        Part("Spent", spent.micros, "As reported, by budget under “Spent”", as_of=spent.as_of),
        Part(
            "Still to come, and spent but not reported yet", middle - spent.micros,
            "Estimated from the daily budgets and what the platforms deliver of them", as_of=snapshot.as_of,
        ),
    ]  # fmt: skip
    note = ""
    if snapshot.projected_p10_micros is not None and snapshot.projected_p90_micros is not None:
        low, high = (
            format_money(value, plan.currency, 0)
            for value in (snapshot.projected_p10_micros, snapshot.projected_p90_micros)
        )
        note = f"The middle of the range; P10 to P90 is {low} to {high}. An estimate."
    return Explanation(
        "projected_end", label, middle, plan.currency, parts, note, "", snapshot.as_of, spent.rates
    )


def _approved_part(plan: BudgetPlan) -> Part:
    return Part(
        "Approved amount", plan.amount_micros, "The plan's ledger", _address("plan-ledger", plan.public_id)
    )


def _minus_spent(spent: Explanation) -> Part:
    return Part("Spent", -(spent.micros or 0), "As reported, by budget under “Spent”", as_of=spent.as_of)


def _address(name: str, public_id: object, anchor: str = "") -> str:
    try:
        return reverse(name, args=[public_id]) + anchor
    except NoReverseMatch:
        return ""
