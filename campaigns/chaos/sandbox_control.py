"""Steering the sandbox of a fault run: which answers break, and what really landed."""

from __future__ import annotations

from typing import Any

import httpx2

# (effect, kind of call, probability, parameters): about one write in five and one read in ten goes wrong.
API_FAULTS: tuple[tuple[str, str, float, dict[str, float]], ...] = (
    ("drop_after_commit", "write", 0.06, {}),
    ("drop_before_commit", "write", 0.04, {}),
    ("late_apply", "write", 0.04, {"seconds": 1.5}),
    ("transient", "write", 0.04, {}),
    ("html_502", "write", 0.02, {}),
    ("rate_limit", "write", 0.03, {"retry_after": 1}),
    ("accept_but_ignore", "write", 0.02, {}),
    ("slow", "write", 0.05, {"seconds": 0.4}),
    ("transient", "read", 0.03, {}),
    ("rate_limit", "read", 0.02, {"retry_after": 1}),
    ("stale_read", "read", 0.04, {"seconds": 1}),
    ("slow", "read", 0.03, {"seconds": 0.3}),
)
_EXPIRED_TOKEN_AT = (30, 150, 400)


class SandboxControl:
    """The control API of one running sandbox."""

    def __init__(self, described: dict[str, Any]) -> None:
        self._client = httpx2.Client(
            base_url=f"{described['http_base']}/_control/",
            headers={"X-Control-Token": str(described["control_token"])},
            timeout=30,
        )

    def break_api(self) -> None:
        """From now on calls fail in every known way, repeatably by the sandbox's seed."""
        for effect, kind, probability, params in API_FAULTS:
            self._post(
                "faults",
                {
                    "platform": "google_ads",
                    "effect": effect,
                    "kind": kind,
                    "probability": probability,
                    "params": params,
                },
            )
        for nth in _EXPIRED_TOKEN_AT:
            self._post(
                "faults", {"platform": "google_ads", "effect": "expired_token", "kind": "read", "nth": nth}
            )

    def heal(self) -> int:
        """Lift every fault; returns how many were felt."""
        fired = sum(int(rule["fired"]) for rule in self._get("faults")["faults"])
        self._client.request("DELETE", "faults").raise_for_status()
        return fired

    def journal(self) -> list[dict[str, Any]]:
        """Every write that arrived."""
        return list(self._get("journal")["entries"])

    def budgets(self) -> dict[str, int]:
        """What every budget is worth now, in micros by its platform id."""
        return {str(row["id"]): int(row["amount_micros"]) for row in self._get("world")["budgets"]}

    def close(self) -> None:
        """Release the socket."""
        self._client.close()

    def _get(self, path: str) -> Any:
        return self._client.get(path).raise_for_status().json()

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        return self._client.post(path, json=body).raise_for_status().json()
