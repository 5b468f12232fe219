"""How much of a day's movement is already used up, so that limits hold for the sum and not per request.

A day is the ad account's local day; raises and cuts are each added up, never netted against each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from approvals.amounts import is_amount, is_pause, rows_of
from approvals.models import ApprovalRequest
from campaigns.models import Change
from lane.core import clock
from lane.core.dates import local_date
from lane.core.locks import transaction_lock
from lane.core.subjects import DiffRow
from lane.core.trust import Trust

_MOVED_NOTHING = (
    Change.State.PROPOSED,
    Change.State.CANCELLED,
    Change.State.EXPIRED,
    Change.State.REFUSED,
    Change.State.BLOCKED,
    Change.State.CONFLICT,
    Change.State.NOOP,
)
_MOST_AUTOMATIC = frozenset({"agent", "rule"})


@dataclass(frozen=True, slots=True)
class Movement:
    """One entity's account-local day if the proposal is approved too. None means not known."""

    row: DiffRow
    opening_micros: int | None
    raised_micros: int
    cut_micros: int

    @property
    def raises(self) -> bool:
        """Whether the proposal itself lets more money flow here."""
        if not is_amount(self.row):
            return not (is_pause(self.row) or self.row.is_restriction or self.row.moves_no_money)
        return self.row.now_micros is None or (self.row.new_micros or 0) > self.row.now_micros

    def share(self, micros: int) -> Decimal | None:
        """An amount as a share of the day's opening value."""
        return Decimal(micros) / Decimal(self.opening_micros) if self.opening_micros else None


def hold(rows: Sequence[DiffRow]) -> None:
    """Make deciders about the same entities wait for each other until the transaction ends."""
    for key in sorted({row.entity_key for row in rows if row.entity_key}):
        transaction_lock(f"approvals:{key}")


def movements(rows: Sequence[DiffRow]) -> list[Movement]:
    """What today's authorised changes and this proposal add up to, entity by entity."""
    keys = [row.entity_key for row in rows if row.entity_key]
    today: dict[str, list[Change]] = {}
    now = clock.now()
    recent = (
        Change.objects.filter(
            entity_key__in=keys,
            field=Change.Field.BUDGET,
            change_set__authorised_at__gt=now - timedelta(hours=26),
        )
        .exclude(state__in=_MOVED_NOTHING)
        .select_related("ad_account", "change_set")
        .order_by("change_set__authorised_at", "id")
    )
    for change in recent:
        authorised_at = change.change_set.authorised_at
        zone = change.ad_account.timezone
        if authorised_at and local_date(authorised_at, zone) == local_date(now, zone):
            today.setdefault(change.entity_key, []).append(change)
    moved = {key: [(c.base_micros or 0, c.target_micros or 0) for c in found] for key, found in today.items()}
    written = {key for key in keys if key.startswith(("budget:", "campaign:"))}
    moved |= _approved_today([key for key in keys if key not in written], now)
    return [_movement(row, moved.get(row.entity_key, [])) for row in rows]


def _approved_today(keys: Sequence[str], now: datetime) -> dict[str, list[tuple[int, int]]]:
    """Steps of things that are no platform entity, from the requests approved on the client's day."""
    found: dict[str, list[tuple[int, int]]] = {}
    for key in keys:
        recent = ApprovalRequest.objects.filter(
            state=ApprovalRequest.State.APPROVED,
            decided_at__gt=now - timedelta(hours=26),
            diff__rows__contains=[{"entity_key": key}],
        ).select_related("client")
        for request in recent.prefetch_related("decisions").order_by("decided_at", "id"):
            zone, at = request.client.timezone, request.decided_at
            if at is None or local_date(at, zone) != local_date(now, zone):
                continue
            lower: dict[str, int] = next((each.approved_target for each in request.decisions.all()), {}) or {}
            for row in rows_of(request.diff):
                if row.entity_key == key and is_amount(row) and row.now_micros is not None:
                    step = (row.now_micros, int(lower.get(row.key, row.new_micros or 0)))
                    found.setdefault(key, []).append(step)
    return found


def _movement(row: DiffRow, earlier: Sequence[tuple[int, int]]) -> Movement:
    steps = [after - before for before, after in earlier]
    if is_amount(row) and row.now_micros is not None:
        steps.append((row.new_micros or 0) - row.now_micros)
    opening = earlier[0][0] if earlier else row.now_micros
    return Movement(row, opening, sum(s for s in steps if s > 0), -sum(s for s in steps if s < 0))


def automatic_reason(
    rows: Sequence[DiffRow],
    policy: dict[str, Any],
    *,
    proposer_kind: str,
    client_currency: str,
    earned: Trust | None = None,
) -> str:
    """Why the policy approves this without a person; empty when somebody must decide.

    Forecasts that were measured to be poor shrink the limits to the share they earned, down to nothing; without
    a measurement the policy's own limits hold, and no measurement ever raises them. Pausing is a guard and stays.
    """
    share = Decimal(1) if earned is None else min(max(earned.share, Decimal(0)), Decimal(1))
    parts = []
    for movement in movements([row for row in rows if not row.moves_no_money]):
        said = (
            _automatic_raise(movement, policy, share, proposer_kind, client_currency)
            if movement.raises
            else _automatic_cut(movement, policy, share)
        )
        if not said:
            return ""
        parts.append(said)
    if not parts:
        return ""
    strongest = parts[0] if len(set(parts)) == 1 else "; ".join(dict.fromkeys(parts))
    shrunk = "" if share == 1 else f" Limits at {_percent(share)} of the policy, by measured forecasts."
    return f"Within the automatic limits of “{policy['name']}”: {strongest}.{shrunk}"[:500]


def _automatic_cut(movement: Movement, policy: dict[str, Any], earned: Decimal) -> str:
    limit = Decimal(policy["auto_decrease_ratio"])
    if is_pause(movement.row):
        return "pausing needs nobody" if limit >= 1 else ""
    if not is_amount(movement.row):
        return "a limit that only lowers spend"
    limit *= earned
    share = movement.share(movement.cut_micros)
    if share is None or share > limit or limit <= 0:
        return ""
    return f"{_percent(share)} lower today, limit {_percent(limit)}"


def _automatic_raise(
    movement: Movement, policy: dict[str, Any], earned: Decimal, proposer_kind: str, client_currency: str
) -> str:
    ratio = Decimal(policy["auto_increase_ratio"]) * earned
    micros = int(Decimal(policy["auto_increase_micros"]) * earned)
    if proposer_kind in _MOST_AUTOMATIC or ratio <= 0 or micros <= 0 or not is_amount(movement.row):
        return ""
    share = movement.share(movement.raised_micros)
    if share is None or share > ratio or movement.row.currency != client_currency:
        return ""
    if movement.raised_micros > micros:
        return ""
    return f"{_percent(share)} higher today, limit {_percent(ratio)}"


def above_link_cap(rows: Sequence[DiffRow], policy: dict[str, Any], *, client_currency: str) -> bool:
    """Whether an approval must come from somebody signed in, because a link alone does not reach so far.

    A raise in another currency than the client's, from an unknown amount, or by resuming cannot be
    measured against the cap, so it counts as above.
    """
    for movement in movements(rows):
        if not movement.raises:
            continue
        share = movement.share(movement.raised_micros)
        if share is None or not is_amount(movement.row) or movement.row.currency != client_currency:
            return True
        if share > Decimal(policy["link_cap_ratio"]):
            return True
        if movement.raised_micros > int(policy["link_cap_micros"]):
            return True
    return False


def _percent(share: Decimal) -> str:
    return f"{share * 100:.1f}\u202f%"
