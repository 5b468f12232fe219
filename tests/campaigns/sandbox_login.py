"""Connecting to the running sandbox as a person does, through its OAuth pages."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx2

from campaigns.models import Connection
from campaigns.services import connections
from lane.core.actors import Actor

CALLBACK = "http://127.0.0.1/connections/callback/{platform}/"


def consent(url: str) -> dict[str, str]:
    """Press "Allow" on the sandbox's consent page; returns what it sends back (code and state)."""
    with httpx2.Client(timeout=20, follow_redirects=False) as browser:
        page = browser.get(url)
        assert page.status_code == 200, page.text
        asked = {key: values[0] for key, values in parse_qs(urlsplit(url).query).items()}
        answer = browser.post(urljoin(url, urlsplit(url).path), data={**asked, "decision": "allow"})
    assert answer.status_code in (302, 303), answer.text
    back = urlsplit(answer.headers["location"])
    return {key: values[0] for key, values in parse_qs(back.query).items()}


def connect(actor: Actor, platform: str = "google_ads", **known: Any) -> Connection:
    """A whole round trip through the services."""
    redirect_uri = CALLBACK.format(platform=platform)
    url, state = connections.begin(platform, actor, redirect_uri, **known)
    back = consent(url)
    assert back["state"] == state
    return connections.finish(platform, actor, back["code"], redirect_uri, **known)


def control(sandbox: dict[str, Any], verb: str, path: str, /, **body: Any) -> Any:
    """Ask the sandbox's control API."""
    answer = httpx2.request(
        verb,
        f"{sandbox['http_base']}/_control/{path}",
        headers={"X-Control-Token": sandbox["control_token"]},
        json=body or None,
        timeout=30,
    )
    answer.raise_for_status()
    return answer.json() if answer.content else None
