"""Addresses under /api/: each app brings its own resources, named here without importing them."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from lane.api.problems import problem_meaning

urlpatterns: list[URLPattern | URLResolver] = [
    path("schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("docs/", SpectacularSwaggerView.as_view(url_name="api-schema"), name="api-docs"),
    path("problems/<slug:code>", problem_meaning, name="api-problem"),
    path("v1/", include("lane.api.resources.urls")),
    path("v1/", include("campaigns.api.urls")),
    path("v1/", include("pacing.api.urls")),
    path("v1/", include("approvals.api.urls")),
    path("v1/", include("notifications.api.urls")),
]
