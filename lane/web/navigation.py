"""The side bar: which pages exist, in which order, and where somebody must act."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject

from lane.core import clock
from lane.web import counts


@dataclass(frozen=True, slots=True)
class NavItem:
    """One page in the side bar; ``count`` is what waits there for this person."""

    label: str
    url_name: str
    icon: str
    count_key: str = ""
    url: str = ""
    count: int = 0
    current: bool = False


@dataclass(frozen=True, slots=True)
class NavGroup:
    """A few pages under one word."""

    label: str
    items: tuple[NavItem, ...]


GROUPS = (
    NavGroup(
        "",
        (
            NavItem("Overview", "overview", "overview"),
            NavItem("Pacing", "plan-list", "pacing"),
            NavItem("Approvals", "request-list", "approvals", "approvals"),
            NavItem("Recommendations", "recommendation-list", "recommendations", "recommendations"),
        ),
    ),
    NavGroup(
        "Plan",
        (
            NavItem("Portfolios", "portfolio-list", "portfolios", "portfolios"),
            NavItem("Series", "series-list", "history"),
            NavItem("Ad campaigns", "ad-campaign-list", "ad-campaigns"),
            NavItem("Calendar", "calendar", "calendar-event"),
            NavItem("Replay lab", "pacing-lab", "refresh"),
        ),
    ),
    NavGroup(
        "Control",
        (
            NavItem("Changes", "change-set-list", "changes"),
            NavItem("Checks", "check-list", "shield-check"),
            NavItem("Decision log", "decision-list", "history"),
            NavItem("Calibration", "calibration", "chart-line"),
            NavItem("Activity", "activity-list", "activity"),
        ),
    ),
    NavGroup(
        "Organization",
        (
            NavItem("Connections", "connection-list", "connections", "connections"),
            NavItem("Imports", "import-list", "imports"),
            NavItem("Exchange rates", "fx-list", "arrows-sort"),
            NavItem("Settings", "settings", "settings"),
            NavItem("Operations", "operations", "operations", "operations"),
        ),
    ),
)


def _items(
    group: NavGroup, urls: dict[str, str], current: str, waiting: dict[str, int]
) -> tuple[NavItem, ...]:
    return tuple(
        replace(item, url=url, current=url == current, count=waiting.get(item.count_key, 0))
        for item in group.items
        if (url := urls.get(item.url_name))
    )


def _navigation(request: HttpRequest) -> list[NavGroup]:
    actor = getattr(request, "actor", None)
    if actor is None:
        return []
    waiting = counts.waiting_for(actor)
    urls = {item.url_name: url for group in GROUPS for item in group.items if (url := _url_of(item))}
    # Pages may lie below one another: the closest one is where the reader is.
    above = [
        url for url in urls.values() if request.path == url or (url != "/" and request.path.startswith(url))
    ]
    current = max(above, key=len, default="")
    return [NavGroup(group.label, _items(group, urls, current, waiting)) for group in GROUPS]


def _url_of(item: NavItem) -> str:
    try:
        return reverse(item.url_name)
    except NoReverseMatch:
        return ""


def shell(request: HttpRequest) -> dict[str, Any]:
    """What every page shows around itself."""
    return {
        "navigation": SimpleLazyObject(lambda: _navigation(request)),
        "actor": getattr(request, "actor", None),
        "organization": getattr(request, "organization", None),
        "theme": request.COOKIES.get("lane_theme", "system"),
        "debug": settings.DEBUG,
        "has_sandbox": bool(settings.SANDBOX),
        "business_now": SimpleLazyObject(clock.now),
        "lane_version": settings.LANE_VERSION,
    }
