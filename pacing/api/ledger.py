"""The ledger of plans in the API: entries, amendments, and any figure taken apart."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, OpenApiTypes, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from lane.api.fields import (
    LaneSerializer,
    MoneyField,
    MoneyInput,
    OptionalReasonSerializer,
    ReasonSerializer,
    RefField,
)
from lane.api.idempotency import idempotent
from lane.api.views import LaneReadViewSet, LaneViewSet, named, parsed
from lane.core.errors import InvalidInput, NotVisible
from lane.core.money import Money
from pacing.models import BudgetPlan, LedgerEntry, PlanAmendment
from pacing.selectors import plans_for
from pacing.selectors.ledger import FIGURES, amendments_for, entries_for, explain, how_of
from pacing.services import amendments

_OF_PLAN = OpenApiParameter("plan_id", OpenApiTypes.UUID, OpenApiParameter.PATH)


class AmendmentSerializer(LaneSerializer):
    """A change of a plan's approved amount or dates, and what became of it.

    While ``state`` is proposed it waits as an approval request whose ``subject_id`` is this id.
    """

    client = RefField("client")
    plan = RefField("plan")
    base_amount = MoneyField(attribute="base_amount_micros")
    new_amount = MoneyField(attribute="new_amount_micros")
    approved_amount = MoneyField(attribute="approved_amount_micros")

    class Meta:
        model = PlanAmendment
        fields = [
            "id", "client", "plan", "state", "version", "base_amount", "base_starts_on", "base_ends_on", "new_amount",
            "new_starts_on", "new_ends_on", "approved_amount", "effective_on", "reverts_at_cycle_end", "reason",
            "asked_label", "approval_id", "decided_at", "outcome_reason", "took_effect_at", "expires_at", "created_at",
        ]  # fmt: skip
        read_only_fields = fields


class EntrySerializer(LaneSerializer):
    """One entry of a plan's ledger. ``amount`` is what it added or took away; entries never change."""

    plan = RefField("plan")
    amount = MoneyField(attribute="amount_micros")
    amendment = serializers.UUIDField(
        source="amendment.public_id", read_only=True, allow_null=True, default=None
    )
    rolled_from = RefField("rolled_from")
    how = serializers.SerializerMethodField()

    class Meta:
        model = LedgerEntry
        fields = [
            "id", "plan", "kind", "amount", "effective_on", "starts_on", "ends_on", "reason", "asked_label",
            "approved_label", "via", "approval_id", "link_id", "how", "amendment", "rolled_from", "is_provisional", "at",
        ]  # fmt: skip
        read_only_fields = fields

    def get_how(self, entry: LedgerEntry) -> str:
        """Who asked, who said yes, by which door."""
        return how_of(entry)


class ProposeAmendmentSerializer(serializers.Serializer):
    """Another amount, other dates, or both; what is left out stays."""

    plan = serializers.UUIDField()
    reason = serializers.CharField(max_length=500)
    amount = MoneyInput(required=False, help_text="The whole new amount, not the difference.")
    starts_on = serializers.DateField(required=False)
    ends_on = serializers.DateField(required=False)
    effective_on = serializers.DateField(required=False, help_text="From today on; today when left out.")
    reverts_at_cycle_end = serializers.BooleanField(required=False, default=True)
    version = serializers.IntegerField(required=False, min_value=1, help_text="The plan's, as it was read.")
    always_ask = serializers.BooleanField(
        required=False,
        default=False,
        help_text="Ask for approval even where the caller may change it directly.",
    )


class ReviseAmendmentSerializer(serializers.Serializer):
    """What is asked for instead. ``version`` is the amendment's as it was read."""

    version = serializers.IntegerField(min_value=1)
    reason = serializers.CharField(max_length=500)
    amount = MoneyInput()
    starts_on = serializers.DateField()
    ends_on = serializers.DateField()
    effective_on = serializers.DateField()
    reverts_at_cycle_end = serializers.BooleanField(required=False, default=True)


class AmendmentFilter(django_filters.FilterSet):
    """Which amendments."""

    plan = django_filters.UUIDFilter(field_name="plan__public_id")
    client = django_filters.UUIDFilter(field_name="client__public_id")
    state = django_filters.ChoiceFilter(choices=PlanAmendment.State.choices)

    class Meta:
        model = PlanAmendment
        fields: list[str] = []


class AmendmentViewSet(LaneReadViewSet[PlanAmendment]):
    """Amendments of approved amounts, newest first."""

    queryset = PlanAmendment.objects.none()
    serializer_class = AmendmentSerializer
    filterset_class = AmendmentFilter
    write_scope = "propose"

    def get_queryset(self) -> QuerySet[PlanAmendment]:
        """Amendments of the clients the caller sees."""
        return amendments_for(self.actor)

    @extend_schema(request=ProposeAmendmentSerializer, responses={201: AmendmentSerializer})
    @idempotent
    def create(self, request: Request) -> Response:
        """Ask for another amount or other dates; what needs nobody's yes takes effect at once."""
        asked = parsed(ProposeAmendmentSerializer, request.data)
        plan = named(plans_for(self.actor), asked.pop("plan"), "plan")
        asked["expected_version"] = asked.pop("version", None)
        if amount := asked.pop("amount", None):
            asked["amount_micros"] = _micros(amount, plan.currency)
        made = amendments.propose(plan.public_id, actor=self.actor, **asked)
        return self.answer(made, status=201)

    @extend_schema(request=ReviseAmendmentSerializer, responses=AmendmentSerializer)
    @action(detail=True, methods=["post"])
    @idempotent
    def revise(self, request: Request, public_id: str) -> Response:
        """Ask for something else instead; earlier decisions and links no longer hold."""
        found = self.get_object()
        asked = parsed(ReviseAmendmentSerializer, request.data)
        micros = _micros(asked.pop("amount"), found.currency)
        version = asked.pop("version")
        return self.answer(
            amendments.revise(
                found.public_id, actor=self.actor, expected_version=version, amount_micros=micros, **asked
            )
        )

    @extend_schema(request=OptionalReasonSerializer, responses=AmendmentSerializer)
    @action(detail=True, methods=["post"])
    @idempotent
    def withdraw(self, request: Request, public_id: str) -> Response:
        """Take it back before anybody decided."""
        found = self.get_object()
        asked = parsed(OptionalReasonSerializer, request.data)
        return self.answer(amendments.withdraw(found.public_id, actor=self.actor, **asked))


@extend_schema(parameters=[_OF_PLAN])
class EntryViewSet(LaneReadViewSet[LedgerEntry]):
    """The ledger of one plan, oldest entry first; the amounts sum to the plan's."""

    queryset = LedgerEntry.objects.none()
    serializer_class = EntrySerializer
    write_scope = "propose"

    def get_queryset(self) -> QuerySet[LedgerEntry]:
        """Entries of a plan the caller sees; an unknown plan is not found."""
        _plan(self.actor, self.kwargs["plan_id"])
        return entries_for(self.actor).filter(plan__public_id=self.kwargs["plan_id"])

    @extend_schema(request=ReasonSerializer, responses={201: AmendmentSerializer})
    @action(detail=True, methods=["post"])
    @idempotent
    def reverse(self, request: Request, plan_id: str, public_id: str) -> Response:
        """Ask for the amount and dates from before this amendment; both entries stay."""
        entry = self.get_object()
        made = amendments.reverse(entry.public_id, actor=self.actor, **parsed(ReasonSerializer, request.data))
        fresh = amendments_for(self.actor).get(pk=made.pk)
        return Response(AmendmentSerializer(fresh).data, status=201)


class FigurePartSerializer(serializers.Serializer):
    """One thing a figure is made of."""

    what = serializers.CharField()
    amount = serializers.SerializerMethodField()
    source = serializers.CharField()  # type: ignore[assignment]
    url = serializers.CharField()
    as_of = serializers.SerializerMethodField()

    @extend_schema_field(MoneyField(attribute="amount"))
    def get_amount(self, part: Any) -> dict[str, object]:
        """What it adds."""
        return Money(part.micros, self.context["currency"]).as_record()

    def get_as_of(self, part: Any) -> str | None:
        """How old it is."""
        return part.as_of.isoformat() if part.as_of else None


class FigureExplanationSerializer(serializers.Serializer):
    """A figure and the parts that add up to it exactly. ``amount`` is null when unknown; ``unknown`` says why."""

    figure = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    amount = serializers.SerializerMethodField()
    parts = FigurePartSerializer(many=True)
    note = serializers.CharField()
    unknown = serializers.CharField()
    rates = serializers.ListField(child=serializers.CharField())

    @extend_schema_field(MoneyField(attribute="amount"))
    def get_amount(self, told: Any) -> dict[str, object] | None:
        """The figure."""
        return None if told.micros is None else Money(told.micros, told.currency).as_record()


class ExplainViewSet(LaneViewSet[BudgetPlan]):
    """Any figure of a plan as the parts it adds up from."""

    queryset = BudgetPlan.objects.none()
    serializer_class = FigureExplanationSerializer

    @extend_schema(
        parameters=[_OF_PLAN, OpenApiParameter("figure", str, required=True, enum=list(FIGURES))],
        responses=FigureExplanationSerializer,
        operation_id="plans_explain_retrieve",
    )
    def retrieve(self, request: Request, plan_id: str) -> Response:
        """One figure: amount, spent, remaining, needed_per_day or projected_end."""
        plan = _plan(self.actor, plan_id)
        figure = request.query_params.get("figure", "")
        if figure not in FIGURES:
            raise InvalidInput(fields={"figure": f"Choose one of: {', '.join(FIGURES)}."})
        told = explain(plan, figure)
        return Response(FigureExplanationSerializer(told, context={"currency": told.currency}).data)


def _plan(actor: Any, plan_id: str) -> BudgetPlan:
    plan = plans_for(actor).filter(public_id=plan_id).first()
    if plan is None:
        raise NotVisible
    return plan


def _micros(amount: Money, currency: str) -> int:
    if amount.currency != currency:
        raise InvalidInput(fields={"amount": f"The plan is in {currency}. Write the amount in {currency}."})
    return amount.micros
