"""Change sets as something people approve."""

from __future__ import annotations

from django.urls import NoReverseMatch, reverse

from campaigns.models import Change, ChangeSet
from campaigns.selectors import changes as selectors
from campaigns.selectors.automation import cap_within_plan
from campaigns.services import changes, content
from campaigns.words import amount_words, ratio_words, value_words
from lane.core import clock, subjects
from lane.core.actors import Actor
from lane.core.money import format_money


class ChangeSetSubject:
    """Answers approvals about a change set; row keys are the public ids of its changes."""

    subject_type = "campaigns.change_set"

    def diff(self, subject_id: str) -> subjects.Diff:
        """What would change, row by row."""
        change_set = _get(subject_id)
        rows = list(selectors.current_changes(change_set))
        currencies = {row.currency for row in rows if row.currency}
        evidence = change_set.evidence
        return subjects.Diff(
            title=change_set.title,
            summary=str(evidence.get("summary") or change_set.reason),
            rows=[_row(row) for row in rows],
            reasons=[str(reason) for reason in evidence.get("reasons", [])],
            effect=dict(evidence.get("effect", {})),
            url=_url(change_set),
            currency=currencies.pop() if len(currencies) == 1 else "",
        )

    def content_hash(self, subject_id: str) -> str:
        """The digest of the rows as they stand now."""
        return content.current_digest(_get(subject_id))

    def still_true(self, subject_id: str) -> str:
        """Whether it still waits, and every value is still what the approver sees as "now"."""
        change_set = _get(subject_id)
        if change_set.state != ChangeSet.State.PROPOSED:
            return f"This change set is already {change_set.get_state_display().lower()}."
        if change_set.expires_at <= clock.now():
            return "This change set has expired."
        for row in selectors.current_changes(change_set):
            moved = _moved(row)
            if moved:
                return moved
        return ""

    def carry_out(
        self,
        subject_id: str,
        *,
        approval_id: str,
        approved_hash: str,
        actor: Actor,
        lowered: dict[str, int] | None,
    ) -> None:
        """Hand the set to the ledger; without a person behind it, as an automatic one."""
        changes.authorise(
            subject_id,
            approval_id=approval_id,
            approved_hash=approved_hash,
            actor=actor,
            lowered=lowered,
            automatic=actor.is_system,
        )

    def turn_down(
        self, subject_id: str, *, approval_id: str, actor: Actor, reason: str, outcome: str
    ) -> None:
        """Close it, or leave it open for an edit when changes were asked for."""
        changes.turn_down(subject_id, approval_id=approval_id, actor=actor, reason=reason, outcome=outcome)


def _get(subject_id: str) -> ChangeSet:
    return ChangeSet.objects.select_related("client").get(public_id=subject_id)


def _row(row: Change) -> subjects.DiffRow:
    account = row.ad_account
    context = f"{account.get_platform_display()} · {account.name}"
    if row.is_daily_amount:
        assert row.base_micros is not None and row.target_micros is not None
        return subjects.DiffRow(
            key=str(row.public_id),
            label=str(row.entity),
            field=str(row.field),
            now=format_money(row.base_micros, row.currency),
            new=format_money(row.target_micros, row.currency),
            now_micros=row.base_micros,
            new_micros=row.target_micros,
            currency=row.currency,
            context=context,
            entity_key=row.entity_key,
        )
    # Everything else is shown in words: only amounts per day may be added up and lowered.
    what = "Spend cap, lifetime" if row.field == Change.Field.SPEND_CAP else row.what
    label = str(row.entity) if row.field == Change.Field.STATUS else f"{what}: {row.entity}"
    return subjects.DiffRow(
        key=str(row.public_id),
        label=label,
        field=str(row.field),
        now=value_words(row, "base").capitalize(),
        new=value_words(row, "target").capitalize(),
        is_restriction=_restricts(row),
        context=context,
        entity_key=row.entity_key,
    )


def _moved(row: Change) -> str:
    """Why the "now" of a row is no longer true; empty while it is."""
    ahead = selectors.on_the_way(row.entity_key)
    if row.budget is not None:
        present = ahead.target_micros if ahead else row.budget.amount_micros
        if row.budget.removed_at is not None:
            return f"{row.budget} was removed at the platform."
        if present != row.base_micros:
            shown = "unknown" if present is None else format_money(present, row.currency)
            return (
                f"{row.budget} is now {shown}, no longer {format_money(row.base_micros or 0, row.currency)}."
            )
        return ""
    if row.field == Change.Field.BID_TARGET:
        return _bid_moved(row, ahead)
    campaign = row.ad_campaign
    assert campaign is not None
    if row.field == Change.Field.SPEND_CAP and campaign.removed_at is None:
        cap = ahead.target_micros if ahead else campaign.spend_cap_micros
        if cap == row.base_micros:
            return ""
        now, was = (amount_words(micros, row.currency) for micros in (cap, row.base_micros))
        return f"The spend cap of {campaign} is now {now}, no longer {was}."
    if campaign.removed_at is not None:
        return f"{campaign} was removed at the platform."
    status = ahead.target_status if ahead else ("paused" if campaign.status == "paused" else "active")
    return f"{campaign} is already {status}." if status == row.target_status else ""


def _bid_moved(row: Change, ahead: Change | None) -> str:
    holder = row.ad_group or row.ad_campaign
    assert holder is not None
    if holder.removed_at is not None:
        return f"{holder} was removed at the platform."
    if holder.bid_kind != row.kind:
        return f"{holder} no longer bids towards a {row.what}."
    present = (ahead.target_micros, ahead.target_millis) if ahead else (holder.bid_micros, holder.bid_millis)
    if present == (row.base_micros, row.base_millis):
        return ""
    now = ratio_words(present[1]) if present[0] is None else amount_words(present[0], row.currency)
    return f"The {row.what} of {holder} is now {now}, no longer {value_words(row, 'base')}."


def _restricts(row: Change) -> bool:
    """Whether a row lets no more be spent than is approved: a pause, a stricter bid, a lower total, a new cap.

    So does a cap that moves along with its plan: what the plan may spend was approved with the plan.
    """
    if row.field == Change.Field.STATUS:
        return row.target_status == "paused"
    if row.kind == Change.Kind.TARGET_ROAS:
        return row.base_millis is not None and (row.target_millis or 0) > row.base_millis
    if row.target_micros is None:
        return False
    if row.field == Change.Field.SPEND_CAP:
        most = cap_within_plan(row)
        return row.base_micros is None or row.target_micros <= max(row.base_micros, most or 0)
    if row.base_micros is None:
        return False
    return row.target_micros < row.base_micros


def _url(change_set: ChangeSet) -> str:
    try:
        return reverse("change-set-detail", args=[change_set.public_id])
    except NoReverseMatch:
        return ""


subjects.register(ChangeSetSubject())
