"""The approved-budget ledger: amendments through approval, entries that always add up, nothing lost."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import Sum

from approvals.models import ApprovalRequest
from approvals.selectors import may_decide
from approvals.services import decide, expiry, links
from campaigns.models import AdCampaign, Change
from lane.audit.models import AuditEntry
from lane.core import clock, outbox
from lane.core.actors import Actor, ActorKind
from lane.core.errors import InvalidInput, LaneError, NotAllowed, OutOfDate
from pacing.models import BudgetPlan, LedgerEntry, PlanAmendment
from pacing.selectors.ledger import explain, ledger_of
from pacing.services import amendment_effects, amendments, plans, runs
from tests.api.callers import hire
from tests.campaigns.world import make_budget, make_world
from tests.pacing.world import MICROS, make_plan, tell_spend

pytestmark = pytest.mark.django_db


class Desk:
    """A running plan of 1,500 with an editor who asks and an approver who decides."""

    def __init__(self, **values) -> None:
        self.world = make_world()
        self.budget = make_budget(self.world)
        self.plan = make_plan(self.world, [self.budget], **values)
        _, self.editor = hire(self.world, "editor")
        self.approver_user, self.approver = hire(self.world, "viewer", is_approver=True)

    def ask(self, amount: int | None = None, *, actor: Actor | None = None, **values) -> PlanAmendment:
        return amendments.propose(
            self.plan.public_id,
            actor=actor or self.editor,
            reason=values.pop("reason", "The client wants more"),
            amount_micros=None if amount is None else amount * MICROS,
            **values,
        )

    def request(self, amendment: PlanAmendment) -> ApprovalRequest:
        return ApprovalRequest.objects.get(subject_id=str(amendment.public_id), state="open")

    def decide(self, amendment: PlanAmendment, kind: str = "approve", **values) -> ApprovalRequest:
        request = self.request(amendment)
        return decide.decide(
            request.public_id,
            kind=kind,
            actor=values.pop("actor", self.approver),
            content_hash=request.content_hash,
            sign_in_age_seconds=10,
            **values,
        )

    def fresh(self) -> BudgetPlan:
        self.plan.refresh_from_db()
        return self.plan


def adds_up(plan: BudgetPlan) -> bool:
    plan.refresh_from_db()
    return plan.entries.aggregate(total=Sum("amount_micros"))["total"] == plan.amount_micros


def test_a_new_plan_begins_with_a_base_entry_of_whoever_made_it():
    desk = Desk()
    entry = LedgerEntry.objects.get()
    assert (entry.kind, entry.amount_micros, entry.via) == ("base", 1500 * MICROS, "direct")
    assert entry.asked_label == desk.world.admin.label
    assert (entry.approved_label, entry.approval_id) == ("", "")


def test_an_editors_raise_waits_for_approval_and_the_entry_says_who_said_yes():
    desk = Desk()
    amendment = desk.ask(1800)
    assert (amendment.state, desk.fresh().amount_micros) == ("proposed", 1500 * MICROS)
    request = desk.request(amendment)
    assert may_decide(request) == [desk.approver_user]
    desk.decide(amendment, amount_micros=1800 * MICROS)
    entry = LedgerEntry.objects.get(kind="amendment")
    assert (entry.amount_micros, entry.via, entry.approved_by_id) == (
        300 * MICROS,
        "login",
        desk.approver.user_id,
    )
    assert entry.approval_id == str(request.public_id)
    assert desk.fresh().amount_micros == 1800 * MICROS
    assert adds_up(desk.plan)
    assert AuditEntry.objects.filter(action="pacing.plan.amended", reason="The client wants more").exists()


def test_a_decision_by_emailed_link_names_the_link_in_the_ledger():
    desk = Desk()
    amendment = desk.ask(1600)
    request = desk.request(amendment)
    link, _token = links.issue(request, desk.approver_user)
    by_link = Actor(
        ActorKind.LINK,
        desk.plan.organization_id,
        desk.approver_user.pk,
        label=str(desk.approver_user),
        via="link",
    )
    desk.decide(amendment, amount_micros=1600 * MICROS, actor=by_link, link=link)
    entry = LedgerEntry.objects.get(kind="amendment")
    assert (entry.via, entry.link_id) == ("link", str(link.public_id))
    assert str(link.public_id)[:8] in ledger_of(desk.fresh()).lines[-1].how


def test_a_lower_amount_may_be_approved_and_the_entry_carries_it():
    desk = Desk()
    amendment = desk.ask(2000)
    with pytest.raises(InvalidInput):
        desk.decide(amendment, "approve_lower", amount_micros=1500 * MICROS)
    assert desk.fresh().amount_micros == 1500 * MICROS
    desk.decide(amendment, "approve_lower", amount_micros=1700 * MICROS)
    amendment.refresh_from_db()
    assert (amendment.approved_amount_micros, desk.fresh().amount_micros) == (1700 * MICROS, 1700 * MICROS)
    assert adds_up(desk.plan)


@pytest.mark.parametrize("end", ["declined", "withdrawn", "expired"])
def test_what_is_not_approved_changes_nothing(end):
    desk = Desk()
    amendment = desk.ask(1800)
    if end == "declined":
        desk.decide(amendment, "decline", comment="Not this month")
    elif end == "withdrawn":
        amendments.withdraw(amendment.public_id, actor=desk.editor)
    else:
        clock.set_offset(timedelta(hours=60))
        assert expiry.expire_due() == 1
    amendment.refresh_from_db()
    assert (amendment.state, desk.fresh().amount_micros) == (end, 1500 * MICROS)
    assert LedgerEntry.objects.count() == 1
    assert not ApprovalRequest.objects.filter(state="open").exists()


def test_nobody_approves_what_they_asked_for_or_revised():
    desk = Desk()
    _, asker = hire(desk.world, "editor", is_approver=True)
    _, reviser = hire(desk.world, "editor", is_approver=True)
    amendment = desk.ask(1800, actor=asker)
    amendment = amendments.revise(
        amendment.public_id, actor=reviser, expected_version=1, reason="A little less", amount_micros=1700 * MICROS,
        starts_on=desk.plan.starts_on, ends_on=desk.plan.ends_on, effective_on=amendment.effective_on,
    )  # fmt: skip
    for barred in (asker, reviser):
        with pytest.raises(NotAllowed):
            desk.decide(amendment, amount_micros=1700 * MICROS, actor=barred)
    assert desk.fresh().amount_micros == 1500 * MICROS
    desk.decide(amendment, amount_micros=1700 * MICROS)
    assert desk.fresh().amount_micros == 1700 * MICROS


def test_a_revised_amendment_voids_the_request_on_the_old_version():
    desk = Desk()
    amendment = desk.ask(1800)
    old = desk.request(amendment)
    amendments.revise(
        amendment.public_id, actor=desk.editor, expected_version=1, reason="A little less",
        amount_micros=1650 * MICROS, starts_on=desk.plan.starts_on, ends_on=desk.plan.ends_on,
        effective_on=amendment.effective_on,
    )  # fmt: skip
    old.refresh_from_db()
    assert old.state == "superseded"
    with pytest.raises(LaneError):
        decide.decide(
            old.public_id, kind="approve", actor=desk.approver, content_hash=old.content_hash,
            amount_micros=1800 * MICROS, sign_in_age_seconds=1,
        )  # fmt: skip
    assert desk.fresh().amount_micros == 1500 * MICROS


def test_an_admin_amends_directly_unless_the_plan_always_asks():
    desk = Desk()
    assert desk.ask(1800, actor=desk.world.admin).state == "approved"
    assert LedgerEntry.objects.get(kind="amendment").via == "direct"
    plans.edit(desk.plan.public_id, actor=desk.world.admin, amount_rule="approval")
    assert desk.ask(2000, actor=desk.world.admin).state == "proposed"
    assert desk.fresh().amount_micros == 1800 * MICROS


def test_the_approval_policy_lets_small_cuts_through_and_counts_them_over_the_day():
    desk = Desk(day=2)
    assert desk.ask(1420).state == "approved"  # 5.3 % lower, the default policy lets 10 % through
    assert LedgerEntry.objects.get(kind="amendment").via == "policy"
    second = desk.ask(1340)  # together 10.7 % on one day
    assert second.state == "proposed"
    assert desk.fresh().amount_micros == 1420 * MICROS


def test_an_edit_by_an_editor_saves_the_rest_and_asks_for_the_amount():
    desk = Desk()
    plan = plans.edit(
        desk.plan.public_id, actor=desk.editor, expected_version=1, name="Spring sale 2", amount_micros=1900 * MICROS,
        reason="More stock",
    )  # fmt: skip
    assert (plan.name, plan.amount_micros) == ("Spring sale 2", 1500 * MICROS)
    assert PlanAmendment.objects.get().new_amount_micros == 1900 * MICROS


def test_only_an_admin_chooses_who_may_change_the_amount():
    desk = Desk()
    with pytest.raises(InvalidInput) as refused:
        plans.edit(desk.plan.public_id, actor=desk.editor, amount_rule="open")
    assert "amount_rule" in refused.value.fields
    plans.edit(desk.plan.public_id, actor=desk.world.admin, amount_rule="open")
    assert desk.ask(1900).state == "approved"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"amount": 1500}, "amount"),
        ({"amount": 0}, "amount"),
        ({"amount": 400}, "amount"),
        ({"amount": 1800, "reason": "no"}, "reason"),
        ({"amount": 1800, "effective": -3}, "effective_on"),
        ({"amount": 1800, "effective": 300}, "effective_on"),
        ({"ends": -5}, "ends_on"),
        ({"ends": 500}, "ends_on"),
    ],
)
def test_what_makes_no_sense_is_refused_by_field_and_nobody_is_asked(values, field):
    desk = Desk()
    tell_spend(desk.world, desk.budget, per_day=50)  # 700 spent on the 15th day
    today = clock.today("Europe/Berlin")
    asked = {
        "effective_on": today + timedelta(days=values["effective"]) if "effective" in values else None,
        "ends_on": today + timedelta(days=values["ends"]) if "ends" in values else None,
    }
    before = (AuditEntry.objects.count(), ApprovalRequest.objects.count())
    with pytest.raises(InvalidInput) as refused:
        desk.ask(values.get("amount"), reason=values.get("reason", "The client wants it"), **asked)
    assert field in refused.value.fields
    assert PlanAmendment.objects.count() == 0
    assert (AuditEntry.objects.count(), ApprovalRequest.objects.count()) == before


def test_a_cut_below_what_is_spent_says_what_is_spent():
    desk = Desk()
    tell_spend(desk.world, desk.budget, per_day=50)
    with pytest.raises(InvalidInput) as refused:
        desk.ask(699)
    assert "€700.00 is spent already" in refused.value.fields["amount"]


def test_money_spent_while_an_amendment_waits_stops_it_from_being_approved():
    desk = Desk()
    amendment = desk.ask(600, actor=desk.editor)
    tell_spend(desk.world, desk.budget, per_day=50)
    with pytest.raises(OutOfDate) as refused:
        desk.decide(amendment, amount_micros=600 * MICROS)
    assert "spent already" in refused.value.message
    assert desk.fresh().amount_micros == 1500 * MICROS


def test_an_extension_moves_the_flight_and_its_budgets_and_keeps_the_amount():
    desk = Desk()
    longer = desk.plan.ends_on + timedelta(days=7)
    amendment = desk.ask(ends_on=longer)
    desk.decide(amendment, typed="APPROVE")
    plan = desk.fresh()
    assert (plan.ends_on, plan.plan_budgets.get().ends_on) == (longer, longer)
    assert LedgerEntry.objects.get(kind="amendment").amount_micros == 0
    assert adds_up(plan)


def test_an_extension_into_another_plans_days_is_refused():
    desk = Desk()
    make_plan(desk.world, [desk.budget], day=-20, name="June")
    with pytest.raises(InvalidInput) as refused:
        desk.ask(ends_on=desk.plan.ends_on + timedelta(days=30))
    assert "June" in refused.value.fields["ends_on"]


def test_an_approved_amendment_for_a_later_day_waits_for_that_day():
    desk = Desk()
    in_three_days = clock.today("Europe/Berlin") + timedelta(days=3)
    amendment = desk.ask(1800, effective_on=in_three_days)
    desk.decide(amendment, amount_micros=1800 * MICROS)
    assert desk.fresh().amount_micros == 1500 * MICROS
    assert amendment_effects.take_effect_due() == 0
    clock.set_offset(timedelta(days=3))
    assert amendment_effects.take_effect_due() == 1
    assert amendment_effects.take_effect_due() == 0
    entry = LedgerEntry.objects.get(kind="amendment")
    assert (entry.approved_by_id, entry.via, entry.effective_on) == (
        desk.approver.user_id,
        "login",
        in_three_days,
    )
    assert adds_up(desk.plan)


def test_an_amendment_whose_plan_moved_meanwhile_lapses_with_the_reason():
    desk = Desk()
    later = clock.today("Europe/Berlin") + timedelta(days=3)
    desk.decide(desk.ask(1800, effective_on=later), amount_micros=1800 * MICROS)
    plans.edit(desk.plan.public_id, actor=desk.world.admin, amount_micros=1550 * MICROS)
    clock.set_offset(timedelta(days=3))
    amendment_effects.take_effect_due()
    lapsed = PlanAmendment.objects.get(state="lapsed")
    assert "€1,550.00" in lapsed.outcome_reason
    assert desk.fresh().amount_micros == 1550 * MICROS


def test_a_reversal_brings_back_amount_and_dates_and_keeps_both_entries():
    desk = Desk()
    longer = desk.plan.ends_on + timedelta(days=5)
    desk.ask(1800, ends_on=longer, actor=desk.world.admin)
    entry = LedgerEntry.objects.get(kind="amendment")
    amendments.reverse(entry.public_id, actor=desk.world.admin, reason="Asked for the wrong client")
    back = LedgerEntry.objects.get(kind="reversal")
    assert (back.amount_micros, back.reverses_id) == (-300 * MICROS, entry.pk)
    assert (desk.fresh().amount_micros, desk.plan.ends_on) == (1500 * MICROS, longer - timedelta(days=5))
    with pytest.raises(OutOfDate):
        amendments.reverse(entry.public_id, actor=desk.world.admin, reason="Once more")
    assert adds_up(desk.plan)


def test_entries_can_be_neither_changed_nor_deleted():
    desk = Desk()
    entry = desk.plan.entries.get()
    for statement in (
        "UPDATE pacing_ledgerentry SET amount_micros = 1 WHERE id = %s",
        "DELETE FROM pacing_ledgerentry WHERE id = %s",
    ):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, [entry.pk])
    assert desk.plan.entries.get().amount_micros == 1500 * MICROS


@pytest.mark.django_db(transaction=True)
def test_the_database_refuses_an_amount_that_is_not_in_the_ledger():
    desk = Desk()
    with pytest.raises(IntegrityError, match="adds up"):
        BudgetPlan.objects.filter(pk=desk.plan.pk).update(amount_micros=1501 * MICROS)
    with pytest.raises(IntegrityError, match="adds up"), transaction.atomic():
        bare = BudgetPlan.objects.get(pk=desk.plan.pk)
        bare.pk, bare._state.adding = None, True
        bare.public_id = "8f14e45f-ceea-467f-9a0f-2f3a54b10a11"
        bare.save()
    assert desk.fresh().amount_micros == 1500 * MICROS


@pytest.mark.django_db(transaction=True)
def test_of_two_amendments_at_once_one_is_entered_and_the_other_is_told():
    desk = Desk()
    outcomes: list[str] = []
    ready = threading.Barrier(2)

    def amend(amount: int) -> None:
        try:
            ready.wait()
            plans.edit(
                desk.plan.public_id, actor=desk.world.admin, expected_version=1, amount_micros=amount * MICROS
            )
            outcomes.append("entered")
        except OutOfDate:
            outcomes.append("told")
        finally:
            connection.close()

    threads = [threading.Thread(target=amend, args=[amount]) for amount in (1600, 1700)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["entered", "told"]
    assert LedgerEntry.objects.filter(kind="amendment").count() == 1
    assert adds_up(desk.plan)


@pytest.mark.django_db(transaction=True)
def test_the_clients_limit_holds_when_two_plans_are_made_at_once():
    world = make_world()
    world.client.budget_limit_micros = 2000 * MICROS
    world.client.save()
    budgets = [make_budget(world), make_budget(world)]
    outcomes: list[str] = []
    ready = threading.Barrier(2)

    def create(place: int) -> None:
        try:
            ready.wait()
            make_plan(world, [budgets[place]], name=f"Plan {place}")
            outcomes.append("made")
        except InvalidInput:
            outcomes.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=create, args=[place]) for place in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["made", "refused"]
    assert BudgetPlan.objects.count() == 1


def test_after_a_raise_lane_proposes_to_resume_what_it_paused_at_the_target():
    desk = Desk(per_day=24, day=15)  # 720 in all, 700 spent and more today
    tell_spend(desk.world, desk.budget, per_day=51)
    runs.run_pass(plan_ids=[desk.plan.pk], on_demand=True)
    AdCampaign.objects.filter(budget=desk.budget).update(status="paused", paused_by_lane_at=clock.now())
    Change.objects.filter(state="approved").update(state="cancelled")
    plans.edit(desk.plan.public_id, actor=desk.world.admin, amount_micros=2000 * MICROS)
    outbox.drain()
    runs.run_pass(plan_ids=[desk.plan.pk], on_demand=True)
    assert desk.plan.recommendations.get(state="open").kind == "resume"


@pytest.mark.parametrize("figure", ["amount", "spent", "remaining", "needed_per_day", "projected_end"])
def test_every_figure_is_explained_by_parts_that_add_up_to_it(figure):
    desk = Desk()
    tell_spend(desk.world, desk.budget, per_day=47)
    runs.run_pass(plan_ids=[desk.plan.pk], on_demand=True)
    tell_spend(desk.world, desk.budget, per_day=48)  # restated after the look
    plans.edit(desk.plan.public_id, actor=desk.world.admin, amount_micros=1700 * MICROS)
    plan = desk.fresh()
    told = explain(plan, figure)
    assert told.micros is not None
    assert sum(part.micros for part in told.parts) == told.micros
    assert all(part.source for part in told.parts)
    shown = {
        "amount": plan.amount_micros,
        "spent": plan.snapshot.spent_micros,
        "remaining": plan.amount_micros - plan.snapshot.spent_micros,
        "needed_per_day": plan.snapshot.needed_per_day_micros,
        "projected_end": plan.snapshot.projected_p50_micros,
    }
    assert told.micros == shown[figure]


def test_a_figure_nobody_knows_is_unknown_with_the_reason_and_never_zero():
    desk = Desk()
    for figure in ("spent", "remaining", "needed_per_day", "projected_end"):
        told = explain(desk.plan, figure)
        assert told.micros is None
        assert told.unknown
