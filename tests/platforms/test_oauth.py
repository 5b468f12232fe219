"""Connecting an account: where the person is sent, and what comes of the code."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pytest_httpserver import HTTPServer

from campaigns.platforms.errors import AuthError, Invalid, PlatformError, Transient
from campaigns.platforms.google_ads import oauth as google
from campaigns.platforms.google_ads.config import SCOPE, GoogleAdsConfig
from campaigns.platforms.meta import oauth as meta
from campaigns.platforms.meta.config import MetaConfig

BACK = "https://lane.example/connections/callback/"


@pytest.fixture
def google_config(httpserver: HTTPServer) -> GoogleAdsConfig:
    return GoogleAdsConfig("client", "google-secret", token_uri=httpserver.url_for("/token"))


@pytest.fixture
def meta_config(httpserver: HTTPServer) -> MetaConfig:
    return MetaConfig("app", "meta-secret", token_uri=httpserver.url_for("/token"))


def test_google_is_asked_for_offline_access_with_consent(google_config: GoogleAdsConfig) -> None:
    asked = parse_qs(urlsplit(google.authorization_url(google_config, BACK, "s-1")).query)
    assert (asked["access_type"], asked["prompt"], asked["state"]) == (["offline"], ["consent"], ["s-1"])
    assert (asked["scope"], asked["redirect_uri"]) == ([SCOPE], [BACK])


def test_meta_is_asked_for_the_ads_permissions(meta_config: MetaConfig) -> None:
    asked = parse_qs(urlsplit(meta.authorization_url(meta_config, BACK, "s-1")).query)
    assert "ads_management" in asked["scope"][0]
    assert (asked["client_id"], asked["state"]) == (["app"], ["s-1"])


def test_a_google_code_becomes_a_refresh_token_and_no_secret_is_in_the_url(
    httpserver: HTTPServer, google_config: GoogleAdsConfig
) -> None:
    httpserver.expect_request("/token", method="POST").respond_with_json(
        {"access_token": "a", "refresh_token": "r", "expires_in": 3599, "scope": SCOPE}
    )
    bundle = google.exchange_code(google_config, BACK, "one-time-code")
    assert (bundle.access_token, bundle.refresh_token, bundle.scopes) == ("a", "r", (SCOPE,))
    assert bundle.expires_at is not None
    assert urlsplit(httpserver.log[0][0].url).query == ""


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({"access_token": "a", "scope": SCOPE}, "no_refresh_token"),
        ({"access_token": "a", "refresh_token": "r", "scope": "openid"}, "scope_missing"),
    ],
)
def test_a_consent_that_is_of_no_use_is_refused(
    httpserver: HTTPServer, google_config: GoogleAdsConfig, answer: dict[str, Any], code: str
) -> None:
    httpserver.expect_request("/token").respond_with_json(answer)
    with pytest.raises(AuthError) as refused:
        google.exchange_code(google_config, BACK, "one-time-code")
    assert refused.value.code == code


def test_a_meta_code_is_traded_twice_for_a_long_lived_token(
    httpserver: HTTPServer, meta_config: MetaConfig
) -> None:
    httpserver.expect_ordered_request("/token").respond_with_json(
        {"access_token": "short", "expires_in": 3600}
    )
    httpserver.expect_ordered_request("/token").respond_with_json(
        {"access_token": "long", "expires_in": 5_184_000}
    )
    bundle = meta.exchange_code(meta_config, BACK, "one-time-code")
    assert (bundle.access_token, bundle.refresh_token) == ("long", "")
    second = httpserver.log[1][0]
    assert second.form["fb_exchange_token"] == "short"
    assert urlsplit(second.url).query == ""


def google_exchange(httpserver: HTTPServer) -> None:
    config = GoogleAdsConfig("client", "google-secret", token_uri=httpserver.url_for("/token"))
    google.exchange_code(config, BACK, "one-time-code")


def meta_exchange(httpserver: HTTPServer) -> None:
    config = MetaConfig("app", "meta-secret", token_uri=httpserver.url_for("/token"))
    meta.exchange_code(config, BACK, "one-time-code")


@pytest.mark.parametrize(
    ("exchange", "status", "body", "error"),
    [
        (
            google_exchange,
            400,
            {"error": "invalid_grant", "error_description": "Bad one-time-code"},
            AuthError,
        ),
        (google_exchange, 401, {"error": "invalid_client"}, Invalid),
        (google_exchange, 503, {"error": "backend"}, Transient),
        (google_exchange, 200, [], Transient),
        (meta_exchange, 400, {"error": {"code": 100, "message": "used one-time-code"}}, AuthError),
        (meta_exchange, 400, {"error": {"code": 101, "message": "no such app"}}, Invalid),
        (meta_exchange, 200, {}, AuthError),
    ],
)
def test_a_refused_code_is_told_without_secrets(
    httpserver: HTTPServer,
    exchange: Callable[[HTTPServer], None],
    status: int,
    body: Any,
    error: type[PlatformError],
) -> None:
    httpserver.expect_request("/token").respond_with_data(json.dumps(body), status)
    with pytest.raises(PlatformError) as refused:
        exchange(httpserver)
    assert type(refused.value) is error
    assert "one-time-code" not in str(refused.value)
    assert "secret" not in str(refused.value)


def test_a_token_service_that_cannot_be_reached_passes() -> None:
    config = GoogleAdsConfig("client", "google-secret", token_uri="http://127.0.0.1:9/token")
    with pytest.raises(Transient):
        google.exchange_code(config, BACK, "one-time-code")
