"""Addresses of approvals under /api/v1/."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver
from rest_framework.routers import SimpleRouter

from approvals.api.views import PolicyViewSet, RequestViewSet

router = SimpleRouter(use_regex_path=False)
router.register("approval-requests", RequestViewSet, basename="api-approval-request")
router.register("approval-policies", PolicyViewSet, basename="api-approval-policy")

urlpatterns: list[URLPattern | URLResolver] = [*router.urls]
