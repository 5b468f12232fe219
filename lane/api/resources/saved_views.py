"""Views of lists that people keep."""

from __future__ import annotations

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from lane.accounts import selectors
from lane.accounts.models import SavedView
from lane.accounts.services import saved_views
from lane.api.fields import LaneSerializer, RefField
from lane.api.idempotency import idempotent
from lane.api.views import LaneReadViewSet, parsed


class SavedViewSerializer(LaneSerializer):
    """A named address of a list. ``query`` is what stands after the question mark."""

    owner = RefField("user")

    class Meta:
        model = SavedView
        fields = [
            "id",
            "page",
            "name",
            "query",
            "owner",
            "is_shared",
            "is_default",
            "created_at",
            "updated_at",
        ]
        read_only_fields = fields


class SaveViewSerializer(serializers.Serializer):
    """A view to keep; the same name again replaces what it held."""

    page = serializers.ChoiceField(choices=sorted(saved_views.PAGES.items()))
    name = serializers.CharField(max_length=60)
    query = serializers.CharField(max_length=1000, allow_blank=True, default="")
    is_shared = serializers.BooleanField(default=False)
    is_default = serializers.BooleanField(default=False)


class SavedViewViewSet(LaneReadViewSet[SavedView]):
    """The caller's views and those the team shares."""

    queryset = SavedView.objects.none()
    serializer_class = SavedViewSerializer
    write_scope = "write"

    def get_queryset(self) -> QuerySet[SavedView]:
        """Views the caller may open."""
        return selectors.saved_views_for(self.actor)

    @extend_schema(request=SaveViewSerializer, responses={201: SavedViewSerializer})
    @idempotent
    def create(self, request: Request) -> Response:
        """Keep a view under a name."""
        made = saved_views.save(actor=self.actor, **parsed(SaveViewSerializer, request.data))
        return self.answer(made, status=201)

    @extend_schema(request=None, responses=SavedViewSerializer)
    @action(detail=True, methods=["post"], url_path="open-by-default")
    @idempotent
    def open_by_default(self, request: Request, public_id: str) -> Response:
        """Open the page with this view from now on."""
        return self.answer(saved_views.open_by_default(public_id, actor=self.actor))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, public_id: str) -> Response:
        """Delete a view."""
        saved_views.delete(public_id, actor=self.actor)
        return Response(status=204)
