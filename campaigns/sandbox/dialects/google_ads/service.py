"""The Google Ads gRPC services, spoken with the SDK's own messages to the SDK itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

import grpc
from google.ads.googleads.v26.services.types import (
    campaign_budget_service,
    campaign_service,
    customer_service,
    google_ads_field_service,
    google_ads_service,
)

from campaigns.sandbox.calendar import local_date
from campaigns.sandbox.dialects.google_ads import fields, gaql, mutate, reads, schema
from campaigns.sandbox.dialects.google_ads.errors import REQUEST_ID_KEY, Broken, Refusal, trailers
from campaigns.sandbox.engine import LostAnswer, Sandbox
from campaigns.sandbox.faults import READ, WRITE, Call, Rule
from campaigns.sandbox.market import Account

PAGE_ROWS = 10_000
_PACKAGE = "/google.ads.googleads.v26.services."
_DIRECT_LEAF = "lindqvist-g"  # the login also opens one client account directly, as real logins do


@dataclass(frozen=True, slots=True)
class Rpc:
    """One method: its messages, its kind for faults, and what answers it."""

    request: Any
    kind: str
    answer: Callable[[GoogleAds, Any, Asked], Any]
    streams: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """One call: its account (None for calls without one), its request id, the faults that hit it."""

    account: Account | None
    request_id: str
    hit: dict[str, Rule]


class GoogleAds(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Finds the method of a call and answers it, or breaks it as told."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self._rpcs = _rpcs()

    def service(self, details: Any) -> Any:
        """The handler of one incoming call; None (UNIMPLEMENTED) for what the sandbox does not speak."""
        name = str(details.method).removeprefix(_PACKAGE).replace("/", ".")
        rpc = self._rpcs.get(name)
        if rpc is None or not str(details.method).startswith(_PACKAGE):
            return None
        make = grpc.unary_stream_rpc_method_handler if rpc.streams else grpc.unary_unary_rpc_method_handler
        handle = self._streamed(name, rpc) if rpc.streams else self._unary(name, rpc)
        return make(handle, rpc.request.FromString, lambda message: message.SerializeToString())

    def accessible(self) -> list[Account]:
        """Accounts the login opens without a manager in between."""
        market = self.sandbox.world.market
        return [market.manager, *(a for a in market.accounts.values() if a.key == _DIRECT_LEAF)]

    def _unary(self, name: str, rpc: Rpc) -> Callable[[Any, Any], Any]:
        def handle(request: Any, context: Any) -> Any:
            request_id = self.sandbox.next_request_id()
            try:
                asked = self._arrive(name, rpc, request, context, request_id)
                answer = rpc.answer(self, request, asked)
            except (Refusal, Broken, LostAnswer) as error:
                self._abort(context, error, request_id)
            context.set_trailing_metadata(((REQUEST_ID_KEY, request_id),))
            return answer

        return handle

    def _streamed(self, name: str, rpc: Rpc) -> Callable[[Any, Any], Iterator[Any]]:
        def handle(request: Any, context: Any) -> Iterator[Any]:
            request_id = self.sandbox.next_request_id()
            try:
                asked = self._arrive(name, rpc, request, context, request_id)
                yield from rpc.answer(self, request, asked)
            except (Refusal, Broken, LostAnswer) as error:
                self._abort(context, error, request_id)
            context.set_trailing_metadata(((REQUEST_ID_KEY, request_id),))

        return handle

    def _arrive(self, name: str, rpc: Rpc, request: Any, context: Any, request_id: str) -> Asked:
        customer_id = str(getattr(request, "customer_id", ""))
        kind = rpc.kind
        dry = kind == WRITE and request.validate_only
        hit = self.sandbox.arrive(Call("google_ads", name, READ if dry else kind, customer_id))
        _strike(hit)
        metadata = dict(context.invocation_metadata())
        token = str(metadata.get("authorization", "")).removeprefix("Bearer ")
        if self.sandbox.tokens.login_of(token, "access") is None:
            raise Refusal(
                "authentication_error", "OAUTH_TOKEN_INVALID", "Request is missing a valid access token."
            )
        if not hasattr(request, "customer_id"):
            return Asked(None, request_id, hit)
        return Asked(self._account(customer_id, metadata), request_id, hit)

    def _account(self, customer_id: str, metadata: dict[str, Any]) -> Account:
        if not customer_id.isdigit():
            raise Refusal("request_error", "INVALID_CUSTOMER_ID", f"Invalid customer ID {customer_id!r}.")
        account = self.sandbox.world.market.accounts.get(customer_id)
        direct = {each.id for each in self.accessible()}
        login = str(metadata.get("login-customer-id") or customer_id)
        reachable = login == customer_id or login == self.sandbox.world.market.manager.id
        if account is None or account.platform != "google_ads" or login not in direct or not reachable:
            raise Refusal(
                "authorization_error",
                "USER_PERMISSION_DENIED",
                "User doesn't have permission to access customer. Note: If you're accessing a client customer, "
                "the manager's customer id must be set in the 'login-customer-id' header.",
            )
        return account

    def _abort(self, context: Any, error: Exception, request_id: str) -> NoReturn:
        if isinstance(error, Refusal):
            context.set_trailing_metadata(trailers([error], request_id))
            context.abort(error.status, error.message)
        if isinstance(error, LostAnswer):
            context.abort(grpc.StatusCode.UNAVAILABLE, "Socket closed")
        if isinstance(error, Broken):
            context.abort(error.status, error.message)
        raise error


def _strike(hit: dict[str, Rule]) -> None:
    """Faults that answer before anything is looked at."""
    if "expired_token" in hit:
        raise Refusal("authentication_error", "OAUTH_TOKEN_EXPIRED", "The OAuth token has expired.")
    if "revoked_refresh" in hit:
        raise Refusal("authentication_error", "OAUTH_TOKEN_REVOKED", "The OAuth token was revoked.")
    if rule := hit.get("rate_limit"):
        raise Refusal(
            "quota_error",
            "RESOURCE_EXHAUSTED",
            "Too many requests. Retry later.",
            retry_after=rule.number("retry_after", 5),
        )
    if "html_502" in hit:
        raise Broken(grpc.StatusCode.UNAVAILABLE, "Received http2 header with status: 502")
    if "transient" in hit:
        raise Refusal("internal_error", "TRANSIENT_ERROR", "A transient error occurred. Please retry.")


def _query(service: GoogleAds, request: Any, asked: Asked) -> tuple[Any, list[dict[str, Any]]]:
    account = asked.account
    assert account is not None
    with service.sandbox.view(asked.hit) as now:
        query = gaql.parse(request.query, local_date(now, account.timezone))
        schema.check(query, manager=account.is_manager)
        return query, reads.run(service.sandbox.world, account, query, now)


def _search(service: GoogleAds, request: Any, asked: Asked) -> Any:
    if request.page_size:
        raise Refusal(
            "request_error",
            "PAGE_SIZE_NOT_SUPPORTED",
            "Setting the page size is not supported. Search Response will have fixed page size of 10000 rows.",
        )
    if request.page_token and not request.page_token.isdigit():
        raise Refusal("request_error", "INVALID_PAGE_TOKEN", "Invalid page token.")
    query, rows = _query(service, request, asked)
    first = int(request.page_token or 0)
    page = rows[first : first + PAGE_ROWS]
    answer = google_ads_service.SearchGoogleAdsResponse.pb()()
    if "empty_page" in asked.hit and not request.page_token:
        page, answer.next_page_token = [], "0"
    elif first + PAGE_ROWS < len(rows):
        answer.next_page_token = str(first + PAGE_ROWS)
    answer.results.extend(schema.row(values, query.select) for values in page)
    answer.field_mask.paths.extend(query.select)
    answer.total_results_count = len(rows)
    return answer


def _search_stream(service: GoogleAds, request: Any, asked: Asked) -> Iterator[Any]:
    query, rows = _query(service, request, asked)
    response = google_ads_service.SearchGoogleAdsStreamResponse.pb()
    broken = "mid_stream_abort" in asked.hit
    size = max(len(rows) // 2, 1) if broken else PAGE_ROWS
    for first in range(0, len(rows), size) or (0,):
        answer = response(request_id=asked.request_id)
        answer.results.extend(schema.row(values, query.select) for values in rows[first : first + size])
        answer.field_mask.paths.extend(query.select)
        yield answer
        if broken:
            raise Broken(grpc.StatusCode.UNAVAILABLE, "Stream removed")


def _list_accessible(service: GoogleAds, request: Any, asked: Asked) -> Any:
    answer = customer_service.ListAccessibleCustomersResponse.pb()()
    answer.resource_names.extend(f"customers/{account.id}" for account in service.accessible())
    return answer


def _mutating(kind: mutate.Kind, response: Any) -> Callable[[GoogleAds, Any, Asked], Any]:
    def answer(service: GoogleAds, request: Any, asked: Asked) -> Any:
        account = asked.account
        assert account is not None
        if account.is_manager:
            raise Refusal(
                "request_error",
                "CANNOT_BE_EXECUTED_BY_MANAGER_ACCOUNT",
                "A manager account has no campaigns.",
            )
        return mutate.mutate(service.sandbox, account, kind, request, response(), asked.request_id, asked.hit)

    return answer


def _fields(service: GoogleAds, request: Any, asked: Asked) -> Any:
    return fields.search(request.query)


def _rpcs() -> dict[str, Rpc]:
    search, budgets, campaigns = google_ads_service, campaign_budget_service, campaign_service
    budget_answer = budgets.MutateCampaignBudgetsResponse.pb()
    campaign_answer = campaigns.MutateCampaignsResponse.pb()
    return {
        "CustomerService.ListAccessibleCustomers": Rpc(
            customer_service.ListAccessibleCustomersRequest.pb(), READ, _list_accessible
        ),
        "GoogleAdsService.Search": Rpc(search.SearchGoogleAdsRequest.pb(), READ, _search),
        "GoogleAdsService.SearchStream": Rpc(
            search.SearchGoogleAdsStreamRequest.pb(), READ, _search_stream, streams=True
        ),
        "GoogleAdsFieldService.SearchGoogleAdsFields": Rpc(
            google_ads_field_service.SearchGoogleAdsFieldsRequest.pb(), READ, _fields
        ),
        "CampaignBudgetService.MutateCampaignBudgets": Rpc(
            budgets.MutateCampaignBudgetsRequest.pb(), WRITE, _mutating(mutate.BUDGETS, budget_answer)
        ),
        "CampaignService.MutateCampaigns": Rpc(
            campaigns.MutateCampaignsRequest.pb(), WRITE, _mutating(mutate.CAMPAIGNS, campaign_answer)
        ),
    }  # fmt: skip
