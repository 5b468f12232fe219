"""No secret leaves a connector inside an error text."""

from __future__ import annotations

import re

HIDDEN = "[hidden]"

_NAMED = re.compile(
    r"(?i)\b(access_token|refresh_token|appsecret_proof|client_secret|fb_exchange_token|input_token|code)"
    r"(['\"]?\s*[=:]\s*['\"]?)[^&\s'\",)}\]]+"
)
_BEARER = re.compile(r"(?i)\bbearer\s+[^\s'\",)}\]]+")
_LONGEST = 500


def scrub(text: object, *secrets: str) -> str:
    """The text without tokens and secrets, on one line, at most 500 characters."""
    clean = " ".join(str(text).split())
    for secret in secrets:
        if len(secret) >= 6:
            clean = clean.replace(secret, HIDDEN)
    clean = _BEARER.sub(f"Bearer {HIDDEN}", clean)
    clean = _NAMED.sub(_hide_value, clean)
    return clean if len(clean) <= _LONGEST else clean[: _LONGEST - 1] + "…"


def _hide_value(match: re.Match[str]) -> str:
    """Keep the name; a numeric ``code`` is an error code, not an authorisation code."""
    name, sign = match.group(1), match.group(2)
    value = match.group(0)[len(name) + len(sign) :]
    if name.lower() == "code" and value.rstrip(".;").isdigit():
        return match.group(0)
    return f"{name}{sign}{HIDDEN}"
