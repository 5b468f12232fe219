"""Where automation may act: paused by a person or by too many disturbances, resumed by a person alone.

While it is paused, plans still recommend, people still approve, and pausing at a plan's target still works.
"""

from __future__ import annotations

from typing import TypeVar
from uuid import UUID

from django.db import transaction

from campaigns.events import AutomationPaused, AutomationResumed
from campaigns.models import AdAccount, Budget
from campaigns.rails import COUNTED_DAYS, disturbance_limit
from campaigns.selectors.automation import disturbances
from lane.accounts import policies
from lane.audit.services import record
from lane.core import clock, realtime
from lane.core.actors import Actor
from lane.core.errors import InvalidInput, NotVisible, OutOfDate
from lane.core.outbox import publish

R = TypeVar("R", AdAccount, Budget)
_LONGEST_REASON = 200


def find(model: type[R], public_id: UUID | str, actor: Actor) -> R:
    """An account or budget the actor sees. Raises ``NotVisible``."""
    found = model.objects.visible_to(actor).filter(public_id=public_id).first()
    if found is None:
        raise NotVisible
    return found


def pause_account(account: AdAccount, *, actor: Actor, reason: str) -> AdAccount:
    """Let automation only recommend on a whole ad account."""
    policies.require(actor, "change", account)
    return _pause(AdAccount, account.pk, actor, _given(reason, "Say why automation pauses, in a few words."))


def pause_budget(budget: Budget, *, actor: Actor, reason: str) -> Budget:
    """Let automation only recommend on one budget."""
    policies.require(actor, "change", budget)
    return _pause(Budget, budget.pk, actor, _given(reason, "Say why automation pauses, in a few words."))


def resume_account(account: AdAccount, *, actor: Actor, reason: str) -> AdAccount:
    """Let automation act on an account again; earlier disturbances no longer count."""
    policies.require(actor, "manage", account)
    if account.source == AdAccount.Source.CSV:
        raise InvalidInput("This account is fed by CSV files: Lane cannot write there.")
    return _resume(AdAccount, account.pk, actor, _given(reason, "Say why automation may act again."))


def resume_budget(budget: Budget, *, actor: Actor, reason: str) -> Budget:
    """Let automation act on a budget again."""
    policies.require(actor, "manage", budget)
    return _resume(Budget, budget.pk, actor, _given(reason, "Say why automation may act again."))


def pause_by_lane(account: AdAccount, reason: str) -> None:
    """Let automation only recommend on an account where Lane itself found that it must not act."""
    if account.recommend_only_reason != reason[:_LONGEST_REASON]:
        held = _pause(AdAccount, account.pk, Actor.system(account.organization_id, "sync"), reason)
        account.recommend_only_reason = held.recommend_only_reason


@transaction.atomic
def trip(account: AdAccount) -> bool:
    """Pause automation on an account that was disturbed too often in seven days. Whether it was paused now.

    A disturbance is a conflict (a write found another value than people had approved) or a drift.
    """
    limit = disturbance_limit()
    if limit <= 0 or disturbances(account) < limit:
        return False
    locked = AdAccount.objects.select_for_update().get(pk=account.pk)
    if locked.recommend_only_reason:
        return False
    count = disturbances(locked)
    if count < limit:
        return False
    reason = f"{count} values were changed outside Lane in {COUNTED_DAYS} days."
    _pause(AdAccount, locked.pk, Actor.system(locked.organization_id, "coexistence"), reason)
    return True


@transaction.atomic
def _pause(model: type[R], pk: int, actor: Actor, reason: str) -> R:
    row = model.objects.select_for_update().get(pk=pk)
    was, row.recommend_only_reason = row.recommend_only_reason, reason[:_LONGEST_REASON]
    if not was:
        row.recommend_only_since = clock.now()
    row.save(update_fields=["recommend_only_reason", "recommend_only_since", "updated_at"])
    record(
        f"campaigns.{_noun(row)}.automation_stopped",
        actor=actor,
        obj=row,
        before={"recommend_only_reason": was},
        after={"recommend_only_reason": row.recommend_only_reason},
        reason=reason,
    )
    if not was:
        publish(
            AutomationPaused(
                organization_id=row.organization_id,
                account_id=str(_account_of(row).public_id),
                budget_id=str(row.public_id) if isinstance(row, Budget) else "",
                reason=row.recommend_only_reason,
                by=actor.label[:200],
            )
        )
    realtime.changed(row.organization_id, _noun(row), str(row.public_id), client_id=row.client_id)
    return row


@transaction.atomic
def _resume(model: type[R], pk: int, actor: Actor, reason: str) -> R:
    row = model.objects.select_for_update().get(pk=pk)
    was = row.recommend_only_reason
    if not was:
        raise OutOfDate("Automation is not paused here any more.")
    row.recommend_only_reason, row.recommend_only_since = "", None
    fields = ["recommend_only_reason", "recommend_only_since", "updated_at"]
    if isinstance(row, AdAccount):
        row.automation_resumed_at = clock.now()
        fields.append("automation_resumed_at")
    row.save(update_fields=fields)
    record(
        f"campaigns.{_noun(row)}.automation_resumed",
        actor=actor,
        obj=row,
        before={"recommend_only_reason": was},
        after={"recommend_only_reason": ""},
        reason=reason,
    )
    publish(
        AutomationResumed(
            organization_id=row.organization_id,
            account_id=str(_account_of(row).public_id),
            budget_id=str(row.public_id) if isinstance(row, Budget) else "",
        )
    )
    realtime.changed(row.organization_id, _noun(row), str(row.public_id), client_id=row.client_id)
    return row


def _noun(row: AdAccount | Budget) -> str:
    return "budget" if isinstance(row, Budget) else "account"


def _account_of(row: AdAccount | Budget) -> AdAccount:
    return row.ad_account if isinstance(row, Budget) else row


def _given(reason: str, ask: str) -> str:
    reason = " ".join(reason.split())
    if len(reason) < 3:
        raise InvalidInput(fields={"reason": ask})
    return reason
