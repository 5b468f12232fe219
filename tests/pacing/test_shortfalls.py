"""Plans that cannot spend: declared with the figure and the cause, resolved, accepted; stuck budgets hand over."""

from __future__ import annotations

from datetime import timedelta

import pytest

from campaigns.models import AdCampaign, Budget, Connection
from campaigns.platforms import hindrances
from campaigns.sync import budget_history
from lane.audit.models import AuditEntry
from lane.core import clock
from lane.core.models import Event
from pacing.explain import unproved
from pacing.models import Explanation, PacingRun, PlanSnapshot, Recommendation, Shortfall
from pacing.services import plans, runs, taken_offers
from tests.campaigns.world import fact, make_budget, make_world, put
from tests.pacing.world import MICROS, make_plan, tell_spend

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    clock.forget()
    return make_world()


def short_plan(world, *, spends=20, day=16, **values):
    """A plan of 60 a day whose budget of 60 finds demand for ``spends``."""
    budget = make_budget(world, amount=60 * MICROS)
    tell_spend(world, budget, per_day=spends)
    budget_history.backfill(world.account, [])
    return budget, make_plan(world, [budget], per_day=60, day=day, **values)


def hinder(budget, code, *, status="active", **more):
    told = {"code": code, "words": hindrances.WORDS[code], "raw": "X", "since": clock.now().isoformat()}
    AdCampaign.objects.filter(budget=budget).update(status=status, hindrances=[told], **more)


def test_demand_that_ends_early_is_declared_with_the_figure_and_what_can_be_done(world):
    _, plan = short_plan(world)
    runs.run_pass()
    found = Shortfall.objects.get(plan=plan)
    run, snapshot = PacingRun.objects.get(), PlanSnapshot.objects.get(plan=plan)
    assert (run.health, snapshot.health, found.cause) == ("cannot_spend", "cannot_spend", "demand")
    assert 0 < found.achievable_micros < plan.amount_micros
    assert snapshot.reason == {
        "code": "cannot_spend",
        "params": {
            "achievable_micros": found.achievable_micros,
            "gap_ratio": pytest.approx(found.achievable_micros / plan.amount_micros - 1, abs=1e-5),
        },
    }
    assert snapshot.abs_miss_micros == found.gap_micros
    for sentence in found.sentences:
        assert unproved(sentence["text"], sentence["numbers"], "EUR") == []
    assert {offer.kind for offer in found.offers.all()} == {"extend", "accept"}
    for offer in found.offers.all():
        assert unproved(offer.text, offer.numbers, "EUR") == []
    assert Event.objects.filter(name="pacing.shortfall.declared").count() == 1
    assert AuditEntry.objects.filter(action="pacing.shortfall.declared").count() == 1


def test_it_is_declared_once_and_updated_at_every_look(world):
    budget, plan = short_plan(world)
    runs.run_pass()
    first = Shortfall.objects.get()
    tell_spend(world, budget, per_day=10)
    runs.run_pass(plan_ids=[plan.pk], on_demand=True)
    again = Shortfall.objects.get()
    assert again.pk == first.pk and again.achievable_micros < first.achievable_micros
    assert again.offers.filter(state="open").count() == first.offers.filter(state="open").count()
    assert Event.objects.filter(name="pacing.shortfall.declared").count() == 1


def test_it_ends_when_the_plan_can_spend_again_and_its_offers_with_it(world):
    budget, plan = short_plan(world, day=6)
    runs.run_pass()
    assert Shortfall.objects.get().resolved_at is None
    tell_spend(world, budget, per_day=61)
    runs.run_pass(plan_ids=[plan.pk], on_demand=True)
    gone = Shortfall.objects.get()
    assert gone.resolution == "recovered"
    assert not gone.offers.filter(state="open").exists()
    assert PlanSnapshot.objects.get(plan=plan).health != "cannot_spend"


def test_it_ends_with_the_flight(world):
    _, plan = short_plan(world, day=30)
    runs.run_pass()
    assert Shortfall.objects.filter(resolved_at=None).count() == 1
    clock.set_offset(timedelta(days=2))
    runs.run_pass()
    plan.refresh_from_db()
    assert (plan.status, Shortfall.objects.get().resolution) == ("ended", "ended")


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        (hindrances.DISAPPROVED_ADS, "disapproved"),
        (hindrances.LIMITED_BY_TARGETING, "limited"),
        (hindrances.PAYMENT, "outage"),
        (hindrances.LEARNING, "demand"),
    ],
)
def test_the_cause_is_what_the_platform_told(world, code, cause):
    budget, _plan = short_plan(world)
    if code == hindrances.PAYMENT:
        world.account.hindrances = [{"code": code, "words": hindrances.WORDS[code], "raw": "", "since": None}]
        world.account.save()
    else:
        hinder(budget, code)
    runs.run_pass()
    found = Shortfall.objects.get()
    assert found.cause == cause
    said = " ".join(sentence["text"] for sentence in found.sentences)
    assert (hindrances.WORDS[code] in said) is (cause != "demand")


def test_a_campaign_stopped_by_others_is_declared_by_the_middle_of_the_flight(world):
    budget, plan = short_plan(world, spends=60, day=6)
    AdCampaign.objects.filter(budget=budget).update(status="paused")
    runs.run_pass()
    assert Shortfall.objects.count() == 0
    assert PlanSnapshot.objects.get(plan=plan).health == "paused"
    plans.edit(plan.public_id, actor=world.admin, starts_on=plan.starts_on - timedelta(days=20))
    runs.run_pass(plan_ids=[plan.pk], on_demand=True)
    found = Shortfall.objects.get()
    assert (found.cause, PlanSnapshot.objects.get(plan=plan).health) == ("paused", "cannot_spend")
    assert not found.offers.filter(kind="extend").exists()  # nothing runs: no rate, so no date


def test_a_plan_a_person_paused_is_not_declared(world):
    _, plan = short_plan(world)
    plans.pause(plan.public_id, actor=world.admin, reason="No stock")
    runs.run_pass()
    assert Shortfall.objects.count() == 0


def test_a_lost_connection_is_an_outage_once_it_costs_the_plan_its_amount(world):
    budget = make_budget(world, amount=40 * MICROS)
    tell_spend(world, budget, per_day=40)
    make_plan(world, [budget], per_day=60, day=16)
    Connection.objects.filter(pk=world.connection.pk).update(status="lost")
    runs.run_pass()
    found = Shortfall.objects.get()
    assert found.cause == "outage"
    assert any("cannot write to" in sentence["text"] for sentence in found.sentences)


# --- accepting --------------------------------------------------------------------------------------------


def accepted(world, plan):
    offer = Shortfall.objects.get(plan=plan).offers.get(kind="accept")
    return taken_offers.take(offer.public_id, actor=world.admin, reason="The client knows")


def test_an_accepted_shortfall_is_quiet_and_says_who_accepted_what(world):
    _, plan = short_plan(world)
    runs.run_pass()
    accepted(world, plan)
    runs.run_pass(plan_ids=[plan.pk], on_demand=True)
    found, snapshot = Shortfall.objects.get(), PlanSnapshot.objects.get(plan=plan)
    assert (snapshot.health, snapshot.abs_miss_micros) == ("accepted", 0)
    assert found.accepted_label == world.admin.label
    # The look after it is some milliseconds later, so its figure may differ by micros.
    assert found.accepted_end_micros == pytest.approx(found.achievable_micros, abs=10_000)
    assert not found.offers.filter(kind="accept", state="open").exists()
    assert Explanation.objects.get(kind="offer").actor_label == world.admin.label
    assert AuditEntry.objects.filter(action="pacing.offer.taken", reason="The client knows").count() == 1


def test_a_clearly_worse_end_is_told_again(world):
    budget, plan = short_plan(world)
    runs.run_pass()
    accepted(world, plan)
    runs.run_pass(plan_ids=[plan.pk], on_demand=True)
    tell_spend(world, budget, per_day=5)
    runs.run_pass(plan_ids=[plan.pk], on_demand=True)
    found, snapshot = Shortfall.objects.get(), PlanSnapshot.objects.get(plan=plan)
    assert (snapshot.health, found.accepted_at) == ("cannot_spend", None)
    assert found.offers.filter(kind="accept", state="open").count() == 1


# --- a budget that cannot spend hands its part over -------------------------------------------------------


def two_budgets(world):
    """A plan of 110 a day over two budgets of 50, both delivering until yesterday."""
    one, two = make_budget(world, amount=50 * MICROS), make_budget(world, amount=50 * MICROS)
    for budget in (one, two):
        tell_spend(world, budget, per_day=50)
    budget_history.backfill(world.account, [])
    return one, two, make_plan(world, [one, two], per_day=110, day=16)


def test_a_rejected_campaign_hands_its_money_to_its_sibling_at_the_next_look(world):
    rejected, sibling, _plan = two_budgets(world)
    campaign = AdCampaign.objects.get(budget=rejected)
    yesterday = clock.today(world.account.timezone) - timedelta(days=1)
    put([fact(world, campaign.pk, yesterday, 0)])
    runs.run_pass()
    advice = Recommendation.objects.get()
    assert [row["budget_id"] for row in advice.rows] == [str(sibling.public_id)]
    assert advice.rows[0]["new_micros"] == 60 * MICROS  # all that one step allows
    assert PlanSnapshot.objects.get().health == "behind"  # not "cannot spend": the sibling still can
    said = " ".join(Explanation.objects.get().texts)
    assert f"“{rejected.name}” cannot spend now" in said


def test_a_campaign_paused_by_others_hands_its_money_over_too(world):
    paused, sibling, _plan = two_budgets(world)
    AdCampaign.objects.filter(budget=paused).update(status="paused")
    runs.run_pass()
    assert [row["budget_id"] for row in Recommendation.objects.get().rows] == [str(sibling.public_id)]


def test_it_takes_its_part_again_as_soon_as_it_spends(world):
    one, two, _plan = two_budgets(world)
    runs.run_pass()
    assert {row["budget_id"] for row in Recommendation.objects.get().rows} == {
        str(one.public_id),
        str(two.public_id),
    }


def test_nobody_takes_over_where_no_sibling_delivers(world):
    one, two, _plan = two_budgets(world)
    yesterday = clock.today(world.account.timezone) - timedelta(days=1)
    for budget in (one, two):
        put([fact(world, AdCampaign.objects.get(budget=budget).pk, yesterday, 0)])
    runs.run_pass()
    run = PacingRun.objects.get()
    assert run.inputs["budget_micros"] == 100 * MICROS
    assert Budget.objects.filter(pk__in=[one.pk, two.pk], amount_micros=50 * MICROS).count() == 2
