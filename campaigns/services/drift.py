"""Budgets that are not what Lane last wrote: notice them and say who did it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import QuerySet

from campaigns.events import DriftSeen
from campaigns.models import AdAccount, Budget, Drift
from campaigns.platforms.records import ExternalChange, Level
from campaigns.sync.structure import AmountMoved
from lane.audit.services import record
from lane.core import clock, realtime
from lane.core.actors import Actor
from lane.core.outbox import publish

EDITORS_KNOWN_WITHIN = timedelta(hours=2)


def note(
    account: AdAccount,
    moved: Sequence[AmountMoved],
    edits: Sequence[ExternalChange],
    *,
    busy_budgets: set[int],
) -> list[Drift]:
    """Write outside edits to the trail and open a drift where the amount is not what Lane last read back.

    Call it in the transaction that stored the amounts. A budget Lane never wrote cannot drift.
    """
    actor = Actor.system(account.organization_id, "sync")
    by_id = {budget.pk: budget for budget in account.budgets.filter(pk__in=[m.budget_id for m in moved])}
    for move in moved:
        budget = by_id[move.budget_id]
        edit = _edit_of(budget, edits)
        record(
            "campaigns.budget.edited_outside",
            actor=actor,
            obj=budget,
            before={"amount_micros": move.was_micros},
            after={"amount_micros": move.now_micros},
            reason=_who(edit),
            links={"edited_by": edit.actor, "edited_with": edit.client, "edited_at": edit.at} if edit else {},
        )
        realtime.changed(
            account.organization_id, "budget", str(budget.public_id), client_id=account.client_id
        )
    _name_editors(account, edits)
    return _compare(account, edits, busy_budgets, actor)


def wants_editor(account: AdAccount) -> bool:
    """Whether an open drift still lacks its editor: platforms tell of an edit some minutes after its effect."""
    return _nameless(account).filter(seen_at__gt=clock.now() - EDITORS_KNOWN_WITHIN).exists()


def _nameless(account: AdAccount) -> QuerySet[Drift]:
    return Drift.objects.filter(budget__ad_account=account, state=Drift.State.OPEN, edited_at__isnull=True)


def _name_editors(account: AdAccount, edits: Sequence[ExternalChange]) -> None:
    for drift in _nameless(account).select_related("budget"):
        edit = _edit_of(drift.budget, edits)
        if edit is not None:
            drift.edited_at = edit.at
            drift.edited_by, drift.edited_with = edit.actor[:200], edit.client[:100]
            drift.save(update_fields=["edited_at", "edited_by", "edited_with", "updated_at"])


def _compare(
    account: AdAccount, edits: Sequence[ExternalChange], busy: set[int], actor: Actor
) -> list[Drift]:
    """Open a drift for each written budget that differs, close those that agree again."""
    now = clock.now()
    written = account.budgets.filter(verified_micros__isnull=False, removed_at__isnull=True).exclude(
        pk__in=busy
    )
    latest: dict[int, Drift] = {}
    for drift in Drift.objects.locked().filter(budget__in=written):
        latest[drift.budget_id] = drift
    opened = []
    for budget in written:
        last = latest.get(budget.pk)
        if budget.amount_micros is None or budget.amount_micros == budget.verified_micros:
            if last is not None and last.state == Drift.State.OPEN:
                _close(last, now)
            continue
        if last is not None and _is_known(last, budget):
            continue
        if last is not None and last.state == Drift.State.OPEN:
            _close(last, now)
        opened.append(_see(account, budget, _edit_of(budget, edits), now))
    return opened


def _is_known(last: Drift, budget: Budget) -> bool:
    """Whether exactly this difference was told already, open or settled."""
    return (
        last.state != Drift.State.SUPERSEDED
        and last.observed_micros == budget.amount_micros
        and last.expected_micros == budget.verified_micros
    )


def _see(account: AdAccount, budget: Budget, edit: ExternalChange | None, now: datetime) -> Drift:
    drift = Drift.objects.create(
        organization_id=account.organization_id,
        client_id=account.client_id,
        budget=budget,
        expected_micros=budget.verified_micros or 0,
        observed_micros=budget.amount_micros or 0,
        seen_at=now,
        edited_at=edit.at if edit else None,
        edited_by=edit.actor[:200] if edit else "",
        edited_with=edit.client[:100] if edit else "",
    )
    publish(
        DriftSeen(
            organization_id=account.organization_id,
            drift_id=str(drift.public_id),
            budget_id=str(budget.public_id),
        )
    )
    return drift


def _close(drift: Drift, now: datetime) -> None:
    drift.state, drift.settled_at = Drift.State.SUPERSEDED, now
    drift.save(update_fields=["state", "settled_at", "updated_at"])


def _edit_of(budget: Budget, edits: Sequence[ExternalChange]) -> ExternalChange | None:
    """The last edit that left the budget at the amount now seen."""
    for edit in reversed(edits):
        if (
            edit.ref.level is Level.BUDGET
            and edit.ref.external_id == budget.external_id
            and edit.new.get("budget_micros") == budget.amount_micros
        ):
            return edit
    return None


def _who(edit: ExternalChange | None) -> str:
    if edit is None:
        return "Changed at the platform; it does not say by whom."
    who = edit.actor or "somebody"
    return f"Changed at the platform by {who}" + (f" with {edit.client}." if edit.client else ".")
