"""Portfolios: looked at once a slot, moved exactly, and never past what people and guards forbid."""

from __future__ import annotations

import pytest

from lane.core import clock
from pacing.models import AllocationLook
from tests.pacing.portfolio_world import look, make_portfolio, make_shop

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def real_time():
    clock.forget()


def test_a_look_proposes_to_move_money_to_the_richer_arm_and_the_sum_is_exact():
    shop = make_shop()
    portfolio = make_portfolio(shop)
    found = look(portfolio)
    print(found.reasons, found.decision)
    assert found.decision == AllocationLook.Decision.MOVE
    assert found.proposal == AllocationLook.Proposal.OPEN
    moves = {move.arm.label: move for move in found.moves.select_related("arm")}
    for m in moves.values():
        print(m.arm.label, m.now_micros, m.new_micros, m.next_100_now, [r["text"] for r in m.reasons])
    assert moves["Rich"].step_micros > 0 > moves["Full"].step_micros
    assert sum(move.new_micros for move in moves.values()) == portfolio.daily_micros
