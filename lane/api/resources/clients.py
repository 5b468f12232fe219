"""Clients: the brands and business units an organization works for."""

from __future__ import annotations

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from lane.accounts import selectors
from lane.accounts.models import Client
from lane.accounts.services import clients
from lane.api.fields import LaneSerializer, MoneyField, MoneyInput, OptionalReasonSerializer
from lane.api.idempotency import idempotent
from lane.api.views import LaneReadViewSet, parsed
from lane.core.errors import InvalidInput


class ClientSerializer(LaneSerializer):
    """A client. ``budget_limit`` is the most that its plans of one time may add up to."""

    budget_limit = MoneyField(attribute="budget_limit_micros")

    class Meta:
        model = Client
        fields = ["id", "name", "currency", "timezone", "budget_limit", "archived_at", "created_at"]
        read_only_fields = fields


class CreateClientSerializer(serializers.Serializer):
    """A new client."""

    name = serializers.CharField(max_length=120)
    currency = serializers.CharField(max_length=3, help_text="ISO 4217")
    timezone = serializers.CharField(max_length=64, help_text="Such as Europe/Berlin.")
    budget_limit = MoneyInput(required=False, allow_null=True)


class EditClientSerializer(serializers.Serializer):
    """What of a client changes; what is left out stays."""

    name = serializers.CharField(max_length=120, required=False)
    currency = serializers.CharField(max_length=3, required=False)
    timezone = serializers.CharField(max_length=64, required=False)
    budget_limit = MoneyInput(required=False, allow_null=True, help_text="null lifts the limit.")
    reason = serializers.CharField(max_length=2000, required=False, default="")


class ClientFilter(django_filters.FilterSet):
    """Which clients."""

    q = django_filters.CharFilter(field_name="name", lookup_expr="icontains", label="Part of the name")
    archived = django_filters.BooleanFilter(
        field_name="archived_at",
        lookup_expr="isnull",
        exclude=True,
        label="Only archived ones, or only others",
    )

    class Meta:
        model = Client
        fields: list[str] = []


class ClientViewSet(LaneReadViewSet[Client]):
    """Clients of the organization."""

    queryset = Client.objects.none()
    serializer_class = ClientSerializer
    filterset_class = ClientFilter
    write_scope = "manage"

    def get_queryset(self) -> QuerySet[Client]:
        """Clients the caller sees, archived ones too."""
        return selectors.clients_for(self.actor)

    @extend_schema(request=CreateClientSerializer, responses={201: ClientSerializer})
    @idempotent
    def create(self, request: Request) -> Response:
        """Start working for a client."""
        asked = parsed(CreateClientSerializer, request.data)
        asked |= _limit(asked, asked["currency"])
        return self.answer(clients.create(actor=self.actor, **asked), status=201)

    @extend_schema(request=EditClientSerializer, responses=ClientSerializer)
    def partial_update(self, request: Request, public_id: str) -> Response:
        """Change name, currency, time zone or the limit."""
        client = self.get_object()
        asked = parsed(EditClientSerializer, request.data)
        asked |= _limit(asked, asked.get("currency", client.currency))
        return self.answer(clients.edit(client.public_id, actor=self.actor, **asked))

    @extend_schema(request=OptionalReasonSerializer, responses=ClientSerializer)
    @action(detail=True, methods=["post"])
    @idempotent
    def archive(self, request: Request, public_id: str) -> Response:
        """Stop offering a client; its history stays."""
        found = self.get_object()
        asked = parsed(OptionalReasonSerializer, request.data)
        return self.answer(clients.archive(found.public_id, actor=self.actor, **asked))

    @extend_schema(request=OptionalReasonSerializer, responses=ClientSerializer)
    @action(detail=True, methods=["post"])
    @idempotent
    def restore(self, request: Request, public_id: str) -> Response:
        """Bring an archived client back."""
        found = self.get_object()
        asked = parsed(OptionalReasonSerializer, request.data)
        return self.answer(clients.restore(found.public_id, actor=self.actor, **asked))


def _limit(asked: dict[str, object], currency: object) -> dict[str, int | None]:
    """Takes the limit out of the input, as micros of the client's own currency."""
    if "budget_limit" not in asked:
        return {}
    money = asked.pop("budget_limit")
    if money is None:
        return {"budget_limit_micros": None}
    if money.currency != str(currency).upper():  # type: ignore[attr-defined]
        raise InvalidInput(fields={"budget_limit": f"Write the limit in the client's currency, {currency}."})
    return {"budget_limit_micros": money.micros}  # type: ignore[attr-defined]
