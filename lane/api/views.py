"""What every API view has in common."""

from __future__ import annotations

from typing import Any, TypeVar

from django.db import models
from rest_framework import serializers
from rest_framework.viewsets import GenericViewSet

from lane.core.actors import Actor

M = TypeVar("M", bound=models.Model)


class LaneViewSet(GenericViewSet[M]):
    """Things are found by their public id among those the caller may see."""

    lookup_field = "public_id"
    lookup_url_kwarg = "public_id"
    lookup_value_converter = "uuid"
    write_scope = "write"

    @property
    def actor(self) -> Actor:
        """Who calls."""
        return self.request.actor  # type: ignore[attr-defined,no-any-return]


def parsed(serializer_class: type[serializers.Serializer], data: Any) -> dict[str, Any]:
    """The validated input of a named action. Raises a problem that names each field."""
    serializer = serializer_class(data=data)
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)
