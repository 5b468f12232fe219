"""Connecting as a person does: sign in, press Connect, allow at the platform, come back."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import urljoin

import httpx2

_FORM = re.compile(r"<form\b[^>]*>.*?</form>", re.S | re.I)
_ATTRIBUTE = re.compile(r'([a-z-]+)\s*=\s*"([^"]*)"', re.I)
_INPUT = re.compile(r"<(?:input|button)\b[^>]*>", re.I)


class DemoBrowser:
    """A cookie jar that fills in the forms it finds."""

    def __init__(self, base_url: str) -> None:
        self._base = base_url
        self._client = httpx2.Client(follow_redirects=True, timeout=60)

    def sign_in(self, email: str, password: str) -> None:
        """Sign in on the login page. Raises ``RuntimeError`` when refused."""
        page = self._client.get(f"{self._base}/accounts/login/")
        answer = self._submit(page, {"login": email, "password": password}, having='name="password"')
        if "/accounts/login" in str(answer.url):
            raise RuntimeError(f"{email} could not sign in to the demo.")

    def connect(self, start_path: str) -> str:
        """Start connecting, allow on the platform's consent page, and return the address it ends at."""
        page = self._client.get(f"{self._base}{start_path}")
        page.raise_for_status()
        if str(page.url).startswith(self._base):
            raise RuntimeError(f"Connecting never reached the platform; it ended at {page.url}.")
        answer = self._submit(page, {"decision": "allow"}, having="<form")
        answer.raise_for_status()
        if not str(answer.url).startswith(self._base):
            raise RuntimeError(f"The platform did not lead back; it ended at {answer.url}.")
        return str(answer.url)

    def close(self) -> None:
        """Forget the session."""
        self._client.close()

    def _submit(self, page: httpx2.Response, values: dict[str, str], *, having: str) -> httpx2.Response:
        form = next((text for text in _FORM.findall(page.text) if having in text), None)
        if form is None:
            raise RuntimeError(f"There is no form to fill in at {page.url}.")
        head = dict(_ATTRIBUTE.findall(form[: form.index(">") + 1]))
        data = {}
        for tag in _INPUT.findall(form):
            attributes = dict(_ATTRIBUTE.findall(tag))
            if "name" in attributes and attributes.get("type") != "submit":
                data[attributes["name"]] = unescape(attributes.get("value", ""))
        address = urljoin(str(page.url), unescape(head.get("action", "")) or str(page.url))
        return self._client.post(address, data={**data, **values}, headers={"Referer": str(page.url)})
