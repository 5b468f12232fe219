"""Why things were decided, under /api/v1/: the same stored explanations the decision log shows."""

from __future__ import annotations

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, OpenApiTypes, extend_schema, extend_schema_field
from rest_framework import serializers

from campaigns.models import PLATFORM_CHOICES
from lane.api.fields import LaneSerializer, RefField
from lane.api.views import LaneReadViewSet
from lane.core.errors import NotVisible
from pacing.models import Explanation
from pacing.selectors import plans_for
from pacing.selectors.explanations import explanations_for, with_words

NUMBERS_SCHEMA = {
    "type": "object",
    "description": "Figures by name; the ending says the unit: _micros (millionths of the currency), _ratio, "
    "_hours, _days, _count, _on (ISO date); others are text, or lists of what one allocation weighed.",
    "additionalProperties": {},
}


class SentenceSerializer(serializers.Serializer):
    """One sentence and exactly the numbers it was made of."""

    code = serializers.CharField()
    numbers = extend_schema_field(NUMBERS_SCHEMA)(serializers.JSONField)()
    text = serializers.CharField()


class ExplanationSerializer(LaneSerializer):
    """Why something was decided, as it was known then. Every figure in a text is one of its numbers."""

    client = RefField("client")
    plan = RefField("plan")
    portfolio = RefField("portfolio")
    numbers = extend_schema_field(NUMBERS_SCHEMA)(serializers.JSONField)(read_only=True)
    sentences = SentenceSerializer(many=True, read_only=True)

    class Meta:
        model = Explanation
        fields = [
            "id", "kind", "client", "plan", "portfolio", "subject_id", "at", "title", "currency", "platforms",
            "numbers", "sentences", "actor_label",
        ]  # fmt: skip
        read_only_fields = fields


class ExplanationFilter(django_filters.FilterSet):
    """What the decision log can be narrowed by."""

    plan = django_filters.UUIDFilter(field_name="plan__public_id")
    portfolio = django_filters.UUIDFilter(field_name="portfolio__public_id")
    client = django_filters.UUIDFilter(field_name="client__public_id")
    kind = django_filters.ChoiceFilter(choices=Explanation.Kind.choices)
    subject = django_filters.CharFilter(field_name="subject_id", label="Public id of what was decided")
    platform = django_filters.ChoiceFilter(choices=PLATFORM_CHOICES, method="on_platform")
    since = django_filters.IsoDateTimeFilter(field_name="at", lookup_expr="gte")
    until = django_filters.IsoDateTimeFilter(field_name="at", lookup_expr="lt")
    q = django_filters.CharFilter(method="saying", label="Words of the title, the names or the sentences")

    class Meta:
        model = Explanation
        fields: list[str] = []

    def on_platform(self, found: QuerySet, name: str, value: str) -> QuerySet:
        """Decisions about a platform."""
        return found.filter(platforms__contains=[value])

    def saying(self, found: QuerySet, name: str, value: str) -> QuerySet:
        """Decisions whose words hold every word asked for."""
        return with_words(found, value)


class ExplanationViewSet(LaneReadViewSet[Explanation]):
    """The decision log, newest first."""

    queryset = Explanation.objects.none()
    serializer_class = ExplanationSerializer
    filterset_class = ExplanationFilter

    def get_queryset(self) -> QuerySet[Explanation]:
        """Explanations of the clients the caller sees."""
        return explanations_for(self.actor)


@extend_schema(parameters=[OpenApiParameter("plan_id", OpenApiTypes.UUID, OpenApiParameter.PATH)])
class PlanExplanationViewSet(ExplanationViewSet):
    """What was decided for one plan, newest first."""

    def get_queryset(self) -> QuerySet[Explanation]:
        """Explanations of a plan the caller sees; an unknown plan is not found."""
        plan = self.kwargs["plan_id"]
        if self.action == "list" and not plans_for(self.actor).filter(public_id=plan).exists():
            raise NotVisible
        return super().get_queryset().filter(plan__public_id=plan)
