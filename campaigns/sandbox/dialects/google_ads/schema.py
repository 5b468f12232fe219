"""Which fields exist and how values get into a ``GoogleAdsRow``: both are read from the SDK's own messages."""

from __future__ import annotations

import functools
from typing import Any

from google.ads.googleads.v26.services.types import google_ads_service

from campaigns.sandbox.dialects.google_ads.gaql import Query, bad

ROW = google_ads_service.GoogleAdsRow.pb()

_MAY_JOIN = {
    "customer": {"customer", "metrics", "segments"},
    "customer_client": {"customer_client", "customer"},
    "campaign": {"campaign", "campaign_budget", "customer", "metrics", "segments"},
    "campaign_budget": {"campaign_budget", "customer", "metrics", "segments"},
    "ad_group": {"ad_group", "campaign", "campaign_budget", "customer", "metrics", "segments"},
    "ad_group_ad": {
        "ad_group_ad",
        "ad_group",
        "campaign",
        "campaign_budget",
        "customer",
        "metrics",
        "segments",
    },
    "currency_constant": {"currency_constant"},
    "campaign_simulation": {"campaign_simulation", "campaign", "customer"},
    "change_event": {"change_event", "campaign", "ad_group", "customer"},
}
_NOT_WITH_HOUR = ("all_conversions", "impression_share", "by_conversion_date")


def check(query: Query, *, manager: bool) -> None:
    """Refuse what Google would refuse about fields, before anything is read."""
    allowed = _MAY_JOIN.get(query.source)
    if allowed is None:
        raise bad("BAD_RESOURCE_TYPE_IN_FROM_CLAUSE", f"Error in FROM: {query.source} is not supported here.")
    for name in sorted(query.fields):
        if path_of(name) is None:
            raise bad("UNRECOGNIZED_FIELD", f"Unrecognized field in the query: '{name}'.")
        if name.split(".")[0] not in allowed:
            raise bad(
                "PROHIBITED_RESOURCE_TYPE_IN_SELECT_CLAUSE",
                f"'{name}' cannot be selected from {query.source}.",
            )
    metrics = [name for name in query.fields if name.startswith("metrics.")]
    if metrics and manager:
        raise bad(
            "REQUESTED_METRICS_FOR_MANAGER",
            "Metrics cannot be requested for a manager account. To retrieve metrics, issue separate requests "
            "against each client account under the manager account.",
        )
    if "segments.hour" in query.fields:
        for name in metrics:
            if any(word in name for word in _NOT_WITH_HOUR):
                raise bad(
                    "PROHIBITED_SEGMENT_WITH_METRIC_IN_SELECT_OR_WHERE_CLAUSE",
                    f"Cannot select or filter on segment 'segments.hour' with metric '{name}'.",
                )
    for name, _ in query.order:
        if name not in query.select:
            raise bad(
                "EXPECTED_REFERENCED_FIELD_IN_SELECT_CLAUSE", f"'{name}' must be selected to sort by it."
            )
    if "segments.date" in query.select and not query.on("segments.date"):
        raise bad("EXPECTED_FILTERS_ON_DATE_RANGE", "A filter on segments.date is required.")


@functools.cache
def path_of(name: str) -> tuple[str, ...] | None:
    """The attributes that lead to a field of the row message; None for a field that does not exist."""
    found: list[str] = []
    message = ROW.DESCRIPTOR
    parts = name.split(".")
    if len(parts) < 2:
        return None
    for part in parts:
        if message is None:
            return None
        one = next((n for n in (part, f"{part}_") if n in message.fields_by_name), None)
        if one is None:
            return None
        found.append(one)
        message = message.fields_by_name[one].message_type
    return tuple(found)


def row(values: dict[str, Any], select: tuple[str, ...]) -> Any:
    """A row message with the selected values; what the sandbox does not model stays unset."""
    made = ROW()
    for name in select:
        value = values.get(name)
        if value is not None:
            put(made, name, value)
    return made


def put(message: Any, name: str, value: Any) -> None:
    """Set one field by its dotted name."""
    *way, last = path_of(name) or ()
    for step in way:
        message = getattr(message, step)
    field = message.DESCRIPTOR.fields_by_name[last]
    if field.message_type is not None and isinstance(value, list | tuple):
        getattr(message, last).extend(value)
    elif field.message_type is not None:
        getattr(message, last).CopyFrom(value)
    elif field.enum_type is not None:
        numbers = field.enum_type.values_by_name
        if isinstance(value, list | tuple):
            getattr(message, last).extend(numbers[item].number for item in value)
        else:
            setattr(message, last, numbers[value].number)
    elif isinstance(value, list | tuple):
        getattr(message, last).extend(value)
    else:
        setattr(message, last, value)
