"""Queries are taken apart, or refused with the code that Google uses."""

from __future__ import annotations

from datetime import date

import pytest

from campaigns.sandbox.dialects.google_ads import gaql, reads, schema
from campaigns.sandbox.dialects.google_ads.errors import Refusal
from tests.sandbox.conftest import Local

TODAY = date(2026, 5, 20)


def run(local: Local, text: str, key: str = "sundby-g") -> list[dict[str, object]]:
    query = gaql.parse(text, TODAY)
    account = local.sandbox.world.market.manager if key == "manager" else local.account(key)
    schema.check(query, manager=account.is_manager)
    return reads.run(local.sandbox.world, account, query, local.sandbox.clock.now())


def test_a_query_is_taken_apart() -> None:
    query = gaql.parse(
        "SELECT campaign.id, metrics.clicks FROM campaign WHERE campaign.status IN ('ENABLED', 'PAUSED') "
        "AND segments.date BETWEEN '2026-05-01' AND '2026-05-03' AND campaign.name != 'It\\'s' "
        "ORDER BY metrics.clicks DESC, campaign.id LIMIT 5",
        TODAY,
    )
    assert query.source == "campaign"
    assert query.where[0].values == ("ENABLED", "PAUSED")
    assert query.where[1].values == ("2026-05-01", "2026-05-03")
    assert query.where[2].values == ("It's",)
    assert query.order == (("metrics.clicks", True), ("campaign.id", False))
    assert query.limit == 5


@pytest.mark.parametrize(
    ("named", "first", "last"),
    [
        ("TODAY", "2026-05-20", "2026-05-20"),
        ("YESTERDAY", "2026-05-19", "2026-05-19"),
        ("LAST_7_DAYS", "2026-05-13", "2026-05-19"),
        ("THIS_MONTH", "2026-05-01", "2026-05-20"),
        ("LAST_MONTH", "2026-04-01", "2026-04-30"),
    ],
)
def test_named_ranges_are_days(named: str, first: str, last: str) -> None:
    query = gaql.parse(f"SELECT campaign.id FROM campaign WHERE segments.date DURING {named}", TODAY)
    assert query.where[0].values == (first, last)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("campaign.id FROM campaign", "EXPECTED_SELECT"),
        ("SELECT campaign.id", "EXPECTED_FROM"),
        ("SELECT campaign.colour FROM campaign", "UNRECOGNIZED_FIELD"),
        ("SELECT nothing.id FROM campaign", "UNRECOGNIZED_FIELD"),
        ("SELECT ad_group.id FROM campaign", "PROHIBITED_RESOURCE_TYPE_IN_SELECT_CLAUSE"),
        ("SELECT campaign.id FROM asset", "BAD_RESOURCE_TYPE_IN_FROM_CLAUSE"),
        ("SELECT campaign.id FROM campaign LIMIT 0", "BAD_LIMIT_VALUE"),
        ("SELECT campaign.id FROM campaign WHERE campaign.id IN ()", "PROHIBITED_EMPTY_LIST_IN_CONDITION"),
        ("SELECT campaign.id FROM campaign WHERE campaign.id LIKE 'x'", "BAD_OPERATOR"),
        ("SELECT campaign.id FROM campaign WHERE campaign.id =", "UNEXPECTED_END_OF_QUERY"),
        ("SELECT campaign.id FROM campaign WHERE campaign.id = 'x'", "BAD_VALUE"),
        ("SELECT campaign.id FROM campaign ORDER BY campaign.name", "EXPECTED_REFERENCED_FIELD_IN_SELECT_CLAUSE"),
        ("SELECT segments.date, metrics.clicks FROM campaign", "EXPECTED_FILTERS_ON_DATE_RANGE"),
        (
            "SELECT metrics.clicks, segments.date FROM campaign WHERE segments.date = '2026-5'",
            "INVALID_DATE_FORMAT",
        ),
        (
            (
                "SELECT metrics.all_conversions, segments.date, segments.hour FROM campaign "
                "WHERE segments.date = '2026-05-01'"
            ),
            "PROHIBITED_SEGMENT_WITH_METRIC_IN_SELECT_OR_WHERE_CLAUSE",
        ),
    ],
)  # fmt: skip
def test_a_wrong_query_is_refused_with_googles_code(local: Local, text: str, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        run(local, text)
    assert refused.value.code == code


def test_metrics_of_a_manager_are_refused(local: Local) -> None:
    with pytest.raises(Refusal) as refused:
        run(local, "SELECT metrics.clicks FROM campaign", "manager")
    assert refused.value.code == "REQUESTED_METRICS_FOR_MANAGER"


@pytest.mark.parametrize(
    ("where", "code"),
    [
        ("", "CHANGE_DATE_RANGE_INFINITE"),
        ("change_event.change_date_time >= '2026-05-19'", "CHANGE_DATE_RANGE_INFINITE"),
        ("change_event.change_date_time BETWEEN '2026-05-19' AND '2026-05-17'", "CHANGE_DATE_RANGE_NEGATIVE"),
        ("change_event.change_date_time BETWEEN '2026-04-01' AND '2026-05-18'", "START_DATE_TOO_OLD"),
    ],
)
def test_changes_are_asked_for_with_a_short_finite_range(local: Local, where: str, code: str) -> None:
    clause = f"WHERE {where}" if where else ""
    with pytest.raises(Refusal) as refused:
        run(local, f"SELECT change_event.user_email FROM change_event {clause} LIMIT 10")
    assert refused.value.code == code


def test_changes_are_asked_for_with_a_limit_up_to_ten_thousand(local: Local) -> None:
    text = (
        "SELECT change_event.user_email FROM change_event "
        "WHERE change_event.change_date_time BETWEEN '2026-05-18' AND '2026-05-20'"
    )
    for tail, code in (("", "LIMIT_NOT_SPECIFIED"), (" LIMIT 10001", "INVALID_LIMIT_CLAUSE")):
        with pytest.raises(Refusal) as refused:
            run(local, text + tail)
        assert refused.value.code == code


def test_somebodys_edit_shows_after_three_minutes_with_both_values(local: Local) -> None:
    budget = local.budget("summer-crossings")
    local.sandbox.edit(budget.id, micros=1_400_000_000, actor="mira@tallow.example")
    text = (
        "SELECT change_event.user_email, change_event.client_type, change_event.old_resource, "
        "change_event.new_resource FROM change_event "
        "WHERE change_event.change_date_time BETWEEN '2026-05-18' AND '2026-05-21' LIMIT 10"
    )
    assert run(local, text) == []
    local.forward(hours=0.06)
    (event,) = run(local, text)
    assert event["change_event.user_email"] == "mira@tallow.example"
    assert event["change_event.client_type"] == "GOOGLE_ADS_WEB_CLIENT"
    made = schema.row(event, ("change_event.old_resource", "change_event.new_resource")).change_event
    assert made.old_resource.campaign_budget.amount_micros == 1_345_000_000
    assert made.new_resource.campaign_budget.amount_micros == 1_400_000_000


def test_days_without_anything_are_left_out_when_cut_by_day(local: Local) -> None:
    text = (
        "SELECT campaign.name, segments.date, metrics.cost_micros FROM campaign "
        "WHERE segments.date BETWEEN '2026-05-01' AND '2026-05-10'"
    )
    rows = run(local, text, "quillon-g")
    assert rows
    assert all(row["metrics.cost_micros"] or row["metrics.impressions"] for row in rows)
    assert not [row for row in rows if "Home cover" in str(row["campaign.name"])]
    whole = run(local, text.replace("segments.date, ", ""), "quillon-g")
    assert [row for row in whole if "Home cover" in str(row["campaign.name"])]


def test_a_shared_budget_counts_its_campaigns(local: Local) -> None:
    rows = run(
        local,
        "SELECT campaign_budget.id, campaign_budget.reference_count FROM campaign_budget "
        "WHERE campaign_budget.explicitly_shared = TRUE",
    )
    assert [row["campaign_budget.reference_count"] for row in rows] == [3]
