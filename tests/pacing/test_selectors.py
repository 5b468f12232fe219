"""The pacing table's order, pages, filters and totals; the proposals beside the plans."""

from __future__ import annotations

from datetime import timedelta

import pytest

from approvals.models import ApprovalRequest, RequestApprover
from campaigns.models import ChangeSet
from lane.accounts.models import Membership
from lane.core import clock
from lane.core.actors import Actor, ActorKind
from pacing.filters import read_cursor, table_query, write_cursor
from pacing.models import PlanHealth
from pacing.selectors import table as tables
from pacing.selectors.table import table
from tests.campaigns.world import make_world, person
from tests.pacing.pages_world import EURO, advise, another_client, look, make_pages, make_plan

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    clock.forget()
    return make_world()


def ask(world, actor=None, **params):
    return table(actor or world.admin, table_query({key: str(value) for key, value in params.items()}))


def names(found):
    return [row.plan.name for row in found.rows]


def test_the_most_money_at_risk_comes_first(world):
    for name, end in (("small", 15_000), ("large", 9_000), ("middle", 19_000)):
        health = "ahead" if end > 16_000 else "behind"
        look(make_plan(world, name=name), health, end=(end - 500, end, end + 500))
    look(make_plan(world, name="fine"))
    assert names(ask(world)) == ["large", "middle", "small", "fine"]


def test_keyset_pages_show_every_plan_exactly_once_in_every_order(world, monkeypatch):
    monkeypatch.setattr(tables, "PAGE", 3)
    budget_free = [make_plan(world, budgets=[], name=f"p{n:02}", amount=16_000 + n % 3) for n in range(8)]
    for number, plan in enumerate(budget_free):
        end = 15_000 - 1_000 * (number % 3)  # ties on purpose
        look(plan, "behind", end=(end - 1, end, end + 1))
    for sort in tables.SORTS:
        seen, cursor = [], ""
        for _ in range(4):
            found = ask(world, sort=sort, cursor=cursor)
            seen += names(found)
            cursor = write_cursor(found.after)
            if not cursor:
                break
        assert sorted(seen) == sorted(plan.name for plan in budget_free), sort


@pytest.mark.parametrize("text", ["", "x", "W10", "bnVsbA", "WyJhIiwgMV0", "W10=", "'; drop table"])
def test_a_cursor_nobody_wrote_is_the_first_page(text):
    assert read_cursor(text, "risk") is None


def test_a_cursor_of_another_order_or_too_large_is_the_first_page():
    assert read_cursor(write_cursor(("name", 3)), "risk") is None
    assert read_cursor(write_cursor((2**63, 3)), "risk") is None
    assert read_cursor(write_cursor((5, 3)), "risk") == (5, 3)


def test_filters_narrow_rows_and_totals_but_not_the_counts_of_views(world):
    other = another_client(world, "Other")
    look(make_plan(world, name="mine"), "behind", end=(13_000, 14_000, 15_000))
    look(make_plan(world, name="theirs", client=other), "cannot_spend", end=(9_000, 10_000, 11_000))
    found = ask(world, client=other.public_id)
    assert names(found) == ["theirs"]
    assert (found.totals[0].plans, found.totals[0].under_micros) == (1, -6_000 * EURO)
    assert found.counts == {"all": 2, "attention": 2, "cannot_spend": 1, "landing": 0}
    assert names(ask(world, status="behind")) == ["mine"]
    assert names(ask(world, q="THEI")) == ["theirs"]
    assert names(ask(world, platform="meta")) == []
    assert names(ask(world, owner="me")) == []
    assert names(ask(world, view="cannot_spend")) == ["theirs"]


def test_landing_this_week_is_what_ends_within_seven_days(world):
    look(make_plan(world, name="soon", day=28, days=31))
    look(make_plan(world, name="later", day=2, days=31))
    assert names(ask(world, view="landing")) == ["soon"]


def test_a_plan_nobody_looked_at_yet_is_shown_without_numbers(world):
    look(make_plan(world, name="seen"))
    make_plan(world, name="new")
    row = ask(world).rows[0]
    assert (row.plan.name, row.health, row.reason) == ("new", PlanHealth.UNKNOWN, "Not looked at yet")
    assert (row.end, row.miss_micros) == ((None, None, None), None)


def test_a_plan_a_person_paused_is_silent_and_no_risk(world):
    plan = make_plan(world, name="paused", status="paused", paused_reason="Lena: no stock")
    look(plan, "behind", end=(9_000, 10_000, 11_000))
    found = ask(world)
    row = found.rows[0]
    assert (row.health, row.reason, row.miss_micros) == ("paused", "Lena: no stock", None)
    assert (found.totals[0].under_plans, found.counts["attention"]) == (0, 0)
    assert names(ask(world, status="paused")) == ["paused"]
    assert names(ask(world, status="behind")) == []


def test_ended_and_archived_plans_are_only_shown_when_asked_for(world):
    look(make_plan(world, name="over", status="ended"), "ended")
    look(make_plan(world, name="away", status="archived"), "ended")
    assert names(ask(world)) == []
    assert names(ask(world, status="ended")) == ["over"]
    assert names(ask(world, status="archived")) == ["away"]


def test_currencies_are_never_added_up(world):
    look(make_plan(world, amount=40_000))
    for _ in range(2):
        look(make_plan(world, amount=15_000, currency="GBP"), end=(14_000, 15_000, 16_000))
    totals = ask(world).totals  # most plans first: amounts of two currencies cannot be compared
    assert [(total.currency, total.budget_micros) for total in totals] == [
        ("GBP", 30_000 * EURO),
        ("EUR", 40_000 * EURO),
    ]


def test_a_band_of_many_plans_is_narrower_than_the_sum_of_their_bands(world):
    for _ in range(4):
        look(make_plan(world), end=(15_000, 16_000, 17_000))
    total = ask(world).totals[0]
    assert (total.p10_micros, total.p50_micros, total.p90_micros) == (
        62_000 * EURO,
        64_000 * EURO,
        66_000 * EURO,
    )


def test_somebody_with_one_client_sees_only_its_plans(world):
    other = another_client(world, "Other")
    look(make_plan(world, name="mine"))
    look(make_plan(world, name="theirs", client=other))
    _, guest = person(world.organization, "viewer", client=other)
    found = ask(world, guest)
    assert names(found) == ["theirs"]
    assert (found.counts["all"], found.totals[0].plans) == (1, 1)


def test_another_organization_sees_nothing(world):
    look(make_plan(world))
    assert names(ask(world, make_world().admin)) == []


def decided(pages, user, *, state, **values):
    """A recommendation that became a change set, with a request that asks ``user``."""
    plan = make_plan(pages.world)
    look(plan, "behind", end=(13_000, 14_000, 15_000))
    change_set = ChangeSet.objects.create(
        organization=pages.world.organization, client=plan.client, title="Raise", reason="Behind",
        state=state, content_hash="a" * 64, origin="recommendation", proposed_by_kind="person",
        proposed_by_label="Lena", expires_at=clock.now() + timedelta(days=1), authorised_at=clock.now(),
    )  # fmt: skip
    advise(plan, state="accepted", change_set=change_set, decided_at=clock.now(), **values)
    request = ApprovalRequest.objects.create(
        organization=pages.world.organization, client=plan.client, subject_type="campaigns.change_set",
        subject_id=str(change_set.public_id), title="Raise", diff={}, content_hash="a" * 64,
        state="open" if state == "proposed" else "approved", requested_by_label="Lena",
        due_at=clock.now() + timedelta(hours=5),
    )  # fmt: skip
    RequestApprover.objects.create(request=request, user=user, asked_at=clock.now())
    return plan


def actor_of(user):
    membership = Membership.objects.get(user=user)
    return Actor(ActorKind.PERSON, membership.organization_id, user.pk, label=str(user))


def test_a_request_says_whose_turn_it_is():
    pages = make_pages()
    decided(pages, pages.editor, state="proposed")
    mine = ask(pages.world, actor_of(pages.editor))
    assert (mine.rows[0].proposal.words, mine.rows[0].proposal.review) == ("You", "request")
    assert mine.waiting.count == 1
    other = ask(pages.world, actor_of(pages.viewer))
    assert (other.rows[0].proposal.words, other.rows[0].proposal.review) == (str(pages.editor), "")
    assert other.waiting.count == 0


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("approved", "Approved, being written"),
        ("applied", "Applied, read back"),
        ("failed", "Not fully applied"),
        ("declined", "Declined"),
    ],
)
def test_what_became_of_a_proposal_stays_beside_the_plan_for_a_day(state, words):
    pages = make_pages()
    decided(pages, pages.editor, state=state)
    assert ask(pages.world).rows[0].proposal.words == words


def test_old_news_leaves_the_table():
    pages = make_pages()
    plan = decided(pages, pages.editor, state="applied")
    plan.recommendations.update(decided_at=clock.now() - timedelta(hours=25))
    assert ask(pages.world).rows[0].proposal.kind == ""


def test_an_expired_recommendation_is_not_offered(world):
    plan = make_plan(world)
    look(plan, "behind", end=(13_000, 14_000, 15_000))
    advise(plan, expires_at=clock.now() - timedelta(minutes=1))
    assert ask(world).rows[0].proposal.review == ""
