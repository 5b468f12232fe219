"""The running process, spoken to over TLS gRPC and HTTP."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import grpc
import httpx2
import pytest
from google.ads.googleads.v26.errors.types.errors import GoogleAdsFailure
from google.ads.googleads.v26.services.types.campaign_budget_service import MutateCampaignBudgetsRequest
from google.ads.googleads.v26.services.types.google_ads_service import SearchGoogleAdsRequest
from google.api_core import exceptions

from tests.sandbox.conftest import BACK, Running

FAILURE = "google.ads.googleads.v26.errors.googleadsfailure-bin"
FACTS = (
    "SELECT campaign.id, segments.date, segments.hour, metrics.cost_micros, metrics.clicks, metrics.conversions "
    "FROM campaign WHERE segments.date DURING LAST_7_DAYS"
)


@pytest.fixture
def google(sandbox_process: Running) -> list[tuple[str, str]]:
    """Headers of a login, acting through the agency's manager account."""
    token = sandbox_process.google_login()["access_token"]
    manager = sandbox_process.control("GET", "/world")["manager_id"]
    return [("authorization", f"Bearer {token}"), ("login-customer-id", manager)]


@pytest.fixture
def meta(sandbox_process: Running) -> str:
    return sandbox_process.meta_login()


def search(running: Running, headers: list[tuple[str, str]], key: str, query: str, **more: Any) -> Any:
    request = SearchGoogleAdsRequest(customer_id=running.budget(key)["account_id"], query=query, **more)
    return running.ads().search(request=request, metadata=headers)


def mutate(running: Running, headers: list[tuple[str, str]], key: str, *amounts: int, **flags: Any) -> Any:
    budget = running.budget(key)
    request = MutateCampaignBudgetsRequest(customer_id=budget["account_id"], **flags)
    for micros in amounts:
        name = f"customers/{budget['account_id']}/campaignBudgets/{budget['id']}"
        operation = {"update": {"resource_name": name, "amount_micros": micros}}
        request.operations.append(operation | {"update_mask": {"paths": ["resource_name", "amount_micros"]}})
    return running.ads_budgets().mutate_campaign_budgets(request=request, metadata=headers)


def failure(raised: pytest.ExceptionInfo[Any]) -> Any:
    trailers = dict(raised.value.__cause__.trailing_metadata())
    return GoogleAdsFailure.deserialize(trailers[FAILURE]).errors[0]


def test_the_same_seed_and_clock_answer_byte_for_byte_the_same(
    sandbox_process: Running, google: list[tuple[str, str]], meta: str
) -> None:
    def read() -> tuple[bytes, Any]:
        page = search(sandbox_process, google, "summer-crossings", FACTS)
        rows = b"".join(type(row).serialize(row) for row in page)
        account = sandbox_process.budget("frames-women")["account_id"]
        asked = {
            "level": "ad",
            "time_increment": "1",
            "fields": "ad_id,spend,actions,action_values",
            "limit": "500",
        }
        return rows, sandbox_process.graph(meta, f"act_{account}/insights", **asked)[1]

    first = read()
    assert len(first[0]) > 5000
    sandbox_process.reset()
    assert read() == first


def test_only_this_machine_can_reach_it_and_only_the_token_steers_it(sandbox_process: Running) -> None:
    told = sandbox_process.told
    assert told["http_base"].startswith("http://127.0.0.1:")
    assert told["google_endpoint"].startswith("localhost:")
    assert sandbox_process.http.get("/_control/clock").status_code == 403
    file = sandbox_process.server.file
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    public = Path(grpc.__file__).parent / "_cython" / "_credentials" / "roots.pem"
    assert Path(told["ca_bundle"]).read_bytes().startswith(public.read_bytes())


def test_a_missing_or_foreign_token_opens_nothing(sandbox_process: Running) -> None:
    with pytest.raises(exceptions.Unauthenticated) as refused:
        search(sandbox_process, [("authorization", "Bearer sim-made-up")], "cold-brew", FACTS)
    assert failure(refused).error_code.authentication_error.name == "OAUTH_TOKEN_INVALID"
    status, body, _ = sandbox_process.graph("sim-made-up", "me")
    assert (status, body["error"]["code"]) == (401, 190)


def test_a_client_account_opens_only_through_its_manager(
    sandbox_process: Running, google: list[tuple[str, str]]
) -> None:
    with pytest.raises(exceptions.PermissionDenied) as refused:
        search(sandbox_process, google[:1], "summer-crossings", FACTS)
    assert failure(refused).error_code.authorization_error.name == "USER_PERMISSION_DENIED"


def test_a_page_size_is_an_error(sandbox_process: Running, google: list[tuple[str, str]]) -> None:
    with pytest.raises(exceptions.InvalidArgument) as refused:
        search(sandbox_process, google, "summer-crossings", FACTS, page_size=100)
    assert failure(refused).error_code.request_error.name == "PAGE_SIZE_NOT_SUPPORTED"


def test_a_limit_on_calls_carries_its_delay(sandbox_process: Running, google: list[tuple[str, str]]) -> None:
    sandbox_process.control("POST", "/faults", {"effect": "rate_limit", "retry_after": 7, "times": 1})
    with pytest.raises(exceptions.ResourceExhausted) as refused:
        search(sandbox_process, google, "summer-crossings", FACTS)
    assert failure(refused).details.quota_error_details.retry_delay.seconds == 7


def test_a_budget_write_returns_the_changed_resource_and_is_noted_under_its_request_id(
    sandbox_process: Running, google: list[tuple[str, str]]
) -> None:
    answer = mutate(sandbox_process, google, "summer-crossings", 1_400_000_000, response_content_type=2)
    assert answer.results[0].campaign_budget.amount_micros == 1_400_000_000
    assert sandbox_process.budget("summer-crossings")["amount_micros"] == 1_400_000_000
    (entry,) = sandbox_process.control("GET", "/journal")["entries"]
    assert entry["effective"]
    assert entry["request_id"].startswith("sandbox-")


def test_validate_only_changes_nothing(sandbox_process: Running, google: list[tuple[str, str]]) -> None:
    mutate(sandbox_process, google, "summer-crossings", 1_400_000_000, validate_only=True)
    assert sandbox_process.budget("summer-crossings")["amount_micros"] == 1_345_000_000
    assert sandbox_process.control("GET", "/journal")["entries"] == []
    assert len(sandbox_process.control("GET", "/journal?dry_runs=1")["entries"]) == 1


@pytest.mark.parametrize(
    ("micros", "code"),
    [
        (1_345_001_000, "NON_MULTIPLE_OF_MINIMUM_CURRENCY_UNIT"),
        (0, "BUDGET_BELOW_PER_DAY_MINIMUM"),
        (-10_000, "NEGATIVE_MONEY_AMOUNT"),
        (10**14, "MONEY_AMOUNT_TOO_LARGE"),
    ],
)
def test_an_amount_google_does_not_take_is_refused(
    sandbox_process: Running, google: list[tuple[str, str]], micros: int, code: str
) -> None:
    with pytest.raises(exceptions.InvalidArgument) as refused:
        mutate(sandbox_process, google, "summer-crossings", micros)
    assert failure(refused).error_code.campaign_budget_error.name == code


def test_a_partial_failure_names_the_operation_and_lets_the_others_land(
    sandbox_process: Running, google: list[tuple[str, str]]
) -> None:
    answer = mutate(sandbox_process, google, "summer-crossings", 5, 1_400_000_000, partial_failure=True)
    assert [bool(result.resource_name) for result in answer.results] == [False, True]
    details = GoogleAdsFailure.deserialize(answer.partial_failure_error.details[0].value)
    assert details.errors[0].location.field_path_elements[0].index == 0
    assert sandbox_process.budget("summer-crossings")["amount_micros"] == 1_400_000_000


def test_a_person_may_deny(sandbox_process: Running) -> None:
    for platform in ("google", "meta"):
        assert sandbox_process.code(platform, "deny") == {"error": "access_denied", "state": "s-1"}


def test_a_code_works_once_and_only_where_it_was_sent(sandbox_process: Running) -> None:
    form = {"grant_type": "authorization_code", "code": sandbox_process.code("google")["code"]}
    assert sandbox_process.google_token(**form, redirect_uri="http://elsewhere/").status_code == 400
    form["code"] = sandbox_process.code("google")["code"]
    assert sandbox_process.google_token(**form, redirect_uri=BACK).status_code == 200
    again = sandbox_process.google_token(**form, redirect_uri=BACK)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


def test_a_revoked_login_refreshes_no_more(sandbox_process: Running) -> None:
    login = sandbox_process.google_login()
    refresh = {"grant_type": "refresh_token", "refresh_token": login["refresh_token"]}
    assert sandbox_process.google_token(**refresh).status_code == 200
    assert (
        sandbox_process.http.post("/google/revoke", data={"token": login["refresh_token"]}).status_code == 200
    )
    refused = sandbox_process.google_token(**refresh)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")


def test_graph_lists_come_in_pages_that_point_on(sandbox_process: Running, meta: str) -> None:
    account = sandbox_process.budget("frames-women")["account_id"]
    asked: dict[str, str] = {"fields": "name,effective_status,daily_budget", "limit": "3"}
    _, page, _ = sandbox_process.graph(meta, f"act_{account}/adsets", **asked)
    assert len(page["data"]) == 3
    assert "access_token" not in page["paging"]["next"]
    rest = httpx2.get(page["paging"]["next"], headers={"Authorization": f"Bearer {meta}"}).json()
    assert len(rest["data"]) == 1
    assert "next" not in rest["paging"]
    effective = {row["name"]: row["effective_status"] for row in page["data"] + rest["data"]}
    assert effective["Broad"] == "CAMPAIGN_PAUSED"


def test_graph_budgets_are_minor_units_and_yen_have_none(sandbox_process: Running, meta: str) -> None:
    euro, yen = sandbox_process.budget("cold-brew"), sandbox_process.budget("autumn-tea")
    _, nodes, _ = sandbox_process.graph(meta, "", ids=f"{euro['id']},{yen['id']}", fields="daily_budget")
    assert nodes[euro["id"]]["daily_budget"] == "45500"
    assert nodes[yen["id"]]["daily_budget"] == "42000"
    status, _, _ = sandbox_process.graph(meta, yen["id"], "POST", daily_budget="43000")
    assert status == 200
    assert sandbox_process.budget("autumn-tea")["amount_micros"] == 43_000_000_000


def test_an_ad_sets_budget_changes_four_times_an_hour(sandbox_process: Running, meta: str) -> None:
    budget = sandbox_process.budget("frames-men")
    answers = [
        sandbox_process.graph(meta, budget["id"], "POST", daily_budget=str(9100 + k))[:2] for k in range(5)
    ]
    assert [status for status, _ in answers] == [200, 200, 200, 200, 400]
    assert answers[-1][1]["error"]["error_subcode"] == 1487225
    sandbox_process.control("POST", "/clock", {"advance_seconds": 3601})
    assert sandbox_process.graph(meta, budget["id"], "POST", daily_budget="9000")[0] == 200


def test_a_budget_is_set_where_it_lives(sandbox_process: Running, meta: str) -> None:
    campaign = sandbox_process.budget("frames-men")["campaign_ids"][0]
    status, body, _ = sandbox_process.graph(meta, campaign, "POST", daily_budget="9000")
    assert (status, body["error"]["code"]) == (400, 100)
    status, body, _ = sandbox_process.graph(meta, "123", "POST", daily_budget="9000")
    assert (body["error"]["code"], body["error"]["error_subcode"]) == (100, 33)


def test_a_report_is_prepared_and_then_read(sandbox_process: Running, meta: str) -> None:
    budget = sandbox_process.budget("cold-brew")
    asked = {"level": "campaign", "time_increment": "1", "fields": "campaign_id,spend", "limit": "100"}
    node = f"act_{budget['account_id']}/insights"
    _, started, _ = sandbox_process.graph(meta, node, "POST", **asked)
    report, state = started["report_run_id"], {"async_status": ""}
    while state["async_status"] != "Job Completed":
        _, state, _ = sandbox_process.graph(meta, report)
    _, rows, _ = sandbox_process.graph(meta, f"{report}/insights", limit="100")
    assert rows == sandbox_process.graph(meta, node, **asked)[1]
    assert len(rows["data"]) == 30
    assert sandbox_process.control("GET", "/journal?dry_runs=1")["entries"] == []


def test_a_wrong_proof_of_the_app_is_refused(sandbox_process: Running, meta: str) -> None:
    status, body, _ = sandbox_process.graph(meta, "me", appsecret_proof="0" * 64)
    assert (status, body["error"]["code"]) == (400, 100)


def test_usage_is_counted_and_told(sandbox_process: Running, meta: str) -> None:
    account = sandbox_process.budget("cold-brew")["account_id"]
    _, _, headers = sandbox_process.graph(meta, f"act_{account}", fields="name")
    assert account in headers["x-business-use-case-usage"]


def test_the_demo_can_move_the_clock_forward_but_not_by_less_than_nothing(sandbox_process: Running) -> None:
    moved = sandbox_process.control("POST", "/clock", {"advance_seconds": 7200})
    assert moved["now"] == "2026-05-20T14:00:00+00:00"
    refused = sandbox_process.http.post(
        "/_control/clock",
        json={"advance_seconds": -1},
        headers={"X-Control-Token": sandbox_process.told["control_token"]},
    )
    assert refused.status_code == 400


def test_a_killed_sandbox_comes_back_as_it_was(tmp_path: Path) -> None:
    running = Running(tmp_path)
    try:
        login = running.google_login()
        token = running.meta_login()
        running.graph(token, running.budget("cold-brew")["id"], "POST", daily_budget="50000")
        before, told = running.control("GET", "/journal"), running.told
        running.kill()
        running.start()
        assert running.control("GET", "/journal") == before
        assert running.budget("cold-brew")["amount_micros"] == 500_000_000
        assert running.told["control_token"] == told["control_token"]
        assert Path(running.told["ca_bundle"]).read_text() == Path(told["ca_bundle"]).read_text()
        refresh = {"grant_type": "refresh_token", "refresh_token": login["refresh_token"]}
        assert running.google_token(**refresh).status_code == 200
        assert running.graph(token, "me")[0] == 200
    finally:
        running.close()
