"""Scores of projections and what they earn, under /api/v1/."""

from __future__ import annotations

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, OpenApiTypes, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.models import PLATFORM_CHOICES
from lane.accounts.selectors import clients_for
from lane.api.fields import LaneSerializer, MoneyField, RefField
from lane.api.views import LaneReadViewSet, named
from lane.core import clock
from pacing.models import ProjectionScore
from pacing.selectors import calibration
from pacing.services import scoring


class ScoreSerializer(LaneSerializer):
    """One day's projection of a plan's end against what was spent. ``error_ratio`` is a share of the amount."""

    client = RefField("client")
    plan = RefField("plan")
    run = serializers.UUIDField(source="run.public_id", read_only=True, allow_null=True)
    amount = MoneyField(attribute="amount_micros")
    p10 = MoneyField(attribute="p10_micros")
    p50 = MoneyField(attribute="p50_micros")
    p90 = MoneyField(attribute="p90_micros")
    actual = MoneyField(attribute="actual_micros")

    class Meta:
        model = ProjectionScore
        fields = [
            "id", "client", "plan", "run", "platform", "made_on", "made_at", "ended_on", "days_left", "horizon",
            "basis", "amount", "p10", "p50", "p90", "actual", "error_ratio", "covered", "measured", "why_not",
            "scored_at", "corrected_at",
        ]  # fmt: skip
        read_only_fields = fields


class ScoreFilter(django_filters.FilterSet):
    """What scores can be narrowed by."""

    client = django_filters.UUIDFilter(field_name="client__public_id")
    plan = django_filters.UUIDFilter(field_name="plan__public_id")
    platform = django_filters.ChoiceFilter(choices=PLATFORM_CHOICES)
    horizon = django_filters.ChoiceFilter(choices=ProjectionScore.Horizon.choices)
    measured = django_filters.BooleanFilter()
    ended_since = django_filters.DateFilter(field_name="ended_on", lookup_expr="gte")

    class Meta:
        model = ProjectionScore
        fields: list[str] = []


class TotalsSerializer(serializers.Serializer):
    """Averages over some scores; null while there are too few to say."""

    n = serializers.IntegerField()
    plans = serializers.IntegerField()
    error_ratio = serializers.DecimalField(max_digits=14, decimal_places=6, allow_null=True)
    bias_ratio = serializers.DecimalField(max_digits=14, decimal_places=6, allow_null=True)
    coverage_ratio = serializers.DecimalField(max_digits=14, decimal_places=6, allow_null=True)


class CellSerializer(serializers.Serializer):
    """Averages of one client, platform and horizon."""

    client_id = serializers.UUIDField(source="client_public_id")
    client_name = serializers.CharField()
    platform = serializers.CharField(allow_blank=True)
    horizon = serializers.ChoiceField(choices=ProjectionScore.Horizon.choices)
    totals = TotalsSerializer()


class EarnedSerializer(serializers.Serializer):
    """Measured trust in the forecasts for a client and the share of automatic limits it earns."""

    score = serializers.DecimalField(max_digits=6, decimal_places=4)
    share = serializers.DecimalField(max_digits=6, decimal_places=4)
    projections = serializers.IntegerField()
    plans = serializers.IntegerField()
    error_ratio = serializers.DecimalField(max_digits=14, decimal_places=6)
    coverage_ratio = serializers.DecimalField(max_digits=14, decimal_places=6)


class SummarySerializer(serializers.Serializer):
    """Averages by client, platform and horizon; ``trust`` only for one client, null while unknown."""

    totals = TotalsSerializer()
    cells = CellSerializer(many=True)
    trust = EarnedSerializer(allow_null=True)


class ScoreViewSet(LaneReadViewSet[ProjectionScore]):
    """Scores of projections, latest first."""

    queryset = ProjectionScore.objects.none()
    serializer_class = ScoreSerializer
    filterset_class = ScoreFilter

    def get_queryset(self) -> QuerySet[ProjectionScore]:
        """Scores of the clients the caller sees."""
        return calibration.scores_for(self.actor)

    @extend_schema(
        filters=False,
        parameters=[OpenApiParameter("client", OpenApiTypes.UUID, description="Only this client")],
        responses=SummarySerializer,
    )
    @action(detail=False, pagination_class=None, filter_backends=[])
    def summary(self, request: Request) -> Response:
        """Error, bias and coverage of half a year, and what they earn a client."""
        since = clock.now().date() - scoring.LOOKS_BACK
        scores, earned = self.get_queryset().filter(ended_on__gte=since), None
        if wanted := request.query_params.get("client"):
            client = named(clients_for(self.actor), serializers.UUIDField().run_validation(wanted), "client")
            scores, earned = scores.filter(client=client), scoring.trust(client.pk)
        shown = {
            "totals": calibration.totals_of(scores.filter(measured=True)),
            "cells": calibration.cells_of(scores),
            "trust": earned,
        }
        return Response(SummarySerializer(shown).data)
