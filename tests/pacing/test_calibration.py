"""Projections against what happened: scored once, honestly, and corrected when spend is restated."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from approvals.models import ApprovalRequest
from campaigns.models import AdAccount, Budget, Change
from campaigns.services import changes
from campaigns.services.changes import BudgetTarget
from lane.core import clock, outbox, trust
from lane.core.trust import Trust
from pacing.models import PacingRun, ProjectionScore
from pacing.selectors import calibration
from pacing.services import runs, scoring
from tests.campaigns.world import make_budget, make_world, person
from tests.pacing.calibration_world import ended_plan, many_scores, projected, tell
from tests.pacing.pages_world import EURO, advise
from tests.pacing.world import make_plan, tell_spend

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    clock.forget()
    return make_world()


def applied(world, plan, *, at):
    """A change Lane asked for and read back at the platform at an instant."""
    recommendation = advise(plan, state="accepted")
    budget = plan.budgets.get()
    change_set = changes.propose(
        client=world.client, title="Raise", reason="Behind", origin="recommendation",
        origin_id=str(recommendation.public_id), evidence={}, actor=world.admin,
        targets=[BudgetTarget(budget, (budget.amount_micros or 0) + EURO)],
    )  # fmt: skip
    changes.authorise(
        change_set.public_id, approval_id="test", approved_hash=change_set.content_hash,
        actor=person(world.organization, "admin")[1], automatic=False,
    )  # fmt: skip
    mine = Change.objects.filter(change_set=change_set)
    mine.update(state="sent", sent_at=at)
    mine.update(state="verified", finished_at=at)


def test_each_day_of_an_ended_flight_is_scored_once_by_its_first_look(world):
    plan = ended_plan(world, spends=(100, 100, 100, 100, 100))
    projected(plan, 2, (450, 520, 590), hour=4)
    projected(plan, 2, (0, 1, 2), hour=8)
    projected(plan, 4, (505, 550, 600))
    projected(plan, 3, (1, 2, 3), on_demand=True)
    projected(plan, 5, (1, 2, 3), health="stale")
    assert scoring.score_due().scored == 2
    assert scoring.score_due().scored == 0
    first, last = ProjectionScore.objects.order_by("made_on")
    assert (first.days_left, first.horizon, first.covered) == (4, "4-7", True)
    assert first.error_ratio == Decimal("0.04")
    assert (last.days_left, last.horizon, last.covered) == (2, "1-3", False)
    assert (last.actual_micros, last.platform, last.basis) == (500 * EURO, "google_ads", "without")


def test_nothing_is_scored_before_the_spend_is_final_or_while_a_day_is_unknown(world):
    plan = ended_plan(world)
    projected(plan, 2, (450, 500, 550))
    AdAccount.objects.update(final_through=plan.ends_on - timedelta(days=1))
    assert (scoring.score_due().scored, scoring.score_due().waiting) == (0, 1)
    AdAccount.objects.update(final_through=None)
    assert scoring.score_due().scored == 0
    AdAccount.objects.update(final_through=plan.ends_on)
    assert scoring.score_due().scored == 1


def test_running_and_archived_plans_are_not_scored(world):
    plan = ended_plan(world)
    projected(plan, 2, (450, 500, 550))
    for status in ("active", "paused", "archived"):
        type(plan).objects.filter(pk=plan.pk).update(status=status)
        assert scoring.score_due().scored == 0


def test_restated_spend_corrects_the_scores_and_says_when(world):
    plan = ended_plan(world)
    projected(plan, 2, (450, 500, 520))
    scoring.score_due()
    tell(world, plan, (100, 100, 100, 100, 150))
    assert scoring.score_due().corrected == 1
    score = ProjectionScore.objects.get()
    assert (score.actual_micros, score.covered) == (550 * EURO, False)
    assert score.error_ratio == Decimal("-0.1")
    assert score.corrected_at is not None
    assert scoring.score_due().corrected == 0


@pytest.mark.parametrize(
    ("hours", "basis", "measured", "why"),
    [(5, "with", True, ""), (30, "without", False, "applied_late"), (None, "without", True, "")],
)
def test_a_look_that_asked_for_a_change_is_held_to_what_was_put_to_the_test(
    world, hours, basis, measured, why
):
    plan = ended_plan(world)
    look = projected(plan, 2, (300, 350, 400), changed=(480, 500, 520), decision="propose")
    if hours is not None:
        applied(world, plan, at=look.at + timedelta(hours=hours))
    scoring.score_due()
    score = ProjectionScore.objects.get()
    assert (score.basis, score.measured, score.why_not) == (basis, measured, why)
    assert score.p50_micros == (500 if basis == "with" else 350) * EURO


def test_changes_of_later_days_do_not_excuse_a_look_that_left_things_alone(world):
    plan = ended_plan(world)
    look = projected(plan, 2, (300, 350, 400))
    applied(world, plan, at=look.at + timedelta(hours=50))
    scoring.score_due()
    assert ProjectionScore.objects.get().measured


def test_a_projection_of_other_terms_is_kept_but_counts_in_no_average(world):
    plan = ended_plan(world)
    projected(plan, 2, (450, 500, 550), inputs={"day": 2, "days_total": 5, "amount_micros": 400 * EURO})
    scoring.score_due()
    score = ProjectionScore.objects.get()
    assert (score.measured, score.why_not) == (False, "terms_changed")
    assert calibration.totals_of(ProjectionScore.objects.filter(measured=True)).n == 0
    assert calibration.unmeasured_of(ProjectionScore.objects.all())[0][1] == 1


def test_a_projection_of_a_tiny_amount_does_not_stop_the_others(world):
    tiny, usual = ended_plan(world), ended_plan(world, budgets=[make_budget(world)])
    projected(tiny, 2, (450, 500, 950), inputs={"day": 2, "days_total": 5, "amount_micros": 1})
    projected(usual, 2, (450, 500, 550))
    assert scoring.score_due().scored == 2
    assert ProjectionScore.objects.get(plan=tiny).error_ratio == 0
    tell(world, tiny, (0,) * 5)
    scoring.score_due()
    assert ProjectionScore.objects.get(plan=tiny).error_ratio == 1000


def test_averages_are_unknown_below_the_least_number_and_right_above_it(world):
    plan = ended_plan(world, spends=(100,) * 12)
    for day in range(1, 10):
        projected(plan, day, (1100, 1260, 1400))
    scoring.score_due()
    few = calibration.totals_of(calibration.measured_since(plan.starts_on))
    assert (few.n, few.error_ratio, few.coverage_ratio) == (9, None, None)
    assert "9 of at least 10" in few.missing
    ProjectionScore.objects.all().delete()
    for day in (10, 11):
        projected(plan, day, (1000, 1140, 1150))
    scoring.score_due()
    enough = calibration.totals_of(calibration.measured_since(plan.starts_on))
    assert enough.n == 11
    assert enough.error_ratio == pytest.approx(Decimal("0.05"))
    assert enough.bias_ratio == pytest.approx(Decimal(9 * 0.05 - 2 * 0.05) / 11)
    assert enough.coverage_ratio == pytest.approx(Decimal(9) / 11)
    horizons = [cell.horizon for cell in calibration.cells_of(ProjectionScore.objects.all())]
    assert horizons == ["1-3", "4-7", "8-14"]


def test_trust_is_unknown_until_enough_plans_ended_and_then_follows_error_and_coverage(world):
    assert scoring.trust(world.client.pk) is None
    many_scores(world, plans=2, days=12)
    scoring.score_due()
    assert ProjectionScore.objects.count() == 24
    assert scoring.trust(world.client.pk) is None
    many_scores(world, plans=2)
    scoring.score_due()
    good = scoring.trust(world.client.pk)
    assert (good.score, good.share, good.plans) == (1, 1, 4)
    assert scoring.trust(world.client.pk, "meta") is None
    assert scoring.trust(make_world().client.pk) is None
    ProjectionScore.objects.update(error_ratio=Decimal("0.11"))
    assert scoring.trust(world.client.pk).score == pytest.approx(Decimal("0.5"))
    ProjectionScore.objects.update(error_ratio=Decimal("0.01"), covered=False)
    assert scoring.trust(world.client.pk).share == 0
    ProjectionScore.objects.update(ended_on=clock.today("UTC") - timedelta(days=200))
    assert scoring.trust(world.client.pk) is None


def test_the_share_of_a_limit_runs_from_nothing_to_all_of_it():
    def share(score):
        return Trust(Decimal(score), 20, 3, Decimal(0), Decimal(1)).share

    assert [share(each) for each in ("0", "0.2", "0.5", "0.8", "1")] == [0, 0, Decimal("0.5"), 1, 1]


def cut(world, percent):
    """Whether a person's proposal to cut a budget by so much was approved by the policy alone."""
    _, editor = person(world.organization, "editor")
    budget = make_budget(world, amount=100 * EURO)
    change_set = changes.propose(
        client=world.client, title="Lower", reason="Enough", origin="person", origin_id="", evidence={},
        actor=editor, targets=[BudgetTarget(Budget.objects.get(pk=budget.pk), (100 - percent) * EURO)],
    )  # fmt: skip
    outbox.drain()
    return ApprovalRequest.objects.get(subject_id=str(change_set.public_id)).was_automatic


def test_measured_poor_forecasts_shrink_what_is_approved_without_a_person(world):
    assert cut(world, 9), "unknown trust leaves the policy's own limit of 10 %"
    many_scores(world, error=0.11, half=200)
    scoring.score_due()
    assert trust.trust(world.client.pk).share == pytest.approx(Decimal("0.5"))
    assert cut(world, 4)
    assert not cut(world, 9)
    request = ApprovalRequest.objects.filter(was_automatic=True).latest("pk")
    assert "measured forecasts" in request.outcome_reason


def test_good_forecasts_never_raise_a_limit_above_the_policys_own(world):
    many_scores(world)
    scoring.score_due()
    assert trust.trust(world.client.pk).share == 1
    assert cut(world, 9)
    assert not cut(world, 11)


def test_the_database_keeps_one_score_a_day_and_quantiles_in_order(world):
    plan = ended_plan(world)
    projected(plan, 2, (450, 500, 550))
    scoring.score_due()
    score = ProjectionScore.objects.get()
    score.pk, score.public_id = None, "6f1c1b8e-0000-4000-8000-000000000001"
    with pytest.raises(IntegrityError), transaction.atomic():
        score.save()
    with pytest.raises(IntegrityError), transaction.atomic():
        ProjectionScore.objects.update(p10_micros=600 * EURO)
    with pytest.raises(IntegrityError), transaction.atomic():
        ProjectionScore.objects.update(measured=False)


def test_people_see_scores_of_their_own_clients_only(world):
    plan = ended_plan(world)
    projected(plan, 2, (450, 500, 550))
    scoring.score_due()
    assert calibration.scores_for(world.admin).count() == 1
    assert not calibration.scores_for(make_world().admin).exists()


def test_a_real_flight_paced_day_by_day_is_scored_when_it_is_over_and_settled(world):
    budget = make_budget(world, amount=100 * EURO)
    plan = make_plan(world, [budget], per_day=100, days=4, day=1, strategy="linear")
    for day in range(1, 10):
        clock.set_offset(timedelta(days=day))
        if day <= 4:
            tell_spend(world, budget, per_day=100, days=day + 1)
        runs.run_pass()
        assert ProjectionScore.objects.exists() is False
    ends_on = plan.ends_on
    AdAccount.objects.update(facts_synced_at=clock.now(), final_through=ends_on)
    assert (
        scoring.score_due().scored
        == PacingRun.objects.filter(
            projected_p50_micros__isnull=False, health__in=["on_track", "ahead", "behind"]
        ).count()
    )
    scores = ProjectionScore.objects.all()
    assert scores.count() == 3
    assert all(abs(score.error_ratio) < Decimal("0.05") and score.covered for score in scores)
