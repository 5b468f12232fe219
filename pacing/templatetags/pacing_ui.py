"""Small filters of the pacing pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template

register = template.Library()

_ACTIONS = {
    "pacing.plan.created": "made the plan",
    "pacing.plan.changed": "changed the plan",
    "pacing.plan.amended": "changed the approved amount or dates",
    "pacing.plan.rolled_over": "rolled over from the cycle before",
    "pacing.plan.budgets_changed": "changed its budgets",
    "pacing.plan.paused": "paused pacing",
    "pacing.plan.resumed": "resumed pacing",
    "pacing.plan.archived": "archived the plan",
    "pacing.recommendation.accepted": "accepted a recommendation",
    "pacing.recommendation.declined": "declined a recommendation",
    "pacing.offer.taken": "chose a way out of the shortfall",
}


@register.filter
def activity_words(action: str) -> str:
    """An audit action of a plan in words."""
    return _ACTIONS.get(action, action.rpartition(".")[2].replace("_", " "))


@register.filter
def abs_micros(micros: int) -> int:
    """An amount without its direction."""
    return abs(micros)


@register.filter
def item(values: Any, key: str) -> Any:
    """The value of a key; nothing when there are no values."""
    return values.get(key) if isinstance(values, Mapping) else None
