"""People with browsers: who is signed in where, and what their consoles said."""

from __future__ import annotations

from typing import Any

import httpx2

DESK, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


class Desk:
    """Opens tabs for the people of one agency and remembers every complaint of their consoles."""

    def __init__(self, browser: Any, base_url: str, crew: Any, sandbox: dict[str, Any]) -> None:
        self.crew, self.complaints = crew, []
        self._browser, self._base, self._sandbox = browser, base_url, sandbox
        self._contexts: list[Any] = []

    def tab(self, *, size: dict[str, int] = DESK, theme: str = "light") -> Any:
        """An empty tab of somebody who is not signed in."""
        context = self._browser.new_context(base_url=self._base, viewport=size)
        context.add_cookies([{"name": "lane_theme", "value": theme, "url": self._base}])
        context.set_default_timeout(30_000)
        self._contexts.append(context)
        page = context.new_page()
        page.on("console", self._listen)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        return page

    def signed_in(self, role: str, **how: Any) -> Any:
        """A tab of the agency's ``owner``, ``marketer`` or ``viewer``, signed in on the login page."""
        login = next(each for each in self.crew.logins if each.role.startswith(role))
        page = self.tab(**how)
        page.goto("/accounts/login/")
        page.get_by_label("Email").fill(login.email)
        page.get_by_label("Password").fill(login.password)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/")
        return page

    def journal(self) -> list[dict[str, Any]]:
        """Every write the sandbox saw."""
        answer = httpx2.get(
            f"{self._sandbox['http_base']}/_control/journal",
            headers={"X-Control-Token": self._sandbox["control_token"]},
            timeout=30,
        )
        return list(answer.raise_for_status().json()["entries"])

    def close(self) -> None:
        """Close every tab."""
        for context in self._contexts:
            context.close()

    def _listen(self, message: Any) -> None:
        if message.type == "error":
            self.complaints.append(f"{message.text} ({message.location.get('url', '')})")


def scrolls_sideways(page: Any) -> bool:
    """Whether the page is wider than its window."""
    return bool(page.evaluate("document.documentElement.scrollWidth > window.innerWidth"))
