"""What lists can be narrowed by; names and meaning are those of the pages' addresses."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import Q, QuerySet

from campaigns.models import (
    PLATFORM_CHOICES,
    AdAccount,
    AdCampaign,
    AdGroup,
    Budget,
    Change,
    ChangeSet,
    Connection,
    CsvImport,
    Drift,
    EntityStatus,
    KillSwitch,
    SyncRun,
)


class ConnectionFilter(django_filters.FilterSet):
    """Logins."""

    platform = django_filters.ChoiceFilter(choices=PLATFORM_CHOICES)
    status = django_filters.ChoiceFilter(choices=Connection.Status.choices)

    class Meta:
        model = Connection
        fields: list[str] = []


class AdAccountFilter(django_filters.FilterSet):
    """Ad accounts."""

    q = django_filters.CharFilter(field_name="name", lookup_expr="icontains", label="Part of the name")
    platform = django_filters.ChoiceFilter(choices=PLATFORM_CHOICES)
    client = django_filters.UUIDFilter(field_name="client__public_id")
    connection = django_filters.UUIDFilter(field_name="connection__public_id")
    source = django_filters.ChoiceFilter(choices=AdAccount.Source.choices)
    external_id = django_filters.CharFilter()

    class Meta:
        model = AdAccount
        fields: list[str] = []


class OfAccountFilter(django_filters.FilterSet):
    """Mirrored things of an account."""

    q = django_filters.CharFilter(field_name="name", lookup_expr="icontains", label="Part of the name")
    platform = django_filters.ChoiceFilter(field_name="ad_account__platform", choices=PLATFORM_CHOICES)
    client = django_filters.UUIDFilter(field_name="client__public_id")
    ad_account = django_filters.UUIDFilter(field_name="ad_account__public_id")
    external_id = django_filters.CharFilter()
    removed = django_filters.BooleanFilter(
        field_name="removed_at", lookup_expr="isnull", exclude=True, label="Only removed ones, or only others"
    )
    updated_since = django_filters.IsoDateTimeFilter(field_name="updated_at", lookup_expr="gte")


class AdCampaignFilter(OfAccountFilter):
    """Ad campaigns; removed ones only when asked for by status or ``removed``."""

    status = django_filters.ChoiceFilter(choices=EntityStatus.choices)
    budget = django_filters.UUIDFilter(field_name="budget__public_id")

    class Meta:
        model = AdCampaign
        fields: list[str] = []

    def filter_queryset(self, queryset: QuerySet) -> Any:
        """As on the page, what is gone at the platform is left out unless named."""
        asked = self.form.cleaned_data
        if not asked.get("status") and asked.get("removed") is None:
            queryset = queryset.filter(removed_at__isnull=True)
        return super().filter_queryset(queryset)


class BudgetFilter(OfAccountFilter):
    """Budgets."""

    kind = django_filters.ChoiceFilter(choices=Budget.Kind.choices)
    shared = django_filters.BooleanFilter()

    class Meta:
        model = Budget
        fields: list[str] = []


class SyncRunFilter(django_filters.FilterSet):
    """Syncs."""

    ad_account = django_filters.UUIDFilter(field_name="ad_account__public_id")
    kind = django_filters.ChoiceFilter(choices=SyncRun.Kind.choices)
    state = django_filters.ChoiceFilter(choices=SyncRun.State.choices)

    class Meta:
        model = SyncRun
        fields: list[str] = []


class AdGroupFilter(OfAccountFilter):
    """Ad groups and ad sets."""

    ad_campaign = django_filters.UUIDFilter(field_name="ad_campaign__public_id")
    budget = django_filters.UUIDFilter(field_name="budget__public_id")

    class Meta:
        model = AdGroup
        fields: list[str] = []


class DriftFilter(django_filters.FilterSet):
    """Outside edits."""

    client = django_filters.UUIDFilter(field_name="client__public_id")
    budget = django_filters.UUIDFilter(field_name="budget__public_id")
    state = django_filters.ChoiceFilter(choices=Drift.State.choices)

    class Meta:
        model = Drift
        fields: list[str] = []


class CsvImportFilter(django_filters.FilterSet):
    """Uploaded files."""

    client = django_filters.UUIDFilter(field_name="client__public_id")
    state = django_filters.ChoiceFilter(choices=CsvImport.State.choices)

    class Meta:
        model = CsvImport
        fields: list[str] = []


class ChangeSetFilter(django_filters.FilterSet):
    """Change sets."""

    client = django_filters.UUIDFilter(field_name="client__public_id")
    state = django_filters.ChoiceFilter(choices=ChangeSet.State.choices)
    origin = django_filters.CharFilter()
    updated_since = django_filters.IsoDateTimeFilter(field_name="updated_at", lookup_expr="gte")

    class Meta:
        model = ChangeSet
        fields: list[str] = []


class ChangeFilter(django_filters.FilterSet):
    """Rows of the ledger."""

    q = django_filters.CharFilter(method="about", label="Part of the budget's or campaign's name")
    client = django_filters.UUIDFilter(field_name="client__public_id")
    platform = django_filters.ChoiceFilter(field_name="ad_account__platform", choices=PLATFORM_CHOICES)
    ad_account = django_filters.UUIDFilter(field_name="ad_account__public_id")
    budget = django_filters.UUIDFilter(field_name="budget__public_id")
    ad_campaign = django_filters.UUIDFilter(field_name="ad_campaign__public_id")
    change_set = django_filters.UUIDFilter(field_name="change_set__public_id")
    state = django_filters.MultipleChoiceFilter(choices=Change.State.choices)
    updated_since = django_filters.IsoDateTimeFilter(field_name="updated_at", lookup_expr="gte")

    class Meta:
        model = Change
        fields: list[str] = []

    def about(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        """Rows whose budget or campaign is called so."""
        return rows.filter(Q(budget__name__icontains=value) | Q(ad_campaign__name__icontains=value))


class KillSwitchFilter(django_filters.FilterSet):
    """Stops."""

    on = django_filters.BooleanFilter(field_name="resumed_at", lookup_expr="isnull", label="Still stopping")
    client = django_filters.UUIDFilter(field_name="client__public_id")
    platform = django_filters.ChoiceFilter(choices=PLATFORM_CHOICES)

    class Meta:
        model = KillSwitch
        fields: list[str] = []
