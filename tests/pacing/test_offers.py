"""Ways out of a shortfall: their figures, what taking one asks for, and what every refusal leaves untouched."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.urls import reverse

from campaigns.models import AdCampaign, Budget, Change, ChangeSet
from campaigns.platforms import hindrances
from campaigns.sync import budget_history
from lane.audit.models import AuditEntry
from lane.core import clock
from lane.core.errors import InvalidInput, NotAllowed, NotVisible, OutOfDate
from pacing.models import BudgetPlan, Explanation, Offer, PlanAmendment, Shortfall
from pacing.services import plans, runs, taken_offers
from tests.api.callers import Caller
from tests.campaigns.world import make_budget, make_world, person
from tests.pacing.pages_world import make_pages
from tests.pacing.world import MICROS, make_plan, tell_spend

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    clock.forget()
    return make_world()


def short_plan(world, *, sibling=True, **values):
    """A plan that finds demand for a third of its money, and one that spends exactly as planned."""
    budget = make_budget(world, amount=60 * MICROS)
    tell_spend(world, budget, per_day=20)
    if sibling:
        other = make_budget(world, amount=100 * MICROS)
        tell_spend(world, other, per_day=100)
        make_plan(world, [other], per_day=100, day=16, name="Sibling", strategy="linear")
    budget_history.backfill(world.account, [])
    plan = make_plan(world, [budget], per_day=60, day=16, **values)
    runs.run_pass()
    return budget, plan


def offer_of(plan, kind):
    return Shortfall.objects.get(plan=plan, resolved_at=None).offers.get(kind=kind, state="open")


def plan_named(name):
    return BudgetPlan.objects.get(name=name)


def nothing_happened(plan, offer, before):
    plan.refresh_from_db()
    offer.refresh_from_db()
    return (
        (plan.amount_micros, plan.ends_on, offer.state, AuditEntry.objects.count()) == before
        and PlanAmendment.objects.count() == 0
        and ChangeSet.objects.count() == 0
        and Explanation.objects.filter(kind="offer").count() == 0
    )


def state_of(plan, offer):
    return (plan.amount_micros, plan.ends_on, offer.state, AuditEntry.objects.count())


# --- figures ----------------------------------------------------------------------------------------------


def test_money_is_offered_to_a_sibling_that_has_room_within_that_room(world):
    _, plan = short_plan(world)
    offer, sibling = offer_of(plan, "move"), plan_named("Sibling")
    shortfall = offer.shortfall
    moved = offer.terms["moved_micros"]
    assert offer.to_plan == sibling
    assert 0 < moved <= shortfall.gap_micros
    assert offer.terms["to_amount_micros"] == sibling.amount_micros + moved
    assert offer.terms["amount_micros"] == plan.amount_micros - moved
    assert offer.numbers["to_end_micros"] == sibling.amount_micros + moved


@pytest.mark.parametrize("what", ["another client", "another currency", "itself short", "paused"])
def test_who_has_no_room_is_not_asked(world, what):
    _, plan = short_plan(world)
    sibling = plan_named("Sibling")
    if what == "another client":
        other = make_world()
        BudgetPlan.objects.filter(pk=sibling.pk).update(client=other.client, organization=other.organization)
    elif what == "another currency":
        budget = sibling.budgets.get()
        plans.archive(sibling.public_id, actor=world.admin)
        Budget.objects.filter(pk=budget.pk).update(currency="USD")
        budget.refresh_from_db()
        sibling = make_plan(world, [budget], per_day=100, day=16, name="Dollars", strategy="linear")
    elif what == "paused":
        BudgetPlan.objects.filter(pk=sibling.pk).update(status="paused")
    else:
        tell_spend(world, sibling.budgets.get(), per_day=20)
    runs.run_pass(plan_ids=[sibling.pk, plan.pk], on_demand=True)
    assert not Offer.objects.filter(plan=plan, kind="move", state="open").exists()


def test_an_extension_ends_on_the_first_day_on_which_the_rest_is_spent(world):
    _, plan = short_plan(world, sibling=False)
    offer = offer_of(plan, "extend")
    numbers = offer.numbers
    days = numbers["extra_days"]
    assert offer.terms["ends_on"] == (plan.ends_on + timedelta(days=days)).isoformat()
    assert days * numbers["rate_micros"] >= numbers["rest_micros"] > (days - 1) * numbers["rate_micros"]
    assert offer.expected_end_micros == plan.amount_micros


def test_a_flight_is_not_extended_into_another_plan_of_the_same_budget(world):
    budget, plan = short_plan(world, sibling=False)
    starts = plan.ends_on + timedelta(days=3)
    make_plan(world, [budget], per_day=10, day=(clock.today(plan.timezone) - starts).days + 1, name="Next")
    runs.run_pass(plan_ids=[plan.pk], on_demand=True)
    assert not Offer.objects.filter(plan=plan, kind="extend", state="open").exists()


def limited_by_bid(budget, **bid):
    told = {"code": hindrances.LIMITED_BY_BID, "words": hindrances.WORDS[hindrances.LIMITED_BY_BID]}
    AdCampaign.objects.filter(budget=budget).update(
        hindrances=[{**told, "raw": "", "since": clock.now().isoformat()}], **bid
    )


def test_a_bid_is_offered_where_the_platform_says_it_limits_and_lets_lane_set_it(world):
    budget, plan = short_plan(world, sibling=False)
    limited_by_bid(budget, bid_kind="target_cpa", bid_micros=20 * MICROS)
    runs.run_pass(plan_ids=[plan.pk], on_demand=True)
    offer = offer_of(plan, "bids")
    assert (offer.numbers["now_micros"], offer.terms["target"]) == (20 * MICROS, 22 * MICROS)
    assert Shortfall.objects.get(plan=plan).cause == "limited"


@pytest.mark.parametrize("bid", [{}, {"bid_kind": "bid_cap", "bid_micros": 20 * MICROS}])
def test_no_bid_is_offered_that_lane_cannot_set(world, bid):
    budget, plan = short_plan(world, sibling=False)
    limited_by_bid(budget, **bid)
    runs.run_pass(plan_ids=[plan.pk], on_demand=True)
    assert not Offer.objects.filter(plan=plan, kind="bids", state="open").exists()


# --- taking one -------------------------------------------------------------------------------------------


def test_moving_money_makes_two_amendments_and_keeps_the_sum(world):
    _, plan = short_plan(world)
    offer, sibling = offer_of(plan, "move"), plan_named("Sibling")
    before = plan.amount_micros + sibling.amount_micros
    taken_offers.take(offer.public_id, actor=world.admin, reason="Client agreed by phone")
    made = {one.plan_id: one.new_amount_micros for one in PlanAmendment.objects.all()}
    assert made == {plan.pk: offer.terms["amount_micros"], sibling.pk: offer.terms["to_amount_micros"]}
    assert sum(made.values()) == before
    offer.refresh_from_db()
    assert (offer.state, offer.taken_label) == ("taken", world.admin.label)
    found = Explanation.objects.get(kind="offer")
    assert offer.text in found.texts
    assert AuditEntry.objects.filter(action="pacing.offer.taken").count() == 1


def test_extending_asks_for_an_amendment_of_the_last_day(world):
    _, plan = short_plan(world, sibling=False)
    offer = offer_of(plan, "extend")
    taken_offers.take(offer.public_id, actor=world.admin, reason="Run it longer")
    made = PlanAmendment.objects.get()
    assert (made.new_ends_on.isoformat(), made.new_amount_micros) == (
        offer.terms["ends_on"],
        plan.amount_micros,
    )


def test_an_editors_choice_waits_for_approval(world):
    _, plan = short_plan(world, sibling=False)
    editor = person(world.organization, "editor")[1]
    before = plan.ends_on
    taken_offers.take(offer_of(plan, "extend").public_id, actor=editor, reason="Run it longer")
    plan.refresh_from_db()
    assert (PlanAmendment.objects.get().state, plan.ends_on) == ("proposed", before)


def test_a_bid_is_proposed_as_a_change_set_and_nothing_is_written(world):
    budget, plan = short_plan(world, sibling=False)
    limited_by_bid(budget, bid_kind="target_cpa", bid_micros=20 * MICROS)
    runs.run_pass(plan_ids=[plan.pk], on_demand=True)
    offer = taken_offers.take(
        offer_of(plan, "bids").public_id, actor=world.admin, reason="It is limited by its target"
    )
    change = Change.objects.get()
    assert (change.state, change.base_micros, change.target_micros) == ("proposed", 20 * MICROS, 22 * MICROS)
    assert offer.change_set == change.change_set


# --- refusals change nothing ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["move", "extend", "accept"])
def test_a_reason_is_asked_for(world, kind):
    _, plan = short_plan(world)
    offer = offer_of(plan, kind)
    before = state_of(plan, offer)
    with pytest.raises(InvalidInput) as refused:
        taken_offers.take(offer.public_id, actor=world.admin, reason=" ")
    assert "reason" in refused.value.fields
    assert nothing_happened(plan, offer, before)


@pytest.mark.parametrize("kind", ["move", "extend", "accept"])
def test_a_viewer_takes_nothing(world, kind):
    _, plan = short_plan(world)
    offer = offer_of(plan, kind)
    before = state_of(plan, offer)
    with pytest.raises(NotAllowed):
        taken_offers.take(offer.public_id, actor=person(world.organization, "viewer")[1], reason="I want to")
    assert nothing_happened(plan, offer, before)


@pytest.mark.parametrize("kind", ["move", "extend", "accept"])
def test_a_stranger_finds_nothing(world, kind):
    _, plan = short_plan(world)
    offer = offer_of(plan, kind)
    before = state_of(plan, offer)
    stranger = make_world()
    with pytest.raises(NotVisible):
        taken_offers.take(offer.public_id, actor=stranger.admin, reason="Not mine")
    assert nothing_happened(plan, offer, before)


def test_figures_that_moved_are_read_again_before_they_are_taken(world):
    budget, plan = short_plan(world, sibling=False)
    offer = offer_of(plan, "extend")
    read = offer.text
    tell_spend(world, budget, per_day=15)
    runs.run_pass(plan_ids=[plan.pk], on_demand=True)
    offer.refresh_from_db()
    before = state_of(plan, offer)
    with pytest.raises(OutOfDate, match="changed since you read"):
        taken_offers.take(offer.public_id, actor=world.admin, reason="Run longer", expected_text=read)
    assert nothing_happened(plan, offer, before)


def test_an_offer_of_an_ended_shortfall_is_out_of_date(world):
    budget, plan = short_plan(world, sibling=False, amount_micros=900 * MICROS)
    if not Shortfall.objects.filter(plan=plan).exists():
        pytest.fail("the plan should be short")
    offer = offer_of(plan, "accept")
    tell_spend(world, budget, per_day=60)
    runs.run_pass(plan_ids=[plan.pk], on_demand=True)
    assert Shortfall.objects.get(plan=plan).resolved_at is not None
    with pytest.raises(OutOfDate):
        taken_offers.take(offer.public_id, actor=world.admin, reason="Too late")


def test_a_move_is_refused_whole_when_the_other_plan_changed(world):
    _, plan = short_plan(world)
    offer, sibling = offer_of(plan, "move"), plan_named("Sibling")
    Offer.objects.filter(pk=offer.pk).update(
        terms=offer.terms | {"to_amount_micros": sibling.amount_micros + 1}
    )
    offer.refresh_from_db()
    before = state_of(plan, offer)
    with pytest.raises(OutOfDate):
        taken_offers.take(offer.public_id, actor=world.admin, reason="Move it")
    assert nothing_happened(plan, offer, before)


def test_an_offer_is_taken_once(world):
    _, plan = short_plan(world)
    offer = offer_of(plan, "accept")
    taken_offers.take(offer.public_id, actor=world.admin, reason="Known")
    with pytest.raises(OutOfDate):
        taken_offers.take(offer.public_id, actor=world.admin, reason="Known")


# --- the page and the API ---------------------------------------------------------------------------------


@pytest.fixture
def pages():
    clock.forget()
    return make_pages()


def text(answer):
    return " ".join(answer.content.decode().split())


def test_the_plan_says_why_and_offers_forms(pages):
    _, plan = short_plan(pages.world)
    page = text(pages.browser().get(reverse("plan-detail", args=[plan.public_id])))
    for shown in (
        "Cannot spend it all",
        "Can be spent",
        "Move money to another plan",
        "Extend the flight",
        "Why",
    ):
        assert shown in page, shown
    for offer in Offer.objects.filter(plan=plan, state="open"):
        assert reverse("offer-take", args=[offer.public_id]) in page
    quiet = text(pages.browser(pages.viewer).get(reverse("plan-detail", args=[plan.public_id])))
    assert "Cannot spend it all" in quiet and "Ask for it" not in quiet


def test_a_form_without_a_reason_keeps_what_was_typed(pages):
    _, plan = short_plan(pages.world)
    offer = offer_of(plan, "accept")
    answer = pages.browser().post(reverse("offer-take", args=[offer.public_id]), {"reason": "x"})
    assert answer.status_code == 422
    assert 'value="x"' in text(answer) and "Say why in a few words" in text(answer)
    assert offer_of(plan, "accept").state == "open"


def test_accepting_on_the_page_is_kept_with_a_name(pages):
    _, plan = short_plan(pages.world)
    offer = offer_of(plan, "accept")
    page = pages.browser().post(
        reverse("offer-take", args=[offer.public_id]), {"reason": "Known", "text": offer.text}, follow=True
    )
    assert "Shortfall accepted" in text(page) and str(pages.editor) in text(page)


def test_an_offer_is_only_for_those_who_see_it(pages):
    _, plan = short_plan(pages.world)
    offer = offer_of(plan, "accept")
    address = reverse("offer-take", args=[offer.public_id])
    stranger = person(make_world().organization, "owner")[0]
    assert pages.browser(stranger).post(address, {"reason": "Known"}).status_code == 404
    assert pages.browser(pages.viewer).post(address, {"reason": "Known"}).status_code == 403
    assert pages.browser().get(address).status_code == 405
    assert pages.browser().post(reverse("offer-take", args=[uuid.uuid4()])).status_code == 404
    assert offer_of(plan, "accept").state == "open"


def test_the_api_lists_shortfalls_and_takes_offers(world):
    _, plan = short_plan(world)
    api = Caller(world.user)
    row = api.get("shortfalls/", plan=plan.public_id, open="true").json()["results"][0]
    shortfall = Shortfall.objects.get(plan=plan)
    assert row["achievable"]["amount_micros"] == shortfall.achievable_micros
    assert {offer["kind"] for offer in row["offers"]} == {"move", "extend", "accept"}
    accept = next(offer for offer in row["offers"] if offer["kind"] == "accept")
    assert api.post(f"offers/{accept['id']}/take/", {"reason": ""}).status_code == 422
    taken = api.post(f"offers/{accept['id']}/take/", {"reason": "Known", "text": accept["text"]})
    assert (taken.status_code, taken.json()["state"]) == (200, "taken")
    assert api.post(f"offers/{accept['id']}/take/", {"reason": "Known"}).status_code == 409
    stranger = Caller(make_world().user)
    assert stranger.get(f"offers/{accept['id']}/").status_code == 404
    assert stranger.get("shortfalls/").json()["results"] == []
