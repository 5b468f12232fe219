"""``GoogleAdsFieldService``: what may be selected with what, for the few fields clients ask about."""

from __future__ import annotations

import re
from typing import Any

from google.ads.googleads.v26.services.types import google_ads_field_service

from campaigns.sandbox.dialects.google_ads import schema
from campaigns.sandbox.dialects.google_ads.gaql import bad

_NAMED = re.compile(r"name\s*(?:=|IN)\s*\(?\s*((?:'[^']*'\s*,?\s*)+)\)?", re.IGNORECASE)
_CATEGORY = {"segments": "SEGMENT", "metrics": "METRIC"}
_DAILY = (
    "metrics.cost_micros", "metrics.impressions", "metrics.clicks", "metrics.conversions",
    "metrics.conversions_value",
)  # fmt: skip
_DAILY_ONLY = ("metrics.all_conversions", "metrics.all_conversions_value")


def search(query: str) -> Any:
    """The fields a query names; unknown names are simply not found."""
    found = _NAMED.search(query)
    if found is None:
        raise bad("EXPECTED_SINGLE_VALUE", "Ask for fields by name: WHERE name = 'segments.hour'.")
    answer = google_ads_field_service.SearchGoogleAdsFieldsResponse.pb()()
    for name in re.findall(r"'([^']*)'", found.group(1)):
        if schema.path_of(name) is None:
            continue
        field = answer.results.add()
        field.resource_name, field.name = f"googleAdsFields/{name}", name
        kind = _CATEGORY.get(name.split(".")[0], "ATTRIBUTE")
        numbers = field.DESCRIPTOR.fields_by_name["category"].enum_type.values_by_name
        field.category = numbers[kind].number
        field.selectable = field.filterable = field.sortable = True
        if kind == "SEGMENT":
            field.metrics.extend(_DAILY if name == "segments.hour" else _DAILY + _DAILY_ONLY)
            field.selectable_with.extend(field.metrics)
    answer.total_results_count = len(answer.results)
    return answer
