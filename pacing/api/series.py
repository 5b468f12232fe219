"""Recurring plans, and the checks over all plans, in the API."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, OpenApiTypes, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from campaigns.selectors import budgets_for
from lane.accounts.selectors import clients_for
from lane.api.fields import (
    LaneSerializer,
    MoneyField,
    MoneyInput,
    OptionalReasonSerializer,
    RefField,
    RefsField,
)
from lane.api.idempotency import idempotent
from lane.api.views import LaneReadViewSet, all_named, named, parsed
from lane.core.errors import InvalidInput
from lane.core.money import Money
from pacing.models import BudgetPlan, PlanSeries
from pacing.selectors.series import series_for
from pacing.services import lint
from pacing.services import series as service


class SeriesSerializer(LaneSerializer):
    """The terms from which Lane makes each cycle's plan. ``problem`` says why the next one could not be made."""

    client = RefField("client")
    owner = RefField("owner")
    amount = MoneyField(attribute="amount_micros")
    budgets = RefsField("budgets")
    plans = serializers.SerializerMethodField()

    class Meta:
        model = PlanSeries
        fields = [
            "id", "name", "client", "owner", "amount", "currency", "timezone", "cadence", "cycle_days", "anchor_on",
            "last_on", "budgets", "strategy", "landing", "tolerance_ratio", "mode", "pause_at_target", "amount_rule",
            "rollover", "rollover_cap_ratio", "make_ahead_days", "is_active", "problem", "version", "plans", "created_at",
        ]  # fmt: skip
        read_only_fields = fields

    def get_plans(self, series: PlanSeries) -> list[str]:
        """Ids of its plans, newest cycle first, archived ones left out."""
        return [str(plan.public_id) for plan in series.cycles]  # type: ignore[attr-defined]


class _SeriesTerms(serializers.Serializer):
    """Terms that a new and an edited series share."""

    last_on = serializers.DateField(required=False, allow_null=True)
    strategy = serializers.ChoiceField(choices=BudgetPlan.Strategy.choices, required=False)
    landing = serializers.ChoiceField(choices=BudgetPlan.Landing.choices, required=False)
    tolerance_ratio = serializers.DecimalField(
        max_digits=5, decimal_places=4, required=False, min_value=Decimal("0.0001"), max_value=Decimal("0.5")
    )
    mode = serializers.ChoiceField(choices=BudgetPlan.Mode.choices, required=False)
    pause_at_target = serializers.BooleanField(required=False)
    amount_rule = serializers.ChoiceField(choices=BudgetPlan.AmountRule.choices, required=False)
    rollover = serializers.ChoiceField(choices=BudgetPlan.Rollover.choices, required=False)
    rollover_cap_ratio = serializers.DecimalField(
        max_digits=5, decimal_places=4, required=False, min_value=Decimal(0), max_value=Decimal(1)
    )
    make_ahead_days = serializers.IntegerField(required=False, min_value=0, max_value=31)


class CreateSeriesSerializer(_SeriesTerms):
    """A new series over budgets of one client."""

    client = serializers.UUIDField()
    name = serializers.CharField(max_length=100)
    amount = MoneyInput(help_text="Of each cycle; its currency is the series'.")
    cadence = serializers.ChoiceField(choices=PlanSeries.Cadence.choices)
    cycle_days = serializers.IntegerField(required=False, min_value=1, max_value=366)
    anchor_on = serializers.DateField(help_text="First day of the first cycle.")
    budgets = serializers.ListField(child=serializers.UUIDField(), allow_empty=False)


class EditSeriesSerializer(_SeriesTerms):
    """What of later cycles changes; what is left out stays."""

    version = serializers.IntegerField(min_value=1)
    reason = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")
    name = serializers.CharField(max_length=100, required=False)
    amount = MoneyInput(required=False)
    budgets = serializers.ListField(child=serializers.UUIDField(), required=False, allow_empty=False)


class SeriesFilter(django_filters.FilterSet):
    """Which series."""

    client = django_filters.UUIDFilter(field_name="client__public_id")
    is_active = django_filters.BooleanFilter()

    class Meta:
        model = PlanSeries
        fields: list[str] = []


class SeriesViewSet(LaneReadViewSet[PlanSeries]):
    """Recurring plans."""

    queryset = PlanSeries.objects.none()
    serializer_class = SeriesSerializer
    filterset_class = SeriesFilter

    def get_queryset(self) -> QuerySet[PlanSeries]:
        """Series of the clients the caller sees."""
        return series_for(self.actor)

    @extend_schema(request=CreateSeriesSerializer, responses={201: SeriesSerializer})
    @idempotent
    def create(self, request: Request) -> Response:
        """Begin a series; the running cycle's plan is made at once."""
        asked = parsed(CreateSeriesSerializer, request.data)
        amount: Money = asked.pop("amount")
        client = named(clients_for(self.actor), asked.pop("client"), "client")
        budgets = all_named(budgets_for(self.actor), asked.pop("budgets"), "budgets")
        made = service.create(
            actor=self.actor, client=client, budgets=budgets, amount_micros=amount.micros,
            currency=amount.currency, **asked,
        )  # fmt: skip
        return self.answer(made, status=201)

    @extend_schema(request=EditSeriesSerializer, responses=SeriesSerializer)
    def partial_update(self, request: Request, public_id: str) -> Response:
        """Change the terms of later cycles; plans that exist keep theirs."""
        found = self.get_object()
        asked = parsed(EditSeriesSerializer, request.data)
        changes: dict[str, Any] = {}
        if amount := asked.pop("amount", None):
            if amount.currency != found.currency:
                raise InvalidInput(fields={"amount": f"The series is in {found.currency}."})
            changes["amount_micros"] = amount.micros
        if "budgets" in asked:
            changes["budgets"] = all_named(budgets_for(self.actor), asked.pop("budgets"), "budgets")
        version = asked.pop("version")
        return self.answer(
            service.edit(found.public_id, actor=self.actor, expected_version=version, **changes, **asked)
        )

    @extend_schema(request=OptionalReasonSerializer, responses=SeriesSerializer)
    @action(detail=True, methods=["post"])
    @idempotent
    def end(self, request: Request, public_id: str) -> Response:
        """Make no further plans; the running one goes on."""
        found = self.get_object()
        return self.answer(
            service.end(found.public_id, actor=self.actor, **parsed(OptionalReasonSerializer, request.data))
        )

    @extend_schema(request=None, responses=SeriesSerializer)
    @action(detail=True, methods=["post"])
    @idempotent
    def resume(self, request: Request, public_id: str) -> Response:
        """Go on from the running cycle."""
        return self.answer(service.resume(self.get_object().public_id, actor=self.actor))


class PlanProblemSerializer(serializers.Serializer):
    """One hole or conflict with its fix."""

    code = serializers.CharField()
    severity = serializers.ChoiceField(choices=[("high", "High"), ("medium", "Medium")])
    title = serializers.CharField()
    detail = serializers.CharField()
    fix = serializers.CharField()
    url = serializers.CharField()
    client_id = serializers.UUIDField()
    about = serializers.UUIDField()


class CheckViewSet(ViewSet):
    """Holes and conflicts between plans, series, portfolios and rates."""

    @extend_schema(
        parameters=[OpenApiParameter("client", OpenApiTypes.UUID)],
        responses=PlanProblemSerializer(many=True),
        operation_id="checks_list",
    )
    def list(self, request: Request) -> Response:
        """Every problem the caller sees, the costly ones first."""
        actor = request.actor  # type: ignore[attr-defined]
        asked = request.query_params.get("client", "")
        client = None
        if asked:
            try:
                client = named(clients_for(actor), serializers.UUIDField().to_internal_value(asked), "client")
            except serializers.ValidationError:
                raise InvalidInput(fields={"client": "Give the id of a client."}) from None
        return Response(PlanProblemSerializer(lint.problems(actor, client=client), many=True).data)
