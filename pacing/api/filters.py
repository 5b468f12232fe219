"""What plans and recommendations can be narrowed by; the names are those of the pacing table's address."""

from __future__ import annotations

import django_filters
from django.db.models import Q, QuerySet

from campaigns.models import PLATFORM_CHOICES
from pacing.filters import HEALTHS
from pacing.models import BudgetPlan, PacingRun, PlanHealth, Recommendation

_OVER = (BudgetPlan.Status.ENDED, BudgetPlan.Status.ARCHIVED)


class PlanFilter(django_filters.FilterSet):
    """Plans. As on the page, what is over is left out unless asked for by ``status``."""

    client = django_filters.UUIDFilter(field_name="client__public_id")
    platform = django_filters.ChoiceFilter(choices=PLATFORM_CHOICES, method="on_platform")
    status = django_filters.ChoiceFilter(choices=list(HEALTHS.items()), method="in_health")
    owner = django_filters.ChoiceFilter(choices=[("me", "Mine")], method="owned")
    currency = django_filters.CharFilter(lookup_expr="iexact")
    budget = django_filters.UUIDFilter(field_name="plan_budgets__budget__public_id")
    q = django_filters.CharFilter(method="named_like", label="Part of the plan's or client's name")
    updated_since = django_filters.IsoDateTimeFilter(field_name="updated_at", lookup_expr="gte")

    class Meta:
        model = BudgetPlan
        fields: list[str] = []

    def filter_queryset(self, queryset: QuerySet) -> QuerySet:
        """Current plans unless a status says otherwise."""
        if not self.form.cleaned_data.get("status"):
            queryset = queryset.exclude(status__in=_OVER)
        found: QuerySet = super().filter_queryset(queryset)
        return found

    def on_platform(self, plans: QuerySet, name: str, value: str) -> QuerySet:
        """Plans with a budget on a platform."""
        return plans.filter(snapshot__platforms__contains=[value])

    def in_health(self, plans: QuerySet, name: str, value: str) -> QuerySet:
        """What a person did to a plan goes before what the last look found."""
        if value in ("archived", PlanHealth.ENDED):
            return plans.filter(status=value)
        plans = plans.exclude(status__in=_OVER)
        if value == PlanHealth.PAUSED:
            return plans.filter(Q(status=BudgetPlan.Status.PAUSED) | Q(snapshot__health=value))
        return plans.filter(snapshot__health=value).exclude(status=BudgetPlan.Status.PAUSED)

    def owned(self, plans: QuerySet, name: str, value: str) -> QuerySet:
        """Plans of the caller."""
        return plans.filter(owner_id=self.request.actor.user_id)

    def named_like(self, plans: QuerySet, name: str, value: str) -> QuerySet:
        """Plans by their own or their client's name."""
        return plans.filter(Q(name__icontains=value) | Q(client__name__icontains=value))


class RunFilter(django_filters.FilterSet):
    """Looks at plans."""

    decision = django_filters.ChoiceFilter(choices=PacingRun.Decision.choices)
    on_demand = django_filters.BooleanFilter()

    class Meta:
        model = PacingRun
        fields: list[str] = []


class RecommendationFilter(django_filters.FilterSet):
    """Recommendations."""

    client = django_filters.UUIDFilter(field_name="client__public_id")
    plan = django_filters.UUIDFilter(field_name="plan__public_id")
    state = django_filters.ChoiceFilter(choices=Recommendation.State.choices)
    kind = django_filters.CharFilter()

    class Meta:
        model = Recommendation
        fields: list[str] = []
