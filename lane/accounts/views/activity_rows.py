"""Audit entries in words: what was done, to what, and each value before and after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import NoReverseMatch, reverse

from lane.audit.models import AuditEntry
from lane.core.money import format_money

# Where a thing has a page of its own; the rest is reached through the activity of the thing.
_PAGES = {
    "accounts.client": "client-edit",
    "approvals.approvalrequest": "request-detail",
    "campaigns.adaccount": "account-detail",
    "campaigns.changeset": "change-set-detail",
    "campaigns.connection": "connection-detail",
    "campaigns.csvimport": "import-detail",
    "pacing.budgetplan": "plan-detail",
}
_LINKS = {
    "change_set": "change-set-detail",
    "plan": "plan-detail",
    "request": "request-detail",
    "account": "account-detail",
    "connection": "connection-detail",
}
_SHOWN_LENGTH = 200
# Kept for checking, of no use to a reader; the seal of the whole entry is shown with its number.
_MACHINE_ONLY = frozenset({"hash", "content_hash"})
MISSING = "–"


@dataclass(frozen=True, slots=True)
class ChangedValue:
    """One field as it was and as it is."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class ActivityRow:
    """One entry ready to be shown."""

    entry: AuditEntry
    action: str
    url: str
    client: str
    values: list[ChangedValue]
    links: list[tuple[str, str]]


def row_of(entry: AuditEntry, clients: Mapping[int, str]) -> ActivityRow:
    """An entry in words; ``clients`` names the clients the reader sees."""
    return ActivityRow(
        entry=entry,
        action=action_words(entry.action),
        url=page_of(_PAGES.get(entry.object_type, ""), entry.object_id),
        client=clients.get(entry.client_id, "") if entry.client_id else "",
        values=changed_values(entry.before, entry.after),
        links=[
            (name.replace("_", " "), url)
            for name, value in entry.links.items()
            if (url := page_of(_LINKS.get(name.removesuffix("_id"), ""), str(value)))
        ],
    )


def action_words(action: str) -> str:
    """``campaigns.change_set.proposed`` is “Change set proposed”."""
    words = " ".join(action.split(".")[1:] or [action]).replace("_", " ").replace("api key", "API key")
    return words[:1].upper() + words[1:]


def changed_values(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[ChangedValue]:
    """Each field that has a value on either side and is not the same on both."""
    currency = str(after.get("currency") or before.get("currency") or "")
    names = [*before, *(name for name in after if name not in before)]
    values: list[ChangedValue] = []
    for name in names:
        if name == "changes" and isinstance(after.get(name), list):
            values += [_proposed_change(each) for each in after[name] if isinstance(each, dict)]
        elif name not in _MACHINE_ONLY and before.get(name) != after.get(name):
            values.append(
                ChangedValue(field_words(name), shown(name, before, currency), shown(name, after, currency))
            )
    return values


def _proposed_change(change: Mapping[str, Any]) -> ChangedValue:
    """One row of a change set: the budget or campaign, what it has and what it would get."""
    currency = str(change.get("currency") or "")
    unit = "_micros" if change.get("target_micros") is not None else "_status"
    return ChangedValue(
        str(change.get("entity") or MISSING),
        shown(f"base{unit}", change, currency),
        shown(f"target{unit}", change, currency),
    )


def field_words(name: str) -> str:
    """A column's name as a label."""
    words = name.removesuffix("_micros").removesuffix("_id").replace("_", " ")
    return words[:1].upper() + words[1:]


def shown(name: str, values: Mapping[str, Any], currency: str) -> str:
    """A value as people read it; missing is a dash, never zero."""
    if (value := values.get(name)) is None or value == "":
        return MISSING
    if name.endswith("_micros") and isinstance(value, int):
        return format_money(value, currency) if currency else f"{value / 1_000_000:,.2f}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        text = ", ".join(str(item) for item in value) or MISSING
    elif isinstance(value, dict):
        text = "; ".join(f"{field_words(key)}: {item}" for key, item in value.items()) or MISSING
    else:
        text = str(value)
    return text if len(text) <= _SHOWN_LENGTH else f"{text[:_SHOWN_LENGTH]}…"


def page_of(url_name: str, public_id: str) -> str:
    """The address of a thing, empty when it has none."""
    if not url_name or not public_id:
        return ""
    try:
        return reverse(url_name, args=[public_id])
    except NoReverseMatch:
        return ""
