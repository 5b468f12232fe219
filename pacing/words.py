"""Stored reasons as sentences in the plan's own currency."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lane.core.money import format_money
from pacing.controllers.reasons import InstantFormatter, Reason, sentence


def reason_text(finding: Mapping[str, Any], currency: str, instant: InstantFormatter | None = None) -> str:
    """One stored reason as a sentence; empty when its code is no longer known."""
    code = finding.get("code")
    if code not in Reason._value2member_map_:
        return ""
    return sentence(str(code), finding["params"], lambda micros: format_money(micros, currency), instant)


def reason_texts(findings: Sequence[Mapping[str, Any]], currency: str) -> list[str]:
    """The stored reasons of one look, strongest first."""
    return [text for text in (reason_text(one, currency) for one in findings) if text]
