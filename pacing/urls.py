"""Addresses of this app."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from pacing.views import plan_form, plans, recommendations, table

urlpatterns: list[URLPattern | URLResolver] = [
    path("pacing/", table.plan_list, name="plan-list"),
    path("pacing/new/", plan_form.plan_create, name="plan-create"),
    path("pacing/looks/<uuid:public_id>/", plans.run_detail, name="run-detail"),
    path("pacing/<uuid:public_id>/", plans.plan_detail, name="plan-detail"),
    path("pacing/<uuid:public_id>/edit/", plan_form.plan_edit, name="plan-edit"),
    path("pacing/<uuid:public_id>/pause/", plans.plan_pause, name="plan-pause"),
    path("pacing/<uuid:public_id>/resume/", plans.plan_resume, name="plan-resume"),
    path("pacing/<uuid:public_id>/archive/", plans.plan_archive, name="plan-archive"),
    path("pacing/<uuid:public_id>/run/", plans.plan_run, name="plan-run"),
    path("pacing/<uuid:public_id>/looks/", plans.plan_runs, name="plan-runs"),
    path("recommendations/", recommendations.recommendation_list, name="recommendation-list"),
    path(
        "recommendations/<uuid:public_id>/accept/",
        recommendations.recommendation_accept,
        name="recommendation-accept",
    ),
    path(
        "recommendations/<uuid:public_id>/decline/",
        recommendations.recommendation_decline,
        name="recommendation-decline",
    ),
]
