"""Serializer fields every resource uses."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from lane.core.money import CURRENCIES, Money, NotMoney, parse_amount

_MONEY_SCHEMA = {
    "type": ["object", "null"],
    "properties": {
        "amount_micros": {"type": "integer", "format": "int64"},
        "currency": {"type": "string", "description": "ISO 4217"},
        "amount": {"type": "string", "description": "The same amount as decimal text."},
    },
    "required": ["amount_micros", "currency", "amount"],
}
_REF_SCHEMA = {
    "type": ["object", "null"],
    "properties": {"id": {"type": "string", "format": "uuid"}, "name": {"type": "string"}},
    "required": ["id", "name"],
}
_MONEY_INPUT_SCHEMA = {
    "type": "object",
    "description": "Either `amount_micros` or `amount`, with its currency; what a read returns can be sent back.",
    "properties": {
        "amount_micros": {"type": "integer", "format": "int64"},
        "amount": {"type": "string", "examples": ["1250.00"]},
        "currency": {"type": "string", "examples": ["EUR"]},
    },
    "required": ["currency"],
}


@extend_schema_field(_MONEY_SCHEMA)
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


@extend_schema_field(_REF_SCHEMA)
class RefField(serializers.Field):
    """Another thing, as its id and its name; null when there is none."""

    def __init__(self, attribute: str, **kwargs: Any) -> None:
        self.attribute = attribute
        super().__init__(read_only=True, source="*", **kwargs)

    def to_representation(self, value: Any) -> dict[str, str] | None:
        """Id and name."""
        thing = _follow(value, self.attribute)
        return None if thing is None else {"id": str(thing.public_id), "name": str(thing)}


@extend_schema_field({"type": "array", "items": _REF_SCHEMA | {"type": "object"}})
class RefsField(serializers.Field):
    """Several other things, each as its id and its name. Prefetch them."""

    def __init__(self, attribute: str, **kwargs: Any) -> None:
        self.attribute = attribute
        super().__init__(read_only=True, source="*", **kwargs)

    def to_representation(self, value: Any) -> list[dict[str, str]]:
        """Ids and names."""
        return [{"id": str(one.public_id), "name": str(one)} for one in getattr(value, self.attribute).all()]


@extend_schema_field(_MONEY_INPUT_SCHEMA)
class MoneyInput(serializers.Field):
    """Reads money; gives a ``Money``. Too many decimals for the currency are refused, never rounded."""

    def to_internal_value(self, data: Any) -> Money:
        """Exact money."""
        if not isinstance(data, dict) or not isinstance(data.get("currency"), str):
            raise serializers.ValidationError(
                'Write money as {"amount": "1250.00", "currency": "EUR"} or with "amount_micros".'
            )
        currency = data["currency"].upper()
        if currency not in CURRENCIES:
            raise serializers.ValidationError(f"“{data['currency']}” is not a currency. Use an ISO code.")
        micros, text = data.get("amount_micros"), data.get("amount")
        if micros is None and text is None:
            raise serializers.ValidationError("Give amount_micros or amount.")
        if micros is not None and (isinstance(micros, bool) or not isinstance(micros, int)):
            raise serializers.ValidationError("amount_micros is a whole number: millionths of the currency.")
        if micros is not None and abs(micros) > 9_000_000_000_000_000:
            raise serializers.ValidationError("The amount is too large.")
        if text is not None and not isinstance(text, str):
            raise serializers.ValidationError(
                "Write amount as text such as “1250.00”, so that it stays exact."
            )
        try:
            said = parse_amount(text, currency) if text is not None else micros
        except NotMoney as error:
            raise serializers.ValidationError(str(error)) from None
        if micros is not None and said != micros:
            raise serializers.ValidationError(
                "amount and amount_micros say different amounts. Send one of them."
            )
        return Money(int(said or 0), currency)

    def to_representation(self, value: Money) -> dict[str, object]:
        """Money as the API shows it."""
        return value.as_record()


class LaneSerializer(serializers.ModelSerializer):
    """A thing as the API shows it: public ids only, every field read-only."""

    id = serializers.UUIDField(source="public_id", read_only=True)


class ReasonSerializer(serializers.Serializer):
    """Why."""

    reason = serializers.CharField(max_length=2000)


class OptionalReasonSerializer(serializers.Serializer):
    """Why, if there is something to say."""

    reason = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")


def _follow(value: Any, path: str) -> Any:
    for part in path.split("."):
        value = getattr(value, part, None)
        if value is None:
            return None
    return value
