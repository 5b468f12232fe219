"""Stopping all writes within a scope, and allowing them again."""

from __future__ import annotations

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns import selectors
from campaigns.api.filters import KillSwitchFilter
from campaigns.models import PLATFORM_CHOICES, KillSwitch
from campaigns.selectors.kill_switches import scope_words, switches_for
from campaigns.services import kill_switches
from lane.accounts.selectors import clients_for
from lane.api.fields import LaneSerializer, ReasonSerializer, RefField
from lane.api.idempotency import idempotent
from lane.api.views import LaneReadViewSet, named, parsed


class KillSwitchSerializer(LaneSerializer):
    """One stop. Everything it names must match; a stop that names nothing stops the organization."""

    scope = serializers.SerializerMethodField()
    client = RefField("client")
    connection = RefField("connection")

    class Meta:
        model = KillSwitch
        fields = [
            "id", "scope", "client", "platform", "connection", "reason", "stopped_by_label", "stopped_at",
            "resumed_by_label", "resumed_at", "resume_reason",
        ]  # fmt: skip
        read_only_fields = fields

    def get_scope(self, switch: KillSwitch) -> str:
        """What it stops, in words."""
        return scope_words(switch)


class StopSerializer(serializers.Serializer):
    """What to stop; nothing named stops the whole organization."""

    reason = serializers.CharField(max_length=300)
    client = serializers.UUIDField(required=False, allow_null=True, default=None)
    platform = serializers.ChoiceField(choices=PLATFORM_CHOICES, required=False, allow_blank=True, default="")
    connection = serializers.UUIDField(required=False, allow_null=True, default=None)


class KillSwitchViewSet(LaneReadViewSet[KillSwitch]):
    """Kill switches, newest first."""

    queryset = KillSwitch.objects.none()
    serializer_class = KillSwitchSerializer
    filterset_class = KillSwitchFilter
    write_scopes = {"resume": "manage"}

    def get_queryset(self) -> QuerySet[KillSwitch]:
        """Switches that concern what the caller sees."""
        return switches_for(self.actor)

    @extend_schema(request=StopSerializer, responses={201: KillSwitchSerializer})
    @idempotent
    def create(self, request: Request) -> Response:
        """Stop all writes of the organization, a client, a platform or a connection, within five seconds."""
        asked = parsed(StopSerializer, request.data)
        client_id, connection_id = asked["client"], asked["connection"]
        switch = kill_switches.stop(
            actor=self.actor,
            reason=asked["reason"],
            platform=asked["platform"],
            client=named(clients_for(self.actor), client_id, "client") if client_id else None,
            connection=(
                named(selectors.connections_for(self.actor), connection_id, "connection")
                if connection_id
                else None
            ),
        )
        return self.answer(switch, status=201)

    @extend_schema(request=ReasonSerializer, responses=KillSwitchSerializer)
    @action(detail=True, methods=["post"])
    @idempotent
    def resume(self, request: Request, public_id: str) -> Response:
        """Allow writes again; what was blocked meanwhile stays blocked."""
        found = self.get_object()
        asked = parsed(ReasonSerializer, request.data)
        return self.answer(kill_switches.resume(found.public_id, actor=self.actor, **asked))
