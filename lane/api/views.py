"""What every API view has in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

from django.db import models
from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from lane.core.actors import Actor
from lane.core.errors import InvalidInput

M = TypeVar("M", bound=models.Model)
_NOBODY_KNOWS = "Nothing you can see has this id. Check it, or ask for access."


class LaneViewSet(GenericViewSet[M]):
    """Things are found by their public id among those the caller may see.

    ``write_scope`` is the scope a key needs for everything but reading; ``write_scopes`` overrides it by action.
    """

    lookup_field = "public_id"
    lookup_url_kwarg = "public_id"
    lookup_value_converter = "uuid"
    write_scope = "write"
    write_scopes: ClassVar[Mapping[str, str]] = {}

    @property
    def actor(self) -> Actor:
        """Who calls."""
        return self.request.actor  # type: ignore[attr-defined,no-any-return]

    def answer(self, thing: M, status: int = 200) -> Response:
        """The thing as it is now, read the way lists read it."""
        fresh = self.get_queryset().get(pk=thing.pk)
        return Response(self.get_serializer(fresh).data, status=status)


class LaneReadViewSet(ListModelMixin, RetrieveModelMixin, LaneViewSet[M]):
    """A list and its members; named actions are added by each resource."""


def parsed(serializer_class: type[serializers.Serializer], data: Any) -> dict[str, Any]:
    """The validated input of a named action. Raises a problem that names each field, unknown ones too."""
    serializer = serializer_class(data=data)
    if isinstance(data, Mapping):
        known = {name for name, field in serializer.fields.items() if not field.read_only}
        unknown = [str(name) for name in data if name not in known]
        if unknown:
            takes = f" It takes: {', '.join(sorted(known))}." if known else ""
            raise InvalidInput(fields=dict.fromkeys(unknown, f"This call knows no such field.{takes}"))
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def named(rows: QuerySet[M], public_id: Any, field: str) -> M:
    """The visible row a body names; a foreign id is refused exactly as one that does not exist."""
    found = rows.filter(public_id=public_id).first()
    if found is None:
        raise InvalidInput(fields={field: _NOBODY_KNOWS})
    return found


def all_named(rows: QuerySet[M], public_ids: list[Any], field: str) -> list[M]:
    """The visible rows a body lists, in its order; the first unknown one is named by its place."""
    known = {row.public_id: row for row in rows.filter(public_id__in=public_ids)}  # type: ignore[attr-defined]
    missing = {
        f"{field}.{place}": _NOBODY_KNOWS
        for place, public_id in enumerate(public_ids)
        if public_id not in known
    }
    if missing:
        raise InvalidInput(fields=missing)
    return [known[public_id] for public_id in public_ids]
