"""What the demo shows of approved amounts can be made over any small agency, once its plans exist."""

from __future__ import annotations

import pytest

from lane.ops.demo import ledger
from pacing.models import FxRate, LedgerEntry, PlanSeries
from pacing.services import lint
from tests.api.callers import hire
from tests.campaigns.world import make_budget, make_world
from tests.pacing.world import make_plan

pytestmark = pytest.mark.django_db


def test_the_demo_has_a_ledger_a_series_and_rates():
    world = make_world()
    plan = make_plan(world, [make_budget(world)])
    ledger.make({"Any": world.client}, world.admin, hire(world, "editor")[1])
    assert [entry.kind for entry in plan.entries.all()] == ["base", "amendment"]
    assert PlanSeries.objects.get().plans.count() == 0
    assert FxRate.objects.count() == 18
    assert LedgerEntry.objects.filter(kind="amendment").get().reason
    assert lint.problems(world.admin) == []
