"""Addresses of pacing under /api/v1/."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path
from rest_framework.routers import SimpleRouter

from pacing.api.explanations import ExplanationViewSet, PlanExplanationViewSet
from pacing.api.sheet import SheetView
from pacing.api.views import PlanViewSet, RecommendationViewSet, RunViewSet

router = SimpleRouter(use_regex_path=False)
router.register("plans", PlanViewSet, basename="api-plan")
router.register("plans/<uuid:plan_id>/runs", RunViewSet, basename="api-plan-run")
router.register("plans/<uuid:plan_id>/explanations", PlanExplanationViewSet, basename="api-plan-explanation")
router.register("explanations", ExplanationViewSet, basename="api-explanation")
router.register("recommendations", RecommendationViewSet, basename="api-recommendation")

urlpatterns: list[URLPattern | URLResolver] = [
    path("plans/sheet/", SheetView.as_view(), name="api-plan-sheet"),
    *router.urls,
]
