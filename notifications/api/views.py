"""The caller's own notices."""

from __future__ import annotations

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from lane.api.fields import LaneSerializer, RefField
from lane.api.idempotency import idempotent
from lane.api.views import LaneReadViewSet
from notifications.models import Notification
from notifications.selectors import notifications_for
from notifications.services import notices


class NotificationSerializer(LaneSerializer):
    """One notice for one person."""

    client = RefField("client")

    class Meta:
        model = Notification
        fields = ["id", "client", "kind", "severity", "title", "body", "url", "created_at", "read_at"]
        read_only_fields = fields


class ReadSerializer(serializers.Serializer):
    """How many were marked."""

    read = serializers.IntegerField()


class NotificationFilter(django_filters.FilterSet):
    """Which notices."""

    unread = django_filters.BooleanFilter(field_name="read_at", lookup_expr="isnull", label="Unread")
    kind = django_filters.CharFilter()
    severity = django_filters.ChoiceFilter(choices=Notification.Severity.choices)

    class Meta:
        model = Notification
        fields: list[str] = []


class NotificationViewSet(LaneReadViewSet[Notification]):
    """Notices, newest first."""

    queryset = Notification.objects.none()
    serializer_class = NotificationSerializer
    filterset_class = NotificationFilter

    def get_queryset(self) -> QuerySet[Notification]:
        """The caller's own, about clients they still see."""
        return notifications_for(self.actor).select_related("client")

    @extend_schema(request=None, responses=NotificationSerializer)
    @action(detail=True, methods=["post"])
    @idempotent
    def read(self, request: Request, public_id: str) -> Response:
        """Mark as read; reading twice is fine."""
        notice = self.get_object()
        notices.mark_read(notice.public_id, actor=self.actor)
        return self.answer(notice)

    @extend_schema(request=None, responses=ReadSerializer)
    @action(detail=False, methods=["post"], url_path="read-all")
    @idempotent
    def read_all(self, request: Request) -> Response:
        """Mark everything as read."""
        return Response({"read": notices.mark_all_read(actor=self.actor)})
