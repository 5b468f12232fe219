"""Exchange rates in the API."""

from __future__ import annotations

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from lane.api.fields import LaneSerializer
from lane.api.idempotency import idempotent
from lane.api.views import LaneReadViewSet, parsed
from pacing.models import FxRate
from pacing.selectors.fx import rates_for
from pacing.services import fx
from pacing.services.fx import RateRow


class FxRateSerializer(LaneSerializer):
    """One unit of ``base`` is worth ``rate`` of ``quote`` from that day on, until a later rate is known."""

    class Meta:
        model = FxRate
        fields = ["id", "base", "quote", "on", "rate", "source", "entered_label", "created_at", "updated_at"]
        read_only_fields = fields


class EnterRateSerializer(serializers.Serializer):
    """One rate; a second one for the same day replaces it."""

    base = serializers.CharField(max_length=3, help_text="ISO 4217")
    quote = serializers.CharField(max_length=3, help_text="ISO 4217")
    on = serializers.DateField()
    rate = serializers.CharField(max_length=24, help_text="Decimal text with at most 8 decimals.")


class ImportRatesSerializer(serializers.Serializer):
    """Rows of date, from, to and rate, as CSV text."""

    text = serializers.CharField(max_length=400_000, trim_whitespace=False)
    preview = serializers.BooleanField(required=False, default=False, help_text="Only judge the rows.")


class RateRowSerializer(serializers.Serializer):
    """One row as read: ``changes`` is new, same, changed or refused."""

    line = serializers.IntegerField()
    on = serializers.DateField(allow_null=True)
    base = serializers.CharField()
    quote = serializers.CharField()
    rate = serializers.CharField(allow_null=True)
    changes = serializers.CharField()
    problem = serializers.CharField()


class ReadRatesSerializer(serializers.Serializer):
    """What a CSV did, or would do, row by row."""

    imported = serializers.IntegerField()
    rows = RateRowSerializer(many=True)


class FxRateFilter(django_filters.FilterSet):
    """Which rates."""

    base = django_filters.CharFilter(lookup_expr="iexact")
    quote = django_filters.CharFilter(lookup_expr="iexact")
    since = django_filters.DateFilter(field_name="on", lookup_expr="gte")
    until = django_filters.DateFilter(field_name="on", lookup_expr="lte")

    class Meta:
        model = FxRate
        fields: list[str] = []


class FxRateViewSet(LaneReadViewSet[FxRate]):
    """Exchange rates, newest day first. Lane fetches none: enter or import them."""

    queryset = FxRate.objects.none()
    serializer_class = FxRateSerializer
    filterset_class = FxRateFilter

    def get_queryset(self) -> QuerySet[FxRate]:
        """Rates of the organization."""
        return rates_for(self.actor)

    @extend_schema(request=EnterRateSerializer, responses={201: FxRateSerializer})
    @idempotent
    def create(self, request: Request) -> Response:
        """Enter one rate."""
        asked = parsed(EnterRateSerializer, request.data)
        value = asked.pop("rate")
        return self.answer(fx.enter(actor=self.actor, value=value, **asked), status=201)

    @extend_schema(responses={204: OpenApiResponse(description="Forgotten.")})
    def destroy(self, request: Request, public_id: str) -> Response:
        """Forget a wrong rate."""
        fx.remove(self.get_object().public_id, actor=self.actor)
        return Response(status=204)

    @extend_schema(request=ImportRatesSerializer, responses=ReadRatesSerializer)
    @action(detail=False, methods=["post"], url_path="import", url_name="import")
    @idempotent
    def import_rates(self, request: Request) -> Response:
        """Import the rows that are right; the others come back with what is wrong."""
        asked = parsed(ImportRatesSerializer, request.data)
        if asked["preview"]:
            reading, changed = fx.read_csv(asked["text"], actor=self.actor), 0
        else:
            reading, changed = fx.import_rates(asked["text"], actor=self.actor)
        rows = [_shown(row) for row in reading.rows]
        return Response(ReadRatesSerializer({"imported": changed, "rows": rows}).data)


def _shown(row: RateRow) -> dict[str, object]:
    rate = None if row.rate is None else f"{row.rate.normalize():f}"
    return {
        "line": row.line, "on": row.on, "base": row.base, "quote": row.quote, "rate": rate,
        "changes": row.changes, "problem": row.problem,
    }  # fmt: skip
