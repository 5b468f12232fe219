"""Looking at portfolios: often, many at once, each slot once; moving rarely.

All state is in PostgreSQL: a worker that dies in a look loses nothing, the next one finds the portfolio due.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from lane.core import clock
from pacing.models import AllocationLook, Portfolio
from pacing.services.portfolios import decisions, proposing

logger = logging.getLogger(__name__)
AT_ONCE = 200  # one task looks at so many at most; the next beat goes on
_ONCE = "pacing_look_once_per_slot"


@dataclass(slots=True)
class LookResult:
    """What one round did, counted in portfolios."""

    looked: int = 0
    proposed: int = 0
    failed: int = 0


def look_at_due(organization_id: int | None = None) -> LookResult:
    """Look at every running portfolio whose time has come; other workers skip what this one holds."""
    at = clock.now()
    due = Portfolio.objects.filter(state=Portfolio.State.RUNNING, next_look_at__lte=at)
    if organization_id is not None:
        due = due.filter(organization_id=organization_id)
    result = LookResult()
    for pk in list(due.order_by("next_look_at", "pk").values_list("pk", flat=True)[:AT_ONCE]):
        _look(pk, at, result, on_demand=False)
    return result


def look_now(portfolio_id: int) -> int:
    """Look at one running portfolio now, whatever its next time. Returns how many were looked at."""
    result = LookResult()
    _look(portfolio_id, clock.now(), result, on_demand=True)
    return result.looked


def slot_of(portfolio: Portfolio, at: datetime) -> datetime:
    """The start of the slot an instant is in; slots are as long as the portfolio's pause between looks."""
    length = portfolio.look_every_minutes * 60
    return at - timedelta(seconds=at.timestamp() % length)


def _look(pk: int, at: datetime, result: LookResult, *, on_demand: bool) -> None:
    try:
        look = _look_in_one_transaction(pk, at, on_demand=on_demand)
    except Exception as error:
        logger.exception("portfolio %s could not be looked at", pk)
        result.failed += 1
        look = _note_failure(pk, at, error, on_demand=on_demand)
    if look is None:
        return
    result.looked += 1
    if look.proposal == AllocationLook.Proposal.OPEN:
        result.proposed += 1
        proposing.accept_alone(look)


@transaction.atomic
def _look_in_one_transaction(pk: int, at: datetime, *, on_demand: bool) -> AllocationLook | None:
    portfolio = _claimed(pk, at, on_demand=on_demand)
    if portfolio is None:
        return None
    look = decisions.decide(portfolio, at, slot_of(portfolio, at), on_demand=on_demand)
    _set_next(portfolio, at)
    return look


def _claimed(pk: int, at: datetime, *, on_demand: bool) -> Portfolio | None:
    """The portfolio under its lock; None when another worker has it, it no longer runs, or its slot is done."""
    mine = Portfolio.objects.filter(pk=pk, state=Portfolio.State.RUNNING)
    if not on_demand:
        mine = mine.filter(next_look_at__lte=at)
    portfolio = (
        mine.select_for_update(skip_locked=True, of=("self",)).select_related("client", "plan").first()
    )
    if portfolio is None or on_demand:
        return portfolio
    slot = slot_of(portfolio, at)
    if AllocationLook.objects.filter(portfolio=portfolio, slot=slot, on_demand=False).exists():
        _set_next(portfolio, at)
        return None
    return portfolio


def _set_next(portfolio: Portfolio, at: datetime) -> None:
    portfolio.next_look_at = slot_of(portfolio, at) + timedelta(minutes=portfolio.look_every_minutes)
    portfolio.save(update_fields=["next_look_at", "figures", "controller_state", "updated_at"])


def _note_failure(pk: int, at: datetime, error: Exception, *, on_demand: bool) -> AllocationLook | None:
    """A failed look is written down and its slot is used up, so that it is not tried again at once."""
    try:
        with transaction.atomic():
            portfolio = _claimed(pk, at, on_demand=on_demand)
            if portfolio is None:
                return None
            look = decisions.skipped(
                portfolio,
                at,
                slot_of(portfolio, at),
                "failed",
                {"error": f"{type(error).__name__}: {error}"[:200]},
                on_demand=on_demand,
            )
            _set_next(portfolio, at)
            return look
    except IntegrityError as clash:
        if _ONCE not in str(clash):
            raise
        return None
