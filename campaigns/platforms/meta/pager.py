"""All rows of an edge. Only a missing ``paging.next`` ends it: an empty page in the middle does not.

The SDK's own cursor stops at the first empty page and on edges paged by time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from campaigns.platforms.errors import Transient
from campaigns.platforms.meta.errors import TOO_MUCH_DATA
from campaigns.platforms.meta.usage import MANAGEMENT

if TYPE_CHECKING:
    from campaigns.platforms.meta.session import GraphLine

MAX_PAGES = 5_000
SMALLEST_PAGE = 10


def rows(
    line: GraphLine,
    path: tuple[str, ...],
    params: Mapping[str, Any],
    *,
    account_id: str = "",
    kind: str = MANAGEMENT,
) -> list[dict[str, Any]]:
    """Every row or an error. Where Meta finds the pages too large, all of it is read in smaller ones."""
    asked = dict(params)
    while True:
        try:
            return _all_pages(line, path, asked, account_id, kind)
        except Transient as failed:
            limit = int(asked.get("limit", 0)) // 4
            if failed.code != TOO_MUCH_DATA or limit < SMALLEST_PAGE:
                raise
            asked["limit"] = limit


def _all_pages(
    line: GraphLine, path: tuple[str, ...], params: Mapping[str, Any], account_id: str, kind: str
) -> list[dict[str, Any]]:
    """A page that points at itself, or pages without end, are an error and not a result."""
    body = line.get(path, params, account_id=account_id, kind=kind)
    found = _data(body)
    visited: set[str] = set()
    while following := body.get("paging", {}).get("next"):
        if following in visited or len(visited) >= MAX_PAGES:
            raise Transient("Meta's pages do not end; nothing was taken from them.", code="paging")
        visited.add(following)
        body = line.follow(following, account_id=account_id, kind=kind)
        found.extend(_data(body))
    return found


def _data(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    data = body.get("data")
    if not isinstance(data, list):
        raise Transient("Meta answered a page without data.", code="paging")
    return list(data)
