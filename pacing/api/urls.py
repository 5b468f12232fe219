"""Addresses of pacing under /api/v1/."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path
from rest_framework.routers import SimpleRouter

from pacing.api.calendar import PlannedEventViewSet
from pacing.api.calibration import ScoreViewSet
from pacing.api.explanations import ExplanationViewSet, PlanExplanationViewSet
from pacing.api.fx import FxRateViewSet
from pacing.api.lab import PlanWhatIfViewSet, ReplayViewSet
from pacing.api.lab_allocation import AllocationReplayViewSet
from pacing.api.ledger import AmendmentViewSet, EntryViewSet, ExplainViewSet
from pacing.api.offers import OfferViewSet, ShortfallViewSet
from pacing.api.portfolios import AllocationLookViewSet, ExperimentViewSet, PortfolioViewSet
from pacing.api.series import CheckViewSet, SeriesViewSet
from pacing.api.sheet import SheetView
from pacing.api.views import PlanViewSet, RecommendationViewSet, RunViewSet

router = SimpleRouter(use_regex_path=False)
router.register("plans", PlanViewSet, basename="api-plan")
router.register("plans/<uuid:plan_id>/runs", RunViewSet, basename="api-plan-run")
router.register("plans/<uuid:plan_id>/explanations", PlanExplanationViewSet, basename="api-plan-explanation")
router.register("plans/<uuid:plan_id>/ledger", EntryViewSet, basename="api-plan-ledger")
router.register("plan-series", SeriesViewSet, basename="api-plan-series")
router.register("exchange-rates", FxRateViewSet, basename="api-exchange-rate")
router.register("plan-checks", CheckViewSet, basename="api-plan-check")
router.register("amendments", AmendmentViewSet, basename="api-amendment")
router.register("shortfalls", ShortfallViewSet, basename="api-shortfall")
router.register("offers", OfferViewSet, basename="api-offer")
router.register("explanations", ExplanationViewSet, basename="api-explanation")
router.register("portfolios", PortfolioViewSet, basename="api-portfolio")
router.register("portfolios/<uuid:portfolio_id>/looks", AllocationLookViewSet, basename="api-portfolio-look")
router.register(
    "portfolios/<uuid:portfolio_id>/experiments", ExperimentViewSet, basename="api-portfolio-experiment"
)
router.register("plans/<uuid:plan_id>/what-if", PlanWhatIfViewSet, basename="api-plan-what-if")
router.register("lab/allocation-replays", AllocationReplayViewSet, basename="api-allocation-replay")
router.register("lab/replays", ReplayViewSet, basename="api-replay")
router.register("planned-events", PlannedEventViewSet, basename="api-planned-event")
router.register("projection-scores", ScoreViewSet, basename="api-projection-score")
router.register("recommendations", RecommendationViewSet, basename="api-recommendation")

urlpatterns: list[URLPattern | URLResolver] = [
    path(
        "plans/<uuid:plan_id>/explain/", ExplainViewSet.as_view({"get": "retrieve"}), name="api-plan-explain"
    ),
    path("plans/sheet/", SheetView.as_view(), name="api-plan-sheet"),
    *router.urls,
]
