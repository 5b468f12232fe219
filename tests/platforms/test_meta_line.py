"""The defects of the facebook-business SDK stay outside, shown against a real HTTP server."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from campaigns.platforms.errors import (
    Ambiguous,
    AuthError,
    Invalid,
    NotFound,
    PlatformError,
    RateLimited,
    Transient,
)
from campaigns.platforms.meta import pager, reports
from campaigns.platforms.meta.config import MetaConfig
from campaigns.platforms.meta.connector import MetaConnector
from campaigns.platforms.meta.session import GraphLine, account_node
from campaigns.platforms.records import (
    AccountRecord,
    BudgetKind,
    EntityRef,
    EntityStatus,
    Level,
    Money,
    SetBudget,
)

TOKEN = "EAAB-very-secret-token"
ACCOUNT = AccountRecord("111", "Tervo Kitchens", "EUR", "Europe/Berlin", EntityStatus.ACTIVE)
CHANGE = SetBudget(EntityRef(Level.BUDGET, "6"), BudgetKind.DAILY, Money(60_000_000, "EUR"))


@pytest.fixture
def config(httpserver: HTTPServer) -> MetaConfig:
    return MetaConfig(
        "app", "app-secret", graph_url=httpserver.url_for("/graph"), read_timeout=2, write_timeout=2
    )


@pytest.fixture
def line(config: MetaConfig) -> Iterator[GraphLine]:
    made = GraphLine(config, TOKEN)
    yield made
    made.close()


@pytest.fixture
def connector(config: MetaConfig) -> Iterator[MetaConnector]:
    made = MetaConnector(config, access_token=TOKEN)
    yield made
    made.close()


def test_the_token_travels_in_a_header_and_never_in_a_url(httpserver: HTTPServer, line: GraphLine) -> None:
    httpserver.expect_request("/graph/v26.0/me").respond_with_json({"id": "1"})
    hook = sys.excepthook
    assert line.get(("me",), {"fields": "id"}) == {"id": "1"}
    request = httpserver.log[0][0]
    assert request.headers["Authorization"] == f"Bearer {TOKEN}"
    assert TOKEN not in request.url
    assert request.args["appsecret_proof"]
    assert sys.excepthook is hook


def test_pages_are_followed_through_an_empty_one_without_carrying_the_token(
    httpserver: HTTPServer, line: GraphLine
) -> None:
    def page(request: Request) -> Response:
        at = int(request.args.get("after", "0"))
        data = [{"id": str(at)}] if at != 1 else []
        body: dict[str, Any] = {"data": data}
        if at < 3:
            body["paging"] = {
                "next": httpserver.url_for("/graph/v26.0/act_1/campaigns")
                + f"?after={at + 1}&access_token={TOKEN}&appsecret_proof=x"
            }
        return Response(json.dumps(body), content_type="application/json")

    httpserver.expect_request("/graph/v26.0/act_1/campaigns").respond_with_handler(page)
    assert [row["id"] for row in pager.rows(line, ("act_1", "campaigns"), {})] == ["0", "2", "3"]
    assert all(TOKEN not in request.url for request, _ in httpserver.log)


def test_pages_that_do_not_end_are_an_error(httpserver: HTTPServer, line: GraphLine) -> None:
    url = httpserver.url_for("/graph/v26.0/act_1/ads")
    httpserver.expect_request("/graph/v26.0/act_1/ads").respond_with_json(
        {"data": [], "paging": {"next": url}}
    )
    with pytest.raises(Transient):
        pager.rows(line, ("act_1", "ads"), {})


def test_pages_too_large_for_meta_are_read_in_smaller_ones(httpserver: HTTPServer, line: GraphLine) -> None:
    def page(request: Request) -> Response:
        if int(request.args["limit"]) > 50:
            said = "Please reduce the amount of data you're asking for, then retry your request"
            return Response(json.dumps({"error": {"code": 1, "message": said}}), 500)
        return Response(json.dumps({"data": [{"id": "1"}]}))

    httpserver.expect_request("/graph/v26.0/act_1/ads").respond_with_handler(page)
    assert pager.rows(line, ("act_1", "ads"), {"limit": 200}) == [{"id": "1"}]


def test_a_next_page_on_another_host_is_not_followed(httpserver: HTTPServer, line: GraphLine) -> None:
    httpserver.expect_request("/graph/v26.0/act_1/ads").respond_with_json(
        {"data": [], "paging": {"next": "http://127.0.0.2:9/steal"}}
    )
    with pytest.raises(Transient, match="another host"):
        pager.rows(line, ("act_1", "ads"), {})


HTML = "<html><h1>502 Bad Gateway</h1> no success, an error</html>"


@pytest.mark.parametrize(
    ("status", "body", "reading", "writing"),
    [
        (502, HTML, Transient, Ambiguous),
        (200, HTML, Transient, Ambiguous),
        (502, "", Transient, Ambiguous),
        (200, "[]", Transient, Ambiguous),
        (500, '{"error": {"code": 1, "message": "unknown"}}', Transient, Ambiguous),
        (503, '{"error": {"code": 2, "message": "temporarily"}}', Transient, Ambiguous),
        (400, '{"error": {"code": 99, "is_transient": true, "message": "x"}}', Transient, Ambiguous),
        (
            400,
            '{"error": {"code": 80004, "error_subcode": 2446079, "message": "x"}}',
            RateLimited,
            RateLimited,
        ),
        (400, '{"error": {"code": 17, "message": "x"}}', RateLimited, RateLimited),
        (400, '{"error": {"code": 613, "error_subcode": 1487225, "message": "x"}}', RateLimited, RateLimited),
        (400, '{"error": {"code": 190, "error_subcode": 463, "message": "x"}}', AuthError, AuthError),
        (403, '{"error": {"code": 200, "message": "x"}}', AuthError, AuthError),
        (400, '{"error": {"code": 803, "message": "x"}}', NotFound, NotFound),
        (400, '{"error": {"code": 100, "error_subcode": 33, "message": "x"}}', NotFound, NotFound),
        (400, '{"error": {"code": 100, "message": "x"}}', Invalid, Invalid),
        (400, '{"error": "odd"}', Transient, Ambiguous),
        (302, "", Transient, Ambiguous),
    ],
)
def test_each_answer_has_its_class(
    httpserver: HTTPServer,
    connector: MetaConnector,
    status: int,
    body: str,
    reading: type[PlatformError],
    writing: type[PlatformError],
) -> None:
    headers = {"Location": "http://127.0.0.2:9/"} if status == 302 else {}
    httpserver.expect_request("/graph/v26.0/me/adaccounts").respond_with_data(body, status, headers)
    httpserver.expect_request("/graph/v26.0/6", method="POST").respond_with_data(body, status, headers)
    with pytest.raises(PlatformError) as read:
        connector.list_accounts()
    assert type(read.value) is reading
    with pytest.raises(PlatformError) as written:
        connector.apply(ACCOUNT, CHANGE)
    assert type(written.value) is writing


def test_the_reason_is_told_without_the_token_and_names_the_field(
    httpserver: HTTPServer, connector: MetaConnector
) -> None:
    httpserver.expect_request("/graph/v26.0/6", method="POST").respond_with_json(
        {
            "error": {
                "code": 100,
                "message": f"Bad budget for access_token={TOKEN}",
                "fbtrace_id": "trace-1",
                "error_data": {"blame_field_specs": [["daily_budget"]]},
            }
        },
        status=400,
    )
    with pytest.raises(Invalid) as refused:
        connector.apply(ACCOUNT, CHANGE)
    assert TOKEN not in str(refused.value)
    assert refused.value.__suppress_context__
    assert (refused.value.field, refused.value.request_id) == ("daily_budget", "trace-1")


def test_nobody_listening_means_that_nothing_was_sent() -> None:
    connector = MetaConnector(MetaConfig("app", "secret", graph_url="http://127.0.0.1:9"), access_token=TOKEN)
    with pytest.raises(Transient) as unreachable:
        connector.apply(ACCOUNT, CHANGE)
    assert TOKEN not in str(unreachable.value)


def test_a_limit_tells_how_long_to_wait(httpserver: HTTPServer, connector: MetaConnector) -> None:
    use = {"111": [{"type": "ads_management", "call_count": 100, "estimated_time_to_regain_access": 5}]}
    httpserver.expect_request("/graph/v26.0/6", method="POST").respond_with_json(
        {"error": {"code": 80004, "message": "x"}},
        status=400,
        headers={"X-Business-Use-Case-Usage": json.dumps(use)},
    )
    for _ in range(2):
        with pytest.raises(RateLimited) as limited:
            connector.apply(ACCOUNT, CHANGE)
        assert limited.value.retry_after == pytest.approx(300, abs=5)
    assert len(httpserver.log) == 1


@pytest.mark.parametrize("answer", [{"success": False}, {}])
def test_an_answer_that_does_not_say_done_is_ambiguous(
    httpserver: HTTPServer, connector: MetaConnector, answer: dict[str, Any]
) -> None:
    httpserver.expect_request("/graph/v26.0/6", method="POST").respond_with_json(answer)
    with pytest.raises(Ambiguous):
        connector.apply(ACCOUNT, CHANGE)


@pytest.mark.parametrize("status", ["Job Failed", "Job Skipped"])
def test_a_report_that_failed_is_an_error_and_not_an_empty_one(
    httpserver: HTTPServer, line: GraphLine, status: str
) -> None:
    httpserver.expect_request("/graph/v26.0/act_1/insights", method="POST").respond_with_json(
        {"report_run_id": "77"}
    )
    httpserver.expect_request("/graph/v26.0/77").respond_with_json({"async_status": status})
    with pytest.raises(Transient, match=status):
        reports.run(line, ("act_1", "insights"), {}, "1", timeout=1)


def test_waiting_for_a_report_ends(httpserver: HTTPServer, line: GraphLine) -> None:
    httpserver.expect_request("/graph/v26.0/act_1/insights", method="POST").respond_with_json(
        {"report_run_id": "77"}
    )
    httpserver.expect_request("/graph/v26.0/77").respond_with_json({"async_status": "Job Running"})
    waited: list[float] = []
    with pytest.raises(Transient, match="not ready"):
        reports.run(
            line,
            ("act_1", "insights"),
            {},
            "1",
            timeout=60,
            sleep=waited.append,
            monotonic=lambda: sum(waited),
        )
    assert 50 < sum(waited) <= 60


@pytest.mark.parametrize("hostile", ["6/insights", "../me", "", "6?x=1"])
def test_nothing_but_numbers_enters_a_path(hostile: str) -> None:
    with pytest.raises(Invalid):
        account_node(hostile)
