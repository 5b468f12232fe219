"""Conditions on the activity, the same on the page and in the API."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import django_filters
from django.db.models import QuerySet

from lane.accounts.models import Client
from lane.audit.models import AuditEntry
from lane.core import dates
from lane.core.actors import ActorKind

_KINDS = [
    (ActorKind.PERSON.value, "A person"),
    (ActorKind.LINK.value, "An emailed link"),
    (ActorKind.API_KEY.value, "An API key"),
    (ActorKind.RULE.value, "A rule"),
    (ActorKind.AGENT.value, "An agent"),
    (ActorKind.SYSTEM.value, "Lane"),
]


class ActivityFilter(django_filters.FilterSet):
    """Who, by which kind of actor, what, on which thing or client, and when. Days are those of ``zone``."""

    who = django_filters.CharFilter(field_name="actor_label", lookup_expr="icontains", label="Who")
    kind = django_filters.ChoiceFilter(field_name="actor_kind", choices=_KINDS, label="Kind")
    action = django_filters.CharFilter(field_name="action", lookup_expr="startswith", label="Action")
    object_type = django_filters.CharFilter(field_name="object_type", label="Kind of thing")
    object = django_filters.CharFilter(field_name="object_id", label="Thing")
    client = django_filters.UUIDFilter(method="of_client", label="Client")
    since = django_filters.DateFilter(method="from_day", label="From")
    until = django_filters.DateFilter(method="to_day", label="To")

    class Meta:
        model = AuditEntry
        fields: list[str] = []

    def __init__(self, *args: Any, zone: str = "UTC", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = zone if dates.is_zone(zone) else "UTC"

    def of_client(self, entries: QuerySet, name: str, value: Any) -> QuerySet:
        """Entries of one of the clients the reader sees; of an unknown one there are none."""
        seen = Client.objects.visible_to(self.request.actor)
        return entries.filter(client_id__in=seen.filter(public_id=value).values("pk"))

    def from_day(self, entries: QuerySet, name: str, value: date) -> QuerySet:
        """Entries from the start of a day."""
        return entries.filter(at__gte=dates.day_start(value, self.zone))

    def to_day(self, entries: QuerySet, name: str, value: date) -> QuerySet:
        """Entries up to the end of a day."""
        return entries.filter(at__lt=dates.day_start(value + timedelta(days=1), self.zone))
