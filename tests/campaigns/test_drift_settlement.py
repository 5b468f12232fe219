"""Setting a budget back that somebody else changed is a proposal like any other."""

from __future__ import annotations

import pytest

from campaigns.models import Change, Drift
from campaigns.services import drift_settlement
from lane.core.errors import NotAllowed, OutOfDate
from tests.campaigns.world import AT, make_budget, make_world, person

pytestmark = pytest.mark.django_db
UNIT = 1_000_000


@pytest.fixture
def drifted():
    world = make_world()
    budget = make_budget(world, amount=70 * UNIT, verified_micros=50 * UNIT)
    drift = Drift.objects.create(
        organization=world.organization,
        client=world.client,
        budget=budget,
        expected_micros=50 * UNIT,
        observed_micros=70 * UNIT,
        seen_at=AT,
        edited_by="jonas@example.com",
    )
    return world, budget, drift


def test_setting_back_asks_for_approval_and_writes_nothing(drifted):
    world, budget, drift = drifted
    change_set = drift_settlement.reapply(drift.public_id, actor=world.admin)
    change = Change.objects.get()
    assert (change.state, change.base_micros, change.target_micros) == ("proposed", 70 * UNIT, 50 * UNIT)
    assert change_set.origin == "drift"
    assert "jonas@example.com" in change_set.reason
    drift.refresh_from_db()
    budget.refresh_from_db()
    assert (drift.state, budget.amount_micros) == ("reapplied", 70 * UNIT)
    with pytest.raises(OutOfDate):
        drift_settlement.reapply(drift.public_id, actor=world.admin)
    assert Change.objects.count() == 1


def test_a_viewer_cannot_set_anything_back(drifted):
    world, _, drift = drifted
    _, viewer = person(world.organization, "viewer")
    with pytest.raises(NotAllowed):
        drift_settlement.reapply(drift.public_id, actor=viewer)
    drift.refresh_from_db()
    assert (drift.state, Change.objects.count()) == ("open", 0)
