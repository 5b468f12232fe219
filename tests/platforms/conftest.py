"""Both connectors, connected to the sandbox through the same consent pages a person sees."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx2
import pytest

from campaigns.platforms.google_ads import oauth as google_oauth
from campaigns.platforms.google_ads.config import GoogleAdsConfig
from campaigns.platforms.google_ads.connector import GoogleAdsConnector
from campaigns.platforms.meta import oauth as meta_oauth
from campaigns.platforms.meta.config import MetaConfig
from campaigns.platforms.meta.connector import MetaConnector
from campaigns.platforms.records import Platform

BACK = "http://127.0.0.1:1/callback"


class Control:
    """The sandbox's own control API: clock, faults, journal and edits made by somebody else."""

    def __init__(self, sandbox: dict[str, Any]) -> None:
        self._http = httpx2.Client(
            base_url=sandbox["control"],
            headers={"X-Control-Token": sandbox["control_token"]},
            timeout=30,
        )

    def now(self) -> datetime:
        return datetime.fromisoformat(self.send("GET", "/clock")["now"])

    def advance(self, seconds: int) -> None:
        self.send("POST", "/clock", {"advance_seconds": seconds})

    def fault(self, platform: Platform, effect: str, **rule: Any) -> None:
        self.send("POST", "/faults", {"platform": platform.value, "effect": effect, **rule})

    def calm(self) -> None:
        self.send("DELETE", "/faults")

    def journal(self) -> list[dict[str, Any]]:
        answer = self.send("GET", "/journal")
        entries = answer if isinstance(answer, list) else answer["entries"]
        return list(entries)

    def edit(self, platform: Platform, entity_id: str, **change: Any) -> None:
        self.send("POST", "/edit", {"platform": platform.value, "entity_id": entity_id, **change})

    def send(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        answer = self._http.request(method, path, json=body)
        assert answer.status_code < 400, answer.text
        return answer.json() if answer.content else None


@dataclass
class Connected:
    """One platform of the sandbox, with a maker of connectors that share one login."""

    platform: Platform
    make: Callable[..., Any]
    opened: list[Any] = field(default_factory=list)

    def connector(self, **settings: Any) -> Any:
        made = self.make(**settings)
        self.opened.append(made)
        return made

    def close(self) -> None:
        for connector in self.opened:
            connector.close()


@pytest.fixture
def control(sandbox: dict[str, Any]) -> Iterator[Control]:
    made = Control(sandbox)
    made.send("POST", "/reset", {})
    yield made
    made.calm()


@pytest.fixture(params=list(Platform), ids=lambda platform: platform.value)
def connected(
    request: pytest.FixtureRequest, sandbox: dict[str, Any], control: Control
) -> Iterator[Connected]:
    made = connect(request.param, sandbox, control)
    yield made
    made.close()


@pytest.fixture
def google(sandbox: dict[str, Any], control: Control) -> Iterator[Connected]:
    made = connect(Platform.GOOGLE_ADS, sandbox, control)
    yield made
    made.close()


@pytest.fixture
def meta(sandbox: dict[str, Any], control: Control) -> Iterator[Connected]:
    made = connect(Platform.META, sandbox, control)
    yield made
    made.close()


def connect(platform: Platform, sandbox: dict[str, Any], control: Control) -> Connected:
    if platform is Platform.GOOGLE_ADS:
        google = GoogleAdsConfig(**sandbox["google_oauth"], endpoint=sandbox["google_endpoint"])
        code = consent(google_oauth.authorization_url(google, BACK, "s-1"))
        token = google_oauth.exchange_code(google, BACK, code)
        return Connected(
            platform,
            lambda **settings: GoogleAdsConnector(
                replace(google, **settings), refresh_token=token.refresh_token, now=control.now
            ),
        )
    meta = MetaConfig(**sandbox["meta_oauth"], graph_url=sandbox["meta_graph"])
    code = consent(meta_oauth.authorization_url(meta, BACK, "s-1"))
    token = meta_oauth.exchange_code(meta, BACK, code)
    return Connected(
        platform,
        lambda **settings: MetaConnector(
            replace(meta, **settings), access_token=token.access_token, now=control.now
        ),
    )


def consent(url: str) -> str:
    """Open the consent page and press its allow button, as a person does."""
    page = httpx2.get(url, timeout=10)
    assert page.status_code == 200, page.text
    form = Form()
    form.feed(page.text)
    answer = httpx2.post(urljoin(url, form.action or url), data=form.allowing(), timeout=10)
    assert answer.status_code in {302, 303}, answer.text
    back = parse_qs(urlsplit(answer.headers["location"]).query)
    assert back["state"] == ["s-1"]
    return back["code"][0]


class Form(HTMLParser):
    """The fields of a page's first form and its first button."""

    def __init__(self) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}
        self.buttons: list[dict[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.action = found.get("action", "")
        elif tag == "input" and "name" in found and found.get("type") != "submit":
            self.fields[found["name"]] = found.get("value", "")
        elif tag == "button" or found.get("type") == "submit":
            self.buttons.append(found)

    def allowing(self) -> dict[str, str]:
        allow = next(
            (
                button
                for button in self.buttons
                if "allow" in f"{button.get('name')}{button.get('value')}".lower()
            ),
            self.buttons[0] if self.buttons else {},
        )
        pressed = {allow["name"]: allow.get("value", "")} if "name" in allow else {}
        return self.fields | pressed
