"""Portfolios: looked at once a slot, moved exactly, and never past what people and guards forbid."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connections, transaction

from campaigns.events import ChangeSetFinished
from campaigns.models import AccountDayFreshness, AdCampaign, Budget, BudgetValue, Change, ChangeSet, Drift
from campaigns.services import changes, kill_switches
from lane.audit.models import AuditEntry
from lane.core import clock, outbox
from lane.core.errors import InvalidInput, NotAllowed, NotVisible, OutOfDate
from pacing.models import (
    AllocationLook,
    AllocationMove,
    ArmBudget,
    Experiment,
    Explanation,
    Portfolio,
    PortfolioArm,
)
from pacing.services import runs
from pacing.services.portfolios import arms, looks, moves, setup, switching
from pacing.services.portfolios.terms import ArmTerms, GroupTerms
from tests.campaigns.world import fact as a_fact
from tests.campaigns.world import make_budget, make_world, person, put
from tests.pacing.portfolio_world import EURO, look, make_portfolio, make_shop, tell_history
from tests.pacing.world import make_plan

pytestmark = pytest.mark.django_db
Decision, Proposal, State = AllocationLook.Decision, AllocationLook.Proposal, Portfolio.State


@pytest.fixture(autouse=True)
def real_time():
    clock.forget()
    yield
    clock.forget()


@pytest.fixture
def shop():
    return make_shop()


def ahead(**by):
    clock.set_offset(clock.offset() + timedelta(**by))


def steps(found):
    return {move.arm.label: move.step_micros for move in found.moves.select_related("arm")}


def amounts():
    return dict(Budget.objects.values_list("name", "amount_micros"))


def curves_of(portfolio):
    """The curves of the latest look by arm, as far as a chart shows them."""
    return {
        arm["label"]: [[round(value, 4) for value in point] for point in arm["curve"]]
        for arm in portfolio.figures["arms"]
    }


# --- a look ---------------------------------------------------------------------------------------------


def test_a_look_proposes_to_move_money_to_the_richer_arm_and_the_sum_is_exact(shop):
    portfolio = make_portfolio(shop)
    found = look(portfolio)
    assert found.decision == Decision.MOVE
    assert found.proposal == Proposal.OPEN
    moved = steps(found)
    assert moved["Rich"] > 0 > moved["Full"]
    assert all(abs(step) <= 10 * EURO for step in moved.values())
    assert sum(move.new_micros for move in found.moves.all()) == portfolio.daily_micros == found.new_micros
    assert found.gain_p10_micros < found.gain_p50_micros < found.gain_p90_micros
    assert 0.8 <= found.probability <= 1
    assert found.seed is not None
    assert found.price_per_100 > 0


def test_a_look_writes_nothing_by_itself_and_a_slot_is_looked_at_once(shop):
    before = amounts()
    portfolio = make_portfolio(shop)
    assert looks.look_at_due().looked == 1
    assert looks.look_at_due().looked == 0
    assert AllocationLook.objects.filter(portfolio=portfolio, on_demand=False).count() == 1
    assert amounts() == before
    assert not ChangeSet.objects.exists()
    portfolio.refresh_from_db()
    assert clock.now() < portfolio.next_look_at <= clock.now() + timedelta(minutes=30)


def test_the_next_slot_is_looked_at_again_and_the_same_split_is_not_proposed_twice(shop):
    portfolio = make_portfolio(shop)
    looks.look_at_due()
    first = AllocationLook.objects.get(portfolio=portfolio)
    ahead(minutes=30)
    assert looks.look_at_due().looked == 1
    second = AllocationLook.objects.filter(portfolio=portfolio).order_by("-id").first()
    assert second.slot == first.slot + timedelta(minutes=30)
    assert second.decision == Decision.HOLD
    assert "still waits" in second.reasons[0]["text"]
    assert AllocationLook.objects.filter(proposal=Proposal.OPEN).get() == first


def test_a_slot_cannot_be_stored_twice_even_past_the_services(shop):
    portfolio = make_portfolio(shop)
    looks.look_at_due()
    first = AllocationLook.objects.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        AllocationLook.objects.create(
            organization=portfolio.organization,
            client=portfolio.client,
            portfolio=portfolio,
            slot=first.slot,
            at=first.at,
            decision="hold",
            currency="EUR",
        )


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_look_at_each_portfolio_once():
    made = [make_portfolio(make_shop()) for _ in range(3)]
    start = threading.Barrier(2)

    def worker():
        clock.forget()
        start.wait()
        try:
            return looks.look_at_due().looked
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        looked = [each.result() for each in [pool.submit(worker), pool.submit(worker)]]
    assert sum(looked) == 3
    for portfolio in made:
        assert AllocationLook.objects.filter(portfolio=portfolio).count() == 1


def test_many_portfolios_are_looked_at_in_one_round_and_a_failing_one_stops_nobody(monkeypatch):
    shops = [make_shop() for _ in range(3)]
    made = [make_portfolio(one) for one in shops]
    # A floor above its ceiling is refused by the allocator: a failure of this portfolio alone.
    Budget.objects.filter(pk=shops[1].budgets["Rich"].pk).update(
        floor_micros=80 * EURO, ceiling_micros=60 * EURO
    )
    result = looks.look_at_due()
    assert (result.looked, result.failed) == (3, 1)
    failed = AllocationLook.objects.get(portfolio=made[1])
    assert failed.decision == Decision.SKIP
    assert "failed" in failed.reasons[0]["text"]
    assert looks.look_at_due().looked == 0
    assert {one.decision for one in AllocationLook.objects.exclude(pk=failed.pk)} == {Decision.MOVE}


def test_looks_go_on_where_they_were_after_everything_stood_still_for_days(shop):
    portfolio = make_portfolio(shop)
    looks.look_at_due()
    ahead(days=3)
    tell_history(shop, days=63)
    assert looks.look_at_due().looked == 1
    assert looks.look_at_due().looked == 0
    portfolio.refresh_from_db()
    assert portfolio.next_look_at > clock.now()


def test_the_same_look_draws_the_same_numbers(shop):
    portfolio = make_portfolio(shop, mode="observe")
    first, second = look(portfolio), look(portfolio)
    assert (first.seed, first.gain_p50_micros, first.probability) == (
        second.seed,
        second.gain_p50_micros,
        second.probability,
    )


def test_observing_shows_the_split_and_proposes_nothing(shop):
    portfolio = make_portfolio(shop, mode="observe")
    found = look(portfolio)
    assert found.decision == Decision.MOVE
    assert found.proposal == ""
    assert not AllocationMove.objects.exists()
    portfolio.refresh_from_db()
    assert len(portfolio.figures["arms"]) == 3


# --- what is known --------------------------------------------------------------------------------------


def test_days_too_young_to_have_their_results_are_not_learned_from(shop):
    portfolio = make_portfolio(shop, mode="observe")
    look(portfolio)
    portfolio.refresh_from_db()
    before = curves_of(portfolio)
    today = clock.today("Europe/Berlin")
    campaign = AdCampaign.objects.get(budget=shop.budgets["Rich"])
    # Yesterday looks like a disaster: its conversions have not come in yet.
    put([a_fact(shop.world, campaign.pk, today - timedelta(days=1), 50 * EURO, conversion_value_micros=0)])
    look(portfolio)
    portfolio.refresh_from_db()
    assert curves_of(portfolio) == before


def test_a_day_that_was_not_read_is_unknown_and_not_zero(shop):
    portfolio = make_portfolio(shop, mode="observe")
    look(portfolio)
    portfolio.refresh_from_db()
    known = {arm["label"]: arm["days_used"] for arm in portfolio.figures["arms"]}
    ahead(days=5)  # nothing was read in between
    AccountDayFreshness.objects.filter(
        ad_account=shop.world.account, on__gte=clock.today("Europe/Berlin")
    ).delete()
    shop.world.account.facts_synced_at = clock.now()
    shop.world.account.save(update_fields=["facts_synced_at"])
    look(portfolio)
    portfolio.refresh_from_db()
    now = {arm["label"]: arm for arm in portfolio.figures["arms"]}
    assert all(now[name]["days_used"] - known[name] <= 5 for name in known)
    assert all(value > 0 for arm in now.values() for _, _, value in arm["days"])


def test_results_a_platform_does_not_tell_are_unknown(shop):
    campaign = AdCampaign.objects.get(budget=shop.budgets["Full"])
    today = clock.today("Europe/Berlin")
    put(
        [
            a_fact(
                shop.world,
                campaign.pk,
                today - timedelta(days=age),
                50 * EURO,
                conversion_value_micros=None,
                conversions_milli=None,
            )
            for age in range(1, 61)
        ]
    )
    portfolio = make_portfolio(shop, mode="observe")
    look(portfolio)
    portfolio.refresh_from_db()
    figures = {arm["label"]: arm for arm in portfolio.figures["arms"]}
    assert figures["Full"]["days_used"] == 0
    assert figures["Full"]["mean_return"] is None
    assert figures["Rich"]["days_used"] > 40


def test_conversions_can_be_the_goal(shop):
    portfolio = make_portfolio(shop, goal="conversions")
    found = look(portfolio)
    assert steps(found)["Rich"] > 0
    assert "conversions" in found.reasons[0]["text"]


@pytest.mark.parametrize("what", ["stale", "never", "unknown_amount", "open_change"])
def test_nothing_is_decided_on_what_is_not_known(shop, what):
    portfolio = make_portfolio(shop)
    account = shop.world.account
    if what == "stale":
        account.facts_synced_at = clock.now() - timedelta(hours=30)
        account.save()
    elif what == "never":
        account.facts_synced_at = None
        account.save()
    elif what == "unknown_amount":
        Budget.objects.filter(pk=shop.budgets["Fair"].pk).update(amount_micros=None)
    else:
        changes.propose(
            client=shop.world.client,
            title="By hand",
            reason="because",
            targets=[changes.BudgetTarget(shop.budgets["Fair"], 55 * EURO)],
            origin="person",
            actor=shop.world.admin,
        )
    found = look(portfolio)
    assert found.decision == Decision.SKIP
    assert found.reasons[0]["text"]
    assert not AllocationMove.objects.exists()


# --- what may not move ----------------------------------------------------------------------------------


def locked(shop, portfolio):
    arm = portfolio.arms.get(label="Rich")
    arms.change(portfolio.public_id, {str(arm.public_id): {"locked": True}}, actor=shop.world.admin)


def stopped(shop, portfolio):
    kill_switches.stop(actor=shop.world.admin, reason="All of it", client=shop.world.client)


def drifted(shop, portfolio):
    Drift.objects.create(
        organization=shop.world.organization,
        client=shop.world.client,
        budget=shop.budgets["Rich"],
        expected_micros=40 * EURO,
        observed_micros=50 * EURO,
        seen_at=clock.now(),
    )


def learning(shop, portfolio):
    arm = portfolio.arms.get(label="Rich")
    until = clock.today("Europe/Berlin") + timedelta(days=2)
    arms.change(portfolio.public_id, {str(arm.public_id): {"learning_until": until}}, actor=shop.world.admin)


def just_begun(shop, portfolio):
    """Two months were read, and the arm spent nothing before the day before yesterday."""
    campaign = AdCampaign.objects.get(budget=shop.budgets["Rich"])
    today = clock.today("Europe/Berlin")
    put(
        [
            a_fact(shop.world, campaign.pk, today - timedelta(days=age), 0, conversion_value_micros=0)
            for age in range(3, 61)
        ]
    )


def changed_at_once(shop, portfolio):
    """Somebody raised the budget by half two days ago, which restarts the platform's learning."""
    today = clock.today("Europe/Berlin")
    BudgetValue.objects.bulk_create(
        [
            BudgetValue(
                budget=shop.budgets["Rich"],
                on=today - timedelta(days=age),
                last_micros=micros,
                highest_micros=micros,
                seen_at=clock.now(),
            )
            for age, micros in ((3, 33 * EURO), (2, 50 * EURO), (1, 50 * EURO))
        ]
    )


def switched_off(shop, portfolio):
    AdCampaign.objects.filter(budget=shop.budgets["Rich"]).update(status="paused")


def moved_yesterday(shop, portfolio):
    portfolio.arms.filter(label="Rich").update(last_moved_at=clock.now() - timedelta(days=1))


@pytest.mark.parametrize(
    "held", [locked, stopped, drifted, learning, just_begun, changed_at_once, switched_off, moved_yesterday]
)
def test_an_arm_that_may_not_move_keeps_its_amount(shop, held):
    portfolio = make_portfolio(shop)
    held(shop, portfolio)
    found = look(portfolio)
    assert steps(found).get("Rich", 0) == 0
    if found.decision == Decision.MOVE:
        assert sum(steps(found).values()) == 0
    if held is stopped:
        assert found.decision != Decision.MOVE


def test_floors_caps_and_groups_are_kept(shop):
    portfolio = make_portfolio(
        shop,
        groups=[GroupTerms("Old", Decimal("0.66"), Decimal(1))],
        arms=[
            ArmTerms("Rich", (shop.budgets["Rich"],), cap_micros=53 * EURO),
            ArmTerms("Fair", (shop.budgets["Fair"],), group="Old"),
            ArmTerms("Full", (shop.budgets["Full"],), group="Old", floor_micros=48 * EURO),
        ],
    )
    found = look(portfolio)
    new = {move.arm.label: move.new_micros for move in found.moves.select_related("arm")} or amounts()
    assert new["Rich"] <= 53 * EURO
    assert new["Full"] >= 48 * EURO
    assert new["Fair"] + new["Full"] >= 0.66 * 150 * EURO - 10_000
    assert sum(new.values()) == 150 * EURO


def test_a_wish_that_cannot_be_kept_is_named_and_nothing_moves(shop):
    portfolio = make_portfolio(shop)
    rows = {str(arm.public_id): {"floor_micros": 60 * EURO} for arm in portfolio.arms.all()}
    arms.change(portfolio.public_id, rows, actor=shop.world.admin)
    found = look(portfolio)
    assert found.decision == Decision.INFEASIBLE
    assert "€180.00" in found.reasons[0]["text"]
    assert "Rich" in found.reasons[0]["text"]
    assert not AllocationMove.objects.exists()


# --- the answers ----------------------------------------------------------------------------------------


def test_accepting_asks_for_approval_of_exactly_the_proposed_amounts(shop):
    portfolio = make_portfolio(shop)
    found = look(portfolio)
    change_set = moves.accept(found.public_id, actor=shop.world.admin)
    rows = {row.budget.name: row for row in change_set.changes.select_related("budget")}
    assert sum(row.target_micros - row.base_micros for row in rows.values()) == 0
    for move in found.moves.select_related("arm"):
        if move.step_micros:
            assert rows[move.arm.label].target_micros == move.new_micros
    assert change_set.origin == "portfolio"
    assert change_set.state == ChangeSet.State.PROPOSED
    assert change_set.evidence["portfolio_name"] == portfolio.name
    assert change_set.evidence["seed"] == found.seed
    found.refresh_from_db()
    assert (found.proposal, found.change_set) == (Proposal.ACCEPTED, change_set)
    assert amounts() == dict.fromkeys(shop.budgets, 50 * EURO)
    assert look(portfolio).decision == Decision.SKIP


def test_acting_within_limits_accepts_its_own_split_but_still_asks_the_policy(shop):
    portfolio = make_portfolio(shop, mode="auto")
    found = look(portfolio)
    found.refresh_from_db()
    assert found.proposal == Proposal.ACCEPTED
    assert found.change_set.state == ChangeSet.State.PROPOSED
    assert amounts() == dict.fromkeys(shop.budgets, 50 * EURO)


@pytest.mark.parametrize("since", ["amount", "lock", "expired", "answered", "open_change"])
def test_a_split_that_no_longer_starts_from_the_truth_is_refused_and_changes_nothing(shop, since):
    portfolio = make_portfolio(shop)
    found = look(portfolio)
    if since == "amount":
        Budget.objects.filter(pk=shop.budgets["Full"].pk).update(amount_micros=51 * EURO)
    elif since == "lock":
        locked(shop, portfolio)
    elif since == "expired":
        ahead(hours=49)
    elif since == "answered":
        moves.decline(found.public_id, actor=shop.world.admin, reason="Not before the sale")
    else:
        changes.propose(
            client=shop.world.client,
            title="By hand",
            reason="because",
            targets=[changes.BudgetTarget(shop.budgets["Fair"], 55 * EURO)],
            origin="person",
            actor=shop.world.admin,
        )
    before = (ChangeSet.objects.count(), amounts())
    with pytest.raises(OutOfDate):
        moves.accept(found.public_id, actor=shop.world.admin)
    assert (ChangeSet.objects.count(), amounts()) == before
    found.refresh_from_db()
    assert found.change_set is None


def test_declining_needs_a_reason_keeps_it_and_rests(shop):
    portfolio = make_portfolio(shop)
    found = look(portfolio)
    with pytest.raises(InvalidInput):
        moves.decline(found.public_id, actor=shop.world.admin, reason=" ")
    moves.decline(found.public_id, actor=shop.world.admin, reason="The sale starts on Monday")
    assert AuditEntry.objects.filter(
        action="pacing.split.declined", reason="The sale starts on Monday"
    ).exists()
    again = look(portfolio)
    assert again.decision == Decision.HOLD
    assert "declined" in again.reasons[0]["text"]
    ahead(days=4)
    tell_history(shop, days=64)
    assert look(portfolio).proposal == Proposal.OPEN


def test_what_nobody_answered_expires_and_is_proposed_anew(shop):
    portfolio = make_portfolio(shop)
    found = look(portfolio)
    ahead(hours=49)
    tell_history(shop, days=62)
    moves.expire_due()
    looks.look_at_due()
    found.refresh_from_db()
    assert found.proposal == Proposal.EXPIRED
    assert AllocationLook.objects.filter(portfolio=portfolio, proposal=Proposal.OPEN).exists()


def test_a_viewer_may_not_answer_and_a_stranger_finds_nothing(shop):
    portfolio = make_portfolio(shop)
    found = look(portfolio)
    _, viewer = person(shop.world.organization, "viewer")
    stranger = make_world().admin
    for answer in (moves.accept, lambda pk, actor: moves.decline(pk, actor=actor, reason="because")):
        with pytest.raises(NotAllowed):
            answer(found.public_id, actor=viewer)
        with pytest.raises(NotVisible):
            answer(found.public_id, actor=stranger)
    for act in (switching.start, switching.pause, switching.stop):
        with pytest.raises(NotVisible):
            act(portfolio.public_id, actor=stranger, reason="because")
    assert not ChangeSet.objects.exists()
    found.refresh_from_db()
    assert found.proposal == Proposal.OPEN


def test_every_number_of_a_kept_explanation_is_stored_with_it(shop):
    found = look(make_portfolio(shop))
    kept = Explanation.objects.get(subject_id=str(found.public_id))
    assert kept.kind == "allocation"
    assert kept.portfolio_id == found.portfolio_id
    assert any(sentence["code"] == "flip" for sentence in kept.sentences)
    assert any(sentence["code"] == "counterfactual" for sentence in kept.sentences)


# --- after the answer -----------------------------------------------------------------------------------


def carried_out(change_set, shop, *, but=()):
    """Approved, and ended as the ledger ends rows: applied, some refused by the platform."""
    changes.authorise(
        change_set.public_id,
        approval_id="test",
        approved_hash=change_set.content_hash,
        actor=person(shop.world.organization, "owner")[1],
    )
    for row in Change.objects.filter(change_set=change_set).select_related("budget"):
        refused = row.budget.name in but
        Change.objects.filter(pk=row.pk).update(state="refused" if refused else "noop")
        if not refused:
            Budget.objects.filter(pk=row.budget_id).update(amount_micros=row.target_micros)
    outbox.publish(
        ChangeSetFinished(
            organization_id=shop.world.organization.pk,
            change_set_id=str(change_set.public_id),
            client_id=str(shop.world.client.public_id),
            state="failed" if but else "applied",
        )
    )
    outbox.drain()


def test_an_applied_split_is_remembered_and_its_arms_rest(shop):
    portfolio = make_portfolio(shop)
    found = look(portfolio)
    moved = {name for name, step in steps(found).items() if step}
    carried_out(moves.accept(found.public_id, actor=shop.world.admin), shop)
    found.refresh_from_db()
    portfolio.refresh_from_db()
    assert found.applied_at is not None
    assert portfolio.controller_state["last_move"]["on"] == clock.today("Europe/Berlin").isoformat()
    assert {arm.label for arm in portfolio.arms.exclude(last_moved_at=None)} == moved
    ahead(days=1)
    tell_history(shop, days=61)
    again = look(portfolio)
    assert all(steps(again).get(name, 0) == 0 for name in moved)


def test_a_split_that_was_applied_in_part_is_not_judged_as_a_move(shop):
    portfolio = make_portfolio(shop)
    found = look(portfolio)
    carried_out(moves.accept(found.public_id, actor=shop.world.admin), shop, but={"Full"})
    found.refresh_from_db()
    portfolio.refresh_from_db()
    assert found.applied_at is None
    assert not portfolio.controller_state.get("last_move")
    # The day's money is fixed: the next look brings the sum back to it.
    ahead(days=4)
    tell_history(shop, days=64)
    again = look(portfolio)
    assert again.now_micros > portfolio.daily_micros == again.new_micros


def test_a_split_taken_back_before_it_was_written_counts_as_declined(shop):
    portfolio = make_portfolio(shop)
    found = look(portfolio)
    change_set = moves.accept(found.public_id, actor=shop.world.admin)
    changes.withdraw(change_set.public_id, actor=shop.world.admin, reason="Not now")
    outbox.drain()
    found.refresh_from_db()
    assert found.proposal == Proposal.DECLINED
    assert look(portfolio).decision == Decision.HOLD


def test_what_a_move_did_is_written_down_once_its_week_has_matured(shop):
    portfolio = make_portfolio(shop)
    found = look(portfolio)
    carried_out(moves.accept(found.public_id, actor=shop.world.admin), shop)
    ahead(days=9)
    tell_history(shop, days=69)
    look(portfolio)
    assert not AllocationMove.objects.filter(look=found).filter(outcome__isnull=False).exists()
    ahead(days=3)
    tell_history(shop, days=72)
    look(portfolio)
    for move in AllocationMove.objects.filter(look=found):
        assert move.outcome["days"] == 7
        assert move.outcome["value_before"] > 0
        assert move.outcome["spend_after_micros"] > 0


def test_a_move_that_hurt_is_taken_back_exactly(shop):
    portfolio = make_portfolio(shop)
    found = look(portfolio)
    before = amounts()
    carried_out(moves.accept(found.public_id, actor=shop.world.admin), shop)
    assert amounts() != before
    ahead(days=12)
    # Since the move the arm that got more brings nothing, and the arm that gave up brings a lot.
    turned = {"Rich": (3.0, 5.0), "Fair": (150.0, 60.0), "Full": (900.0, 120.0)}
    tell_history(shop, days=11, curves=turned)
    again = look(portfolio)
    assert again.decision == Decision.ROLLBACK, again.reasons
    assert again.undoes == found
    assert {m.arm.label: m.new_micros for m in again.moves.select_related("arm")} == before
    assert Explanation.objects.get(subject_id=str(again.public_id)).kind == "rollback"
    carried_out(moves.accept(again.public_id, actor=shop.world.admin), shop)
    portfolio.refresh_from_db()
    assert amounts() == before
    assert portfolio.controller_state["last_move"] is None


@pytest.mark.parametrize("kind", ["excitation", "thompson"])
def test_exploring_stays_within_its_share_and_is_logged_with_its_propensity(kind):
    flat = {"One": (120.0, 60.0), "Two": (120.0, 60.0), "Three": (120.0, 60.0), "Four": (120.0, 60.0)}
    shop = make_shop(curves=flat)
    portfolio = make_portfolio(shop, exploration=kind, exploration_ratio=Decimal("0.05"))
    found = look(portfolio)
    assert found.decision == Decision.MOVE
    assert sum(steps(found).values()) == 0
    tried = list(Experiment.objects.filter(look=found))
    assert tried
    assert sum(abs(one.step_micros) for one in tried) / 2 <= 0.05 * 200 * EURO + 10_000
    assert all(0 < one.propensity <= 1 for one in tried)
    assert {one.state for one in tried} == {"proposed"}
    assert found.propensities
    carried_out(moves.accept(found.public_id, actor=shop.world.admin), shop)
    assert {one.state for one in Experiment.objects.all()} == {"running"}
    ahead(days=12)
    tell_history(shop, days=72, curves=flat)
    look(portfolio)
    for one in Experiment.objects.filter(look=found):
        assert one.state == "ended"
        assert one.used_micros == abs(one.step_micros) * 7
        assert one.learned["days_used"] > one.before["days_used"]


# --- with a plan ----------------------------------------------------------------------------------------


def test_under_a_plan_the_plan_sets_the_sum_and_the_portfolio_the_shares(shop):
    plan = make_plan(shop.world, list(shop.budgets.values()), per_day=200)
    portfolio = make_portfolio(shop, plan=plan)
    found = look(portfolio)
    assert found.decision == Decision.MOVE
    assert sum(move.new_micros for move in found.moves.all()) == sum(amounts().values())
    carried_out(moves.accept(found.public_id, actor=shop.world.admin), shop)
    shares = {name: micros / 150 / EURO for name, micros in amounts().items()}
    # The plan is behind and raises: in proportion, so the shares stay as the portfolio made them.
    Change.objects.filter(state="noop").update(finished_at=clock.now() - timedelta(days=3))
    ahead(days=1)
    tell_history(shop, days=61)
    runs.run_pass(plan_ids=[plan.pk], on_demand=True)
    raised = plan.recommendations.get(state="open")
    assert raised.new_micros > raised.now_micros
    for row in raised.rows:
        name = next(n for n, b in shop.budgets.items() if str(b.public_id) == row["budget_id"])
        assert row["new_micros"] / raised.new_micros == pytest.approx(shares[name], abs=0.001)
    # And the portfolio's next look starts from the plan's new sum.
    for row in raised.rows:
        Budget.objects.filter(public_id=row["budget_id"]).update(amount_micros=row["new_micros"])
    ahead(days=3)
    tell_history(shop, days=64)
    again = look(portfolio)
    assert again.now_micros == again.new_micros == raised.new_micros


def test_a_budget_that_left_the_plan_stops_the_portfolio_and_is_named(shop):
    plan = make_plan(shop.world, list(shop.budgets.values()))
    portfolio = make_portfolio(shop, plan=plan)
    plan.plan_budgets.filter(budget=shop.budgets["Full"]).delete()
    found = look(portfolio)
    assert found.decision == Decision.SKIP
    assert "“Full” is no longer in the plan" in found.reasons[0]["text"]


def test_a_fixed_amount_is_refused_where_a_plan_decides(shop):
    make_plan(shop.world, list(shop.budgets.values()), name="Spring")
    with pytest.raises(InvalidInput) as refused:
        make_portfolio(shop)
    assert "Spring" in refused.value.fields["daily"]
    assert not Portfolio.objects.exists()


def test_a_plan_that_comes_later_stops_a_fixed_amount_from_deciding_too(shop):
    portfolio = make_portfolio(shop)
    make_plan(shop.world, list(shop.budgets.values()), name="Spring")
    found = look(portfolio)
    assert found.decision == Decision.SKIP
    assert "Spring" in found.reasons[0]["text"]


def test_a_fixed_amount_is_reached_exactly_even_when_it_is_not_what_the_arms_have(shop):
    portfolio = make_portfolio(shop, daily_micros=153_370_000)
    found = look(portfolio)
    assert sum(move.new_micros for move in found.moves.all()) == 153_370_000
    assert any(reason["code"] == "follows_budget" for reason in found.reasons)


# --- setting up, starting and stopping ------------------------------------------------------------------


def test_a_budget_is_in_one_running_portfolio_at_a_time(shop):
    first = make_portfolio(shop)
    with pytest.raises(InvalidInput) as refused:
        make_portfolio(shop, name="Second")
    assert "All shops" in refused.value.fields["budgets"]
    arm = first.arms.first()
    with pytest.raises(IntegrityError), transaction.atomic():
        ArmBudget.objects.create(
            organization=first.organization,
            client=first.client,
            arm=PortfolioArm.objects.create(
                organization=first.organization, client=first.client, portfolio=first, label="Again"
            ),
            budget=arm.budgets.first(),
        )
    switching.stop(first.public_id, actor=shop.world.admin, reason="Making another")
    second = make_portfolio(shop, name="Second")
    with pytest.raises(InvalidInput) as refused:
        switching.start(first.public_id, actor=shop.world.admin)
    assert "Second" in refused.value.fields["budgets"]
    first.refresh_from_db()
    assert first.state == State.STOPPED
    assert second.state == State.RUNNING


def test_a_paused_or_stopped_portfolio_is_not_looked_at_and_takes_its_proposal_back(shop):
    portfolio = make_portfolio(shop)
    found = look(portfolio)
    with pytest.raises(InvalidInput):
        switching.pause(portfolio.public_id, actor=shop.world.admin, reason="")
    switching.pause(portfolio.public_id, actor=shop.world.admin, reason="Holidays")
    found.refresh_from_db()
    assert found.proposal == Proposal.SUPERSEDED
    ahead(hours=2)
    assert looks.look_at_due().looked == 0
    assert looks.look_now(portfolio.pk) == 0
    switching.start(portfolio.public_id, actor=shop.world.admin)
    assert looks.look_at_due().looked == 1
    actions = list(
        AuditEntry.objects.filter(object_id=str(portfolio.public_id)).values_list("action", "reason")
    )
    assert ("pacing.portfolio.paused", "Holidays") in actions
    assert Explanation.objects.get(kind="pause", portfolio=portfolio).numbers == {"reason": "Holidays"}
    assert ("pacing.portfolio.started", "") in actions


def test_archiving_a_client_pauses_its_portfolios(shop):
    from lane.accounts.services import clients

    portfolio = make_portfolio(shop)
    clients.archive(shop.world.client.public_id, actor=shop.world.admin, reason="Left us")
    outbox.drain()
    portfolio.refresh_from_db()
    assert portfolio.state == State.PAUSED
    assert "archived" in portfolio.state_reason


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ({"name": " "}, "name"),
        ({"daily_micros": 0}, "daily"),
        ({"daily_micros": 100_000_001}, "daily"),
        ({"look_every_minutes": 5}, "look_every_minutes"),
        ({"step_ratio": Decimal("0.6")}, "step_ratio"),
        ({"blend_ratio": Decimal("1.1")}, "blend_ratio"),
        ({"exploration": "thompson", "exploration_ratio": Decimal("0.06")}, "exploration_ratio"),
        ({"exploration_ratio": Decimal("0.01")}, "exploration_ratio"),
        ({"roas_floor": Decimal(2), "goal": "conversions"}, "roas_floor"),
        ({"min_days_between_moves": 61}, "min_days_between_moves"),
        ({"mode": "yolo"}, "mode"),
    ],
)
def test_terms_that_cannot_work_are_refused_by_name_and_nothing_is_made(shop, terms, field):
    with pytest.raises(InvalidInput) as refused:
        make_portfolio(shop, **terms)
    assert field in refused.value.fields
    assert not Portfolio.objects.exists()
    assert not ArmBudget.objects.exists()


def test_arms_of_other_clients_currencies_or_kinds_are_refused(shop):
    foreign = make_budget(make_world())
    pounds = make_budget(shop.world)
    Budget.objects.filter(pk=pounds.pk).update(currency="GBP")
    lifetime = make_budget(shop.world, kind=Budget.Kind.LIFETIME)
    fine = ArmTerms("Rich", (shop.budgets["Rich"],))
    for wrong in (foreign, Budget.objects.select_related("ad_account").get(pk=pounds.pk), lifetime):
        with pytest.raises(InvalidInput) as refused:
            make_portfolio(shop, arms=[fine, ArmTerms("Other", (wrong,))], daily_micros=100 * EURO)
        assert "budgets" in refused.value.fields
    with pytest.raises(InvalidInput):
        make_portfolio(shop, arms=[fine])
    assert not Portfolio.objects.exists()


def test_editing_an_older_version_is_refused_and_changes_nothing(shop):
    portfolio = make_portfolio(shop)
    setup.edit(portfolio.public_id, actor=shop.world.admin, expected_version=1, name="Shops of 2027")
    with pytest.raises(OutOfDate):
        setup.edit(portfolio.public_id, actor=shop.world.admin, expected_version=1, name="Older")
    portfolio.refresh_from_db()
    assert (portfolio.name, portfolio.version) == ("Shops of 2027", 2)


def test_arms_are_changed_all_or_none(shop):
    portfolio = make_portfolio(shop)
    first, second = portfolio.arms.order_by("pk")[:2]
    with pytest.raises(InvalidInput) as refused:
        arms.change(
            portfolio.public_id,
            {
                str(first.public_id): {"locked": True},
                str(second.public_id): {"floor_micros": 60 * EURO, "cap_micros": 50 * EURO},
            },
            actor=shop.world.admin,
        )
    assert f"{second.public_id}.cap" in refused.value.fields
    first.refresh_from_db()
    assert not first.locked


def test_an_arm_of_several_budgets_shares_its_amount_out_exactly(shop):
    portfolio = make_portfolio(
        shop,
        arms=[
            ArmTerms("Both", (shop.budgets["Rich"], shop.budgets["Fair"]), kind="platform_channel"),
            ArmTerms("Full", (shop.budgets["Full"],)),
        ],
        daily_micros=153_370_000,
    )
    found = look(portfolio)
    assert found.decision == Decision.MOVE, found.reasons
    for move in found.moves.all():
        assert sum(row["new_micros"] for row in move.rows) == move.new_micros
        assert all(row["new_micros"] % 10_000 == 0 for row in move.rows)


def test_arms_come_and_go_and_their_budgets_with_them(shop):
    portfolio = make_portfolio(
        shop,
        arms=[ArmTerms(name, (shop.budgets[name],)) for name in ("Rich", "Fair")],
        daily_micros=100 * EURO,
    )
    added = arms.add(portfolio.public_id, ArmTerms("Full", (shop.budgets["Full"],)), actor=shop.world.admin)
    arms.remove(portfolio.public_id, added.public_id, actor=shop.world.admin)
    assert not ArmBudget.objects.filter(budget=shop.budgets["Full"], holds=True).exists()
    with pytest.raises(InvalidInput):
        arms.remove(portfolio.public_id, portfolio.arms.first().public_id, actor=shop.world.admin)
