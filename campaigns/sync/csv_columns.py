"""Column names of platform exports, and what they mean in Lane."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from campaigns.platforms.records import Platform

REQUIRED = ("day", "campaign", "cost")
FIELDS = {
    "day": "Day",
    "campaign": "Campaign",
    "cost": "Spend",
    "campaign_id": "Campaign ID",
    "impressions": "Impressions",
    "clicks": "Clicks",
    "conversions": "Conversions",
    "conversion_value": "Conversion value",
    "budget": "Budget per day",
    "budget_name": "Budget name",
    "currency": "Currency",
    "status": "Status",
}
_GOOGLE = {
    "day": ("day", "date"),
    "campaign": ("campaign", "campaign name"),
    "cost": ("cost", "spend"),
    "campaign_id": ("campaign id",),
    "impressions": ("impr.", "impressions"),
    "clicks": ("clicks",),
    "conversions": ("conversions", "conv."),
    "conversion_value": ("conv. value", "conversion value", "total conv. value"),
    "budget": ("budget", "daily budget", "campaign budget"),
    "budget_name": ("budget name",),
    "currency": ("currency code", "currency"),
    "status": ("campaign status", "campaign state", "status"),
}
_META = {
    "day": ("day", "reporting starts"),
    "campaign": ("campaign name",),
    "cost": ("amount spent",),
    "campaign_id": ("campaign id",),
    "impressions": ("impressions",),
    "clicks": ("clicks (all)", "link clicks", "clicks"),
    "conversions": ("purchases", "results", "website purchases"),
    "conversion_value": (
        "purchases conversion value",
        "website purchases conversion value",
        "conversion value",
    ),
    "budget": ("campaign budget", "budget", "daily budget"),
    "currency": ("currency",),
    "status": ("campaign delivery", "delivery status", "status"),
}
_KNOWN = {Platform.GOOGLE_ADS: _GOOGLE, Platform.META: _META}
_IN_CURRENCY = re.compile(r"^(?P<name>.+?)\s*\((?P<currency>[A-Z]{3})\)$")


@dataclass(frozen=True, slots=True)
class Recognised:
    """Which column (by its place) holds which field; ``currency`` when a column name told it."""

    platform: Platform | None
    columns: dict[str, int]
    currency: str = ""

    @property
    def missing(self) -> list[str]:
        """Required fields without a column."""
        return [field for field in REQUIRED if field not in self.columns]


def recognise(header: Sequence[str]) -> Recognised:
    """The platform whose column names fit a header best, and the columns found."""
    names = [_plain(cell) for cell in header]
    found = [_match(platform, names, _currency(header)) for platform in _KNOWN]
    best = max(found, key=lambda each: (len(REQUIRED) - len(each.missing), len(each.columns)))
    if "amount spent" in names:
        best = found[list(_KNOWN).index(Platform.META)]
    return best if best.columns else Recognised(None, {}, _currency(header))


def looks_like_header(cells: Sequence[str]) -> bool:
    """Whether a line names columns: at least the day, or the spend and the campaign."""
    columns = recognise(cells).columns
    return len(columns) >= 2 and ("day" in columns or {"campaign", "cost"} <= columns.keys())


def _match(platform: Platform, names: Sequence[str], currency: str) -> Recognised:
    columns: dict[str, int] = {}
    for field, wanted in _KNOWN[platform].items():
        for name in wanted:
            if name in names:
                columns[field] = names.index(name)
                break
    return Recognised(platform, columns, currency)


def _plain(cell: str) -> str:
    text = " ".join(cell.replace("\ufeff", "").split())
    inside = _IN_CURRENCY.match(text)
    return (inside["name"] if inside else text).lower()


def _currency(header: Sequence[str]) -> str:
    for cell in header:
        inside = _IN_CURRENCY.match(" ".join(cell.split()))
        if inside:
            return inside["currency"]
    return ""
