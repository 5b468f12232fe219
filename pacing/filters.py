"""What an address asks the pacing table for. Values nobody knows are ignored, never an error."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from pacing.models import PlanHealth
from pacing.selectors.table import COLUMNS, PLATFORMS, SORTS, USUAL_COLUMNS, VIEWS, TableQuery
from pacing.selectors.table_groups import GROUPS

_BIGINT = 2**63
HEALTHS = {**dict(PlanHealth.choices), "archived": "Archived"}


def table_query(params: Mapping[str, str]) -> TableQuery:
    """The table's filters, sort and place from the query string."""
    sort = _one_of(params, "sort", SORTS) or "risk"
    return TableQuery(
        view=_one_of(params, "view", VIEWS) or "all",
        client=_uuid(params.get("client", "")),
        platform=_one_of(params, "platform", PLATFORMS),
        health=_one_of(params, "status", HEALTHS),
        owner="me" if params.get("owner") == "me" else str(_uuid(params.get("owner", "")) or ""),
        currency=params.get("currency", "").replace("\0", "")[:3].upper(),
        search=params.get("q", "").replace("\0", "").strip()[:100],
        sort=sort,
        group=_one_of(params, "group", GROUPS),
        columns=_columns(params.get("cols", "")),
        after=read_cursor(params.get("cursor", ""), sort),
    )


def write_cursor(place: tuple[Any, int] | None) -> str:
    """A place in the table as one word of an address."""
    if place is None:
        return ""
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def read_cursor(text: str, sort: str) -> tuple[Any, int] | None:
    """The place a cursor names; None for the start and for anything that is not a cursor of this sort."""
    try:
        value, pk = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if sort == "ends":
            value = date.fromisoformat(value)
    except (ValueError, TypeError, binascii.Error):
        return None
    wanted = {"risk": int, "amount": int, "name": str, "ends": date}[sort]
    fits = isinstance(value, wanted) and isinstance(pk, int) and abs(pk) < _BIGINT
    return (value, pk) if fits and not (wanted is int and abs(value) >= _BIGINT) else None


def _one_of(params: Mapping[str, str], name: str, known: Mapping[str, Any]) -> str:
    value = params.get(name, "")
    return value if value in known else ""


def _columns(text: str) -> tuple[str, ...]:
    """Columns in the order of the table; the usual ones when none is named."""
    asked = set(text.split(","))
    return tuple(name for name in COLUMNS if name in asked) or USUAL_COLUMNS


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
