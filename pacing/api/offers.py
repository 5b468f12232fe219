"""Plans that cannot spend their amount, and what can be done about it, under /api/v1/."""

from __future__ import annotations

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from lane.api.fields import LaneSerializer, MoneyField, RefField
from lane.api.idempotency import idempotent
from lane.api.views import LaneReadViewSet, parsed
from pacing.api.explanations import NUMBERS_SCHEMA, SentenceSerializer
from pacing.models import Offer, Shortfall
from pacing.selectors.offers import offers_for, shortfalls_for
from pacing.services import taken_offers


class OfferSerializer(LaneSerializer):
    """One way out with its computed effect. Every figure of ``text`` is one of ``numbers``."""

    client = RefField("client")
    plan = RefField("plan")
    to_plan = RefField("to_plan")
    change_set = RefField("change_set")
    expected_end = MoneyField(attribute="expected_end_micros")
    terms = extend_schema_field({"type": "object", "additionalProperties": {}})(serializers.JSONField)(
        read_only=True
    )
    numbers = extend_schema_field(NUMBERS_SCHEMA)(serializers.JSONField)(read_only=True)

    class Meta:
        model = Offer
        fields = [
            "id", "client", "plan", "kind", "to_plan", "state", "text", "terms", "numbers", "expected_end",
            "offered_at", "taken_at", "taken_label", "change_set",
        ]  # fmt: skip
        read_only_fields = fields


class ShortfallSerializer(LaneSerializer):
    """Why a plan cannot spend its amount, the most it can reach, and what is offered."""

    client = RefField("client")
    plan = RefField("plan")
    amount = MoneyField(attribute="amount_micros")
    achievable = MoneyField(attribute="achievable_micros")
    gap = MoneyField(attribute="gap_micros")
    accepted_end = MoneyField(attribute="accepted_end_micros")
    numbers = extend_schema_field(NUMBERS_SCHEMA)(serializers.JSONField)(read_only=True)
    sentences = SentenceSerializer(many=True, read_only=True)
    offers = OfferSerializer(many=True, read_only=True)

    class Meta:
        model = Shortfall
        fields = [
            "id", "client", "plan", "cause", "amount", "achievable", "gap", "numbers", "sentences", "opened_at",
            "seen_at", "resolved_at", "resolution", "accepted_at", "accepted_label", "accepted_end", "offers",
        ]  # fmt: skip
        read_only_fields = fields


class TakeOfferSerializer(serializers.Serializer):
    """Why, and on wish the text that was read: other figures by then refuse the offer."""

    reason = serializers.CharField(max_length=280, allow_blank=True)
    text = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")


class ShortfallFilter(django_filters.FilterSet):
    """Shortfalls."""

    client = django_filters.UUIDFilter(field_name="client__public_id")
    plan = django_filters.UUIDFilter(field_name="plan__public_id")
    cause = django_filters.ChoiceFilter(choices=Shortfall.Cause.choices)
    open = django_filters.BooleanFilter(field_name="resolved_at", lookup_expr="isnull")

    class Meta:
        model = Shortfall
        fields: list[str] = []


class OfferFilter(django_filters.FilterSet):
    """Offers."""

    client = django_filters.UUIDFilter(field_name="client__public_id")
    plan = django_filters.UUIDFilter(field_name="plan__public_id")
    kind = django_filters.ChoiceFilter(choices=Offer.Kind.choices)
    state = django_filters.ChoiceFilter(choices=Offer.State.choices)

    class Meta:
        model = Offer
        fields: list[str] = []


class ShortfallViewSet(LaneReadViewSet[Shortfall]):
    """Plans that cannot spend their amount, newest first."""

    queryset = Shortfall.objects.none()
    serializer_class = ShortfallSerializer
    filterset_class = ShortfallFilter

    def get_queryset(self) -> QuerySet[Shortfall]:
        """Shortfalls of the clients the caller sees."""
        return shortfalls_for(self.actor)


class OfferViewSet(LaneReadViewSet[Offer]):
    """Ways out of shortfalls, newest first."""

    queryset = Offer.objects.none()
    serializer_class = OfferSerializer
    filterset_class = OfferFilter
    write_scope = "propose"

    def get_queryset(self) -> QuerySet[Offer]:
        """Offers of the clients the caller sees."""
        return offers_for(self.actor)

    @extend_schema(request=TakeOfferSerializer, responses=OfferSerializer)
    @action(detail=True, methods=["post"])
    @idempotent
    def take(self, request: Request, public_id: str) -> Response:
        """Choose this way out; amounts, dates and bids then ask for approval as they always do."""
        found = self.get_object()
        asked = parsed(TakeOfferSerializer, request.data)
        taken = taken_offers.take(
            found.public_id, actor=self.actor, reason=asked["reason"], expected_text=asked["text"]
        )
        return self.answer(taken)
