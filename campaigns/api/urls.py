"""Addresses of campaigns under /api/v1/."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path
from rest_framework.routers import SimpleRouter

from campaigns.api.accounts import AdAccountViewSet, ConnectionViewSet, SyncRunViewSet
from campaigns.api.change_sets import ChangeSetViewSet, ChangeViewSet
from campaigns.api.entities import AdCampaignViewSet, AdGroupViewSet, BudgetViewSet, DriftViewSet
from campaigns.api.imports import CsvImportViewSet
from campaigns.api.kill_switches import KillSwitchViewSet
from campaigns.api.performance import PerformanceView

router = SimpleRouter(use_regex_path=False)
router.register("connections", ConnectionViewSet, basename="api-connection")
router.register("ad-accounts", AdAccountViewSet, basename="api-ad-account")
router.register("ad-campaigns", AdCampaignViewSet, basename="api-ad-campaign")
router.register("ad-groups", AdGroupViewSet, basename="api-ad-group")
router.register("budgets", BudgetViewSet, basename="api-budget")
router.register("sync-runs", SyncRunViewSet, basename="api-sync-run")
router.register("drifts", DriftViewSet, basename="api-drift")
router.register("imports", CsvImportViewSet, basename="api-import")
router.register("change-sets", ChangeSetViewSet, basename="api-change-set")
router.register("changes", ChangeViewSet, basename="api-change")
router.register("kill-switches", KillSwitchViewSet, basename="api-kill-switch")

urlpatterns: list[URLPattern | URLResolver] = [
    path("performance/", PerformanceView.as_view(), name="api-performance"),
    *router.urls,
]
