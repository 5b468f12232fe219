"""Each way a platform can fail ends in the right error, and a write is never told to have failed when it
may have landed."""

from __future__ import annotations

from threading import Event

import pytest

from campaigns.platforms.errors import (
    Ambiguous,
    AuthError,
    Conflict,
    Invalid,
    RateLimited,
    Transient,
)
from campaigns.platforms.records import Grain, Level, Money, Platform, SetBudget
from tests.platforms.conftest import Connected, Control
from tests.platforms.test_contract import Scene, scene_of, spend


@pytest.fixture
def scene(connected: Connected, control: Control) -> Scene:
    return scene_of(connected, control)


@pytest.fixture
def google_scene(google: Connected, control: Control) -> Scene:
    return scene_of(google, control)


@pytest.fixture
def meta_scene(meta: Connected, control: Control) -> Scene:
    return scene_of(meta, control)


def effective(scene: Scene) -> int:
    return len([entry for entry in scene.control.journal() if entry["effective"]])


def test_a_limit_on_calls_tells_how_long_to_wait(scene: Scene) -> None:
    budget = scene.budget()
    scene.control.fault(scene.connected.platform, "rate_limit", retry_after=120)
    with pytest.raises(RateLimited) as limited:
        scene.connector.list_accounts()
    assert limited.value.retry_after == pytest.approx(120, abs=60)
    with pytest.raises(RateLimited):
        scene.connector.apply(scene.account, scene.raised(budget))
    assert effective(scene) == 0


def test_a_failing_platform_is_transient_to_read_and_ambiguous_to_write(scene: Scene) -> None:
    budget = scene.budget()
    scene.control.fault(scene.connected.platform, "transient")
    with pytest.raises(Transient):
        scene.connector.list_entities(scene.account, Level.CAMPAIGN)
    with pytest.raises(Ambiguous):
        scene.connector.apply(scene.account, scene.raised(budget))


@pytest.mark.parametrize(("effect", "landed"), [("drop_after_commit", True), ("drop_before_commit", False)])
def test_a_lost_answer_is_ambiguous_and_the_read_back_tells(scene: Scene, effect: str, landed: bool) -> None:
    budget = scene.budget()
    change = scene.raised(budget)
    scene.control.fault(scene.connected.platform, effect, times=1)
    with pytest.raises(Ambiguous):
        scene.connector.apply(scene.account, change)
    assert effective(scene) == int(landed)
    assert scene.amount(budget.ref) == (change.target if landed else budget.budget)


def test_a_success_that_changed_nothing_shows_in_the_read_back(scene: Scene) -> None:
    budget = scene.budget()
    scene.control.fault(scene.connected.platform, "accept_but_ignore", times=1)
    scene.connector.apply(scene.account, scene.raised(budget))
    assert scene.amount(budget.ref) == budget.budget
    assert effective(scene) == 0


def test_a_platform_that_does_not_answer_in_time_is_given_up(scene: Scene) -> None:
    budget = scene.budget()
    hasty = scene.connected.connector(read_timeout=0.5, write_timeout=0.5)
    hasty.refresh_auth()
    hasty.list_accounts()
    scene.control.fault(scene.connected.platform, "slow", seconds=1)
    with pytest.raises(Transient):
        hasty.list_entities(scene.account, Level.CAMPAIGN)
    with pytest.raises(Ambiguous):
        hasty.apply(scene.account, scene.raised(budget))
    # Given up, and yet it lands: the reason why a lost answer is never a refusal.
    landed = Event()
    while not effective(scene):
        landed.wait(0.05)


def test_a_revoked_login_asks_to_connect_again(scene: Scene) -> None:
    budget = scene.budget()
    scene.control.fault(scene.connected.platform, "revoked_refresh")
    fresh = scene.connected.connector()
    for attempt in (
        fresh.refresh_auth,
        fresh.list_accounts,
        lambda: fresh.apply(scene.account, scene.raised(budget)),
    ):
        with pytest.raises(AuthError) as refused:
            attempt()
        assert refused.value.reauth_required
    assert effective(scene) == 0


def test_a_stale_access_token_is_renewed_once_at_google(google_scene: Scene) -> None:
    budget = google_scene.budget()
    google_scene.control.fault(Platform.GOOGLE_ADS, "expired_token", times=1)
    change = google_scene.raised(budget)
    google_scene.connector.apply(google_scene.account, change)
    assert effective(google_scene) == 1
    assert google_scene.amount(budget.ref) == change.target


def test_an_expired_token_asks_to_connect_again_at_meta(meta_scene: Scene) -> None:
    meta_scene.control.fault(Platform.META, "expired_token")
    with pytest.raises(AuthError) as refused:
        meta_scene.connector.list_accounts()
    assert refused.value.reauth_required


def test_rows_of_a_stream_that_broke_are_discarded(google_scene: Scene) -> None:
    google_scene.control.fault(Platform.GOOGLE_ADS, "mid_stream_abort", times=1)
    with pytest.raises(Transient):
        google_scene.connector.fetch_metrics(
            google_scene.account, Level.CAMPAIGN, Grain.DAY, google_scene.settled, google_scene.settled
        )


def test_one_refused_operation_of_a_mutate_is_told(google_scene: Scene) -> None:
    budget = google_scene.budget()
    google_scene.control.fault(Platform.GOOGLE_ADS, "partial_failure", index=0, times=1)
    with pytest.raises(Conflict):
        google_scene.connector.apply(google_scene.account, google_scene.raised(budget))
    assert google_scene.amount(budget.ref) == budget.budget


def test_an_html_page_is_no_success_at_meta(meta_scene: Scene) -> None:
    budget = meta_scene.budget()
    meta_scene.control.fault(Platform.META, "html_502")
    with pytest.raises(Transient):
        meta_scene.connector.list_entities(meta_scene.account, Level.CAMPAIGN)
    with pytest.raises(Ambiguous):
        meta_scene.connector.apply(meta_scene.account, meta_scene.raised(budget))


def test_an_empty_page_does_not_end_a_list_at_meta(meta_scene: Scene) -> None:
    paged = meta_scene.connected.connector(page_size=2, insights_page_size=7)
    day = meta_scene.settled

    def read() -> tuple[set[str], dict[object, int]]:
        campaigns = {
            record.ref.external_id for record in paged.list_entities(meta_scene.account, Level.CAMPAIGN)
        }
        facts = paged.fetch_metrics(meta_scene.account, Level.CAMPAIGN, Grain.HOUR, day, day)
        return campaigns, dict(spend(facts))

    before = read()
    meta_scene.control.fault(Platform.META, "empty_page")
    assert read() == before


def test_the_fifth_budget_change_in_an_hour_is_blocked_at_meta(meta_scene: Scene) -> None:
    budget = next(
        record
        for account in meta_scene.connector.list_accounts()
        for record in meta_scene.connector.list_entities(account, Level.BUDGET)
        if record.raw["carrier"] == "adset" and account.external_id == meta_scene.account.external_id
    )
    with pytest.raises(RateLimited) as limited:
        for step in range(1, 7):
            meta_scene.connector.apply(meta_scene.account, meta_scene.raised(budget, by=step * 1_000_000))
    assert limited.value.scope == "budget_changes"
    assert limited.value.retry_after
    assert effective(meta_scene) == 4


def test_google_has_no_figures_of_a_manager(google_scene: Scene) -> None:
    connector = google_scene.connector
    manager = next(account for account in connector.list_accounts() if account.is_manager)
    with pytest.raises(Invalid, match="manager account"):
        connector.fetch_metrics(
            manager, Level.CAMPAIGN, Grain.DAY, google_scene.settled, google_scene.settled
        )


def test_a_lifetime_amount_is_refused_for_a_daily_budget_at_google(google_scene: Scene) -> None:
    from campaigns.platforms.records import BudgetKind

    budget = google_scene.budget()
    change = SetBudget(budget.ref, BudgetKind.LIFETIME, Money(900_000_000, budget.budget.currency))
    with pytest.raises(Invalid, match="daily budget"):
        google_scene.connector.apply(google_scene.account, change)
