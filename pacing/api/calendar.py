"""Planned events under /api/v1/: read, entered, changed, removed, pasted; and what was learned of budgets."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.models import PLATFORM_CHOICES
from lane.accounts.selectors import clients_for
from lane.api.fields import LaneSerializer, RefField
from lane.api.idempotency import idempotent
from lane.api.views import LaneReadViewSet, named, parsed
from pacing.models import PlannedEvent
from pacing.models.calendar import HIGHEST_FACTOR
from pacing.selectors import plans_for
from pacing.selectors.calendar import events_for, plans_touched
from pacing.services import calendar, calendar_csv


class EventPlanSerializer(serializers.Serializer):
    """A plan an event touches."""

    id = serializers.UUIDField(source="public_id")
    name = serializers.CharField()


class PlannedEventSerializer(LaneSerializer):
    """Days of a client that count for more, less or nothing. Days are those of each plan's own time zone."""

    client = RefField("client")
    plan = RefField("plan")
    plans = serializers.SerializerMethodField(help_text="Current plans whose days it changes; null in lists.")

    class Meta:
        model = PlannedEvent
        fields = [
            "id", "client", "name", "kind", "starts_on", "ends_on", "factor", "platform", "plan", "recurs_yearly",
            "note", "plans", "created_at", "updated_at",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(EventPlanSerializer(many=True, allow_null=True))
    def get_plans(self, event: PlannedEvent) -> list[dict[str, Any]] | None:
        """Read for one event only: a list would ask for every client's plans."""
        if self.parent is not None:
            return None
        return list(EventPlanSerializer([plan for plan, _ in plans_touched(event)], many=True).data)


class _EventTerms(serializers.Serializer):
    factor = serializers.DecimalField(
        max_digits=4,
        decimal_places=2,
        min_value=0,
        max_value=HIGHEST_FACTOR,
        required=False,
        help_text="1.5 plans half as much again; a blackout is 0 and may leave it out.",
    )
    ends_on = serializers.DateField(required=False, help_text="Included; the first day when left out.")
    platform = serializers.ChoiceField(choices=PLATFORM_CHOICES, required=False, allow_blank=True)
    plan = serializers.UUIDField(required=False, allow_null=True, help_text="Only for this plan.")
    recurs_yearly = serializers.BooleanField(required=False)
    note = serializers.CharField(max_length=300, required=False, allow_blank=True)


class CreateEventSerializer(_EventTerms):
    """A new event."""

    client = serializers.UUIDField()
    name = serializers.CharField(max_length=120)
    kind = serializers.ChoiceField(choices=PlannedEvent.Kind.choices)
    starts_on = serializers.DateField()


class EditEventSerializer(_EventTerms):
    """What changes; what is left out stays."""

    name = serializers.CharField(max_length=120, required=False)
    kind = serializers.ChoiceField(choices=PlannedEvent.Kind.choices, required=False)
    starts_on = serializers.DateField(required=False)
    reason = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")


class PasteEventsSerializer(serializers.Serializer):
    """A table of events as text, like the page takes it."""

    client = serializers.UUIDField()
    text = serializers.CharField(max_length=200_000, trim_whitespace=False)


class RefusedRowSerializer(serializers.Serializer):
    """A line that was not kept, and why."""

    line = serializers.IntegerField()
    name = serializers.CharField()
    problem = serializers.CharField()


class PastedSerializer(serializers.Serializer):
    """What became of a paste."""

    stored = serializers.IntegerField()
    refused = RefusedRowSerializer(many=True)


class EventFilter(django_filters.FilterSet):
    """What events can be narrowed by."""

    client = django_filters.UUIDFilter(field_name="client__public_id")
    kind = django_filters.ChoiceFilter(choices=PlannedEvent.Kind.choices)
    starts_before = django_filters.DateFilter(field_name="starts_on", lookup_expr="lte")
    ends_after = django_filters.DateFilter(field_name="ends_on", lookup_expr="gte")

    class Meta:
        model = PlannedEvent
        fields: list[str] = []


class PlannedEventViewSet(LaneReadViewSet[PlannedEvent]):
    """The calendar of planned events, soonest first."""

    queryset = PlannedEvent.objects.none()
    serializer_class = PlannedEventSerializer
    filterset_class = EventFilter

    def get_queryset(self) -> QuerySet[PlannedEvent]:
        """Events of the clients the caller sees."""
        return events_for(self.actor)

    @extend_schema(request=CreateEventSerializer, responses={201: PlannedEventSerializer})
    @idempotent
    def create(self, request: Request) -> Response:
        """Put an event into a client's calendar; the plans it touches are looked at again."""
        asked = parsed(CreateEventSerializer, request.data)
        client = named(clients_for(self.actor), asked.pop("client"), "client")
        asked.setdefault("ends_on", asked["starts_on"])
        event = calendar.create(client=client, actor=self.actor, **self._with_plan(asked))
        return self.answer(event, status=201)

    @extend_schema(request=EditEventSerializer, responses=PlannedEventSerializer)
    def partial_update(self, request: Request, public_id: str) -> Response:
        """Change an event."""
        event = self.get_object()
        asked = self._with_plan(parsed(EditEventSerializer, request.data))
        return self.answer(calendar.edit(event.public_id, actor=self.actor, **asked))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, public_id: str) -> Response:
        """Take an event out of the calendar; kept in the activity."""
        calendar.remove(self.get_object().public_id, actor=self.actor)
        return Response(status=204)

    @extend_schema(request=PasteEventsSerializer, responses=PastedSerializer)
    @action(detail=False, methods=["post"])
    @idempotent
    def paste(self, request: Request) -> Response:
        """Keep the usable lines of a table; the others come back with their line number and what is wrong."""
        asked = parsed(PasteEventsSerializer, request.data)
        client = named(clients_for(self.actor), asked["client"], "client")
        stored, refused = calendar.paste(
            client=client, actor=self.actor, rows=calendar_csv.parse(asked["text"])
        )
        rows = [{"line": row.line, "name": row.values["name"], "problem": row.problem} for row in refused]
        return Response(PastedSerializer({"stored": stored, "refused": rows}).data)

    def _with_plan(self, asked: dict[str, Any]) -> dict[str, Any]:
        if asked.get("plan"):
            asked["plan"] = named(plans_for(self.actor), asked["plan"], "plan")
        return asked
