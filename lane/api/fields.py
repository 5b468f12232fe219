"""Serializer fields every resource uses."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from lane.core.money import Money


@extend_schema_field(
    {
        "type": ["object", "null"],
        "properties": {
            "amount_micros": {"type": "integer"},
            "currency": {"type": "string"},
            "amount": {"type": "string"},
        },
    }
)
class MoneyField(serializers.Field):
    """Shows micros of an attribute with the object's currency; null when unknown."""

    def __init__(self, *, currency: str = "currency", **kwargs: Any) -> None:
        self.currency_path = currency
        kwargs["read_only"] = True
        kwargs.setdefault("source", "*")
        self.attribute = kwargs.pop("attribute")
        super().__init__(**kwargs)

    def to_representation(self, value: Any) -> dict[str, object] | None:
        """Money as the API shows it."""
        micros = _follow(value, self.attribute)
        currency = _follow(value, self.currency_path)
        return None if micros is None or not currency else Money(int(micros), currency).as_record()


def _follow(value: Any, path: str) -> Any:
    for part in path.split("."):
        value = getattr(value, part, None)
        if value is None:
            return None
    return value
