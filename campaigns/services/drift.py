"""Budgets that are not what Lane last wrote: notice them and say who did it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import QuerySet

from campaigns.events import DriftSeen
from campaigns.models import AdAccount, AdCampaign, Budget, Change, Drift
from campaigns.platforms.records import ExternalChange, Level
from campaigns.services import automation
from campaigns.sync.structure import AmountMoved, CapMoved
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
    moved_caps: Sequence[CapMoved] = (),
    busy_campaigns: set[int] | None = None,
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
    _note_caps(account, moved_caps, edits, actor)
    _name_editors(account, edits)
    opened = _compare(account, edits, busy_budgets)
    opened += _compare_caps(account, edits, busy_campaigns or set())
    if opened:
        automation.trip(account)
    return opened


def wants_editor(account: AdAccount) -> bool:
    """Whether an open drift still lacks its editor: platforms tell of an edit some minutes after its effect."""
    return _nameless(account).filter(seen_at__gt=clock.now() - EDITORS_KNOWN_WITHIN).exists()


def _nameless(account: AdAccount) -> QuerySet[Drift]:
    return Drift.objects.filter(budget__ad_account=account, state=Drift.State.OPEN, edited_at__isnull=True)


def _name_editors(account: AdAccount, edits: Sequence[ExternalChange]) -> None:
    for drift in _nameless(account).select_related("budget", "ad_campaign"):
        edit = _cap_edit_of(drift.ad_campaign, edits) if drift.ad_campaign else _edit_of(drift.budget, edits)
        if edit is not None:
            drift.edited_at = edit.at
            drift.edited_by, drift.edited_with = edit.actor[:200], edit.client[:100]
            drift.save(update_fields=["edited_at", "edited_by", "edited_with", "updated_at"])


def _note_caps(
    account: AdAccount, moved: Sequence[CapMoved], edits: Sequence[ExternalChange], actor: Actor
) -> None:
    by_id = {row.pk: row for row in account.ad_campaigns.filter(pk__in=[one.campaign_id for one in moved])}
    for move in moved:
        campaign = by_id[move.campaign_id]
        edit = _cap_edit_of(campaign, edits)
        record(
            "campaigns.campaign.cap_edited_outside",
            actor=actor,
            obj=campaign,
            before={"spend_cap_micros": move.was_micros},
            after={"spend_cap_micros": move.now_micros},
            reason=_who(edit),
        )


def _compare(account: AdAccount, edits: Sequence[ExternalChange], busy: set[int]) -> list[Drift]:
    """Open a drift for each written budget that differs, close those that agree again."""
    now = clock.now()
    written = account.budgets.filter(verified_micros__isnull=False, removed_at__isnull=True).exclude(
        pk__in=busy
    )
    latest: dict[int, Drift] = {}
    for drift in Drift.objects.locked().filter(budget__in=written, field=Drift.Field.BUDGET):
        latest[drift.budget_id] = drift
    opened = []
    for budget in written:
        last = latest.get(budget.pk)
        if budget.amount_micros is None or budget.amount_micros == budget.verified_micros:
            if last is not None and last.state == Drift.State.OPEN:
                _close(last, now)
            continue
        if last is not None and _is_known(
            last, budget.verified_micros, budget.amount_micros, f"budget:{budget.pk}"
        ):
            continue
        if last is not None and last.state == Drift.State.OPEN:
            _close(last, now)
        opened.append(
            _see(account, budget, budget.verified_micros, budget.amount_micros, _edit_of(budget, edits), now)
        )
    return opened


def _compare_caps(account: AdAccount, edits: Sequence[ExternalChange], busy: set[int]) -> list[Drift]:
    """The same for the spend caps Lane set or took away."""
    now = clock.now()
    written = account.ad_campaigns.filter(cap_verified_at__isnull=False, removed_at__isnull=True).exclude(
        pk__in=busy
    )
    latest: dict[int | None, Drift] = {}
    for drift in Drift.objects.locked().filter(ad_campaign__in=written, field=Drift.Field.SPEND_CAP):
        latest[drift.ad_campaign_id] = drift
    opened = []
    for campaign in written.select_related("budget"):
        last, expected, seen = (
            latest.get(campaign.pk),
            campaign.verified_cap_micros,
            campaign.spend_cap_micros,
        )
        is_open = last is not None and last.state == Drift.State.OPEN
        if seen == expected:
            if last is not None and is_open:
                _close(last, now)
            continue
        if last is not None and _is_known(last, expected, seen, f"cap:{campaign.pk}"):
            continue
        if last is not None and is_open:
            _close(last, now)
        budget = campaign.budget or Budget.objects.filter(ad_groups__ad_campaign=campaign).first()
        if budget is not None:
            edit = _cap_edit_of(campaign, edits)
            opened.append(_see(account, budget, expected, seen, edit, now, campaign=campaign))
    return opened


def _is_known(last: Drift, expected: int | None, seen: int | None, entity_key: str) -> bool:
    """Whether exactly this difference was told already, open or settled, and nothing was written since."""
    if last.state == Drift.State.SUPERSEDED or (last.expected_micros, last.observed_micros) != (
        expected,
        seen,
    ):
        return False
    return not (
        last.settled_at is not None
        and Change.objects.filter(
            entity_key=entity_key, state=Change.State.VERIFIED, finished_at__gt=last.settled_at
        ).exists()
    )


def _see(
    account: AdAccount,
    budget: Budget,
    expected: int | None,
    seen: int | None,
    edit: ExternalChange | None,
    now: datetime,
    *,
    campaign: AdCampaign | None = None,
) -> Drift:
    drift = Drift.objects.create(
        organization_id=account.organization_id,
        client_id=account.client_id,
        budget=budget,
        field=Drift.Field.SPEND_CAP if campaign else Drift.Field.BUDGET,
        ad_campaign=campaign,
        expected_micros=expected,
        observed_micros=seen,
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


def _cap_edit_of(campaign: AdCampaign, edits: Sequence[ExternalChange]) -> ExternalChange | None:
    """The last edit that left the spend cap as it is seen now."""
    for edit in reversed(edits):
        if (
            edit.ref.level is Level.CAMPAIGN
            and edit.ref.external_id == campaign.external_id
            and "spend_cap_micros" in edit.fields
            and edit.new.get("spend_cap_micros") == campaign.spend_cap_micros
        ):
            return edit
    return None


def _who(edit: ExternalChange | None) -> str:
    if edit is None:
        return "Changed at the platform; it does not say by whom."
    who = edit.actor or "somebody"
    return f"Changed at the platform by {who}" + (f" with {edit.client}." if edit.client else ".")
