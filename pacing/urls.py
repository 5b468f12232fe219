"""Addresses of this app."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from pacing.views import (
    calendar,
    decision_log,
    lab,
    ledger,
    paste,
    plan_form,
    plans,
    portfolio_form,
    portfolios,
    recommendations,
    table,
    table_edit,
)

urlpatterns: list[URLPattern | URLResolver] = [
    path("pacing/", table.plan_list, name="plan-list"),
    path("pacing/views/", table.view_save, name="plan-view-save"),
    path("pacing/views/<uuid:public_id>/delete/", table.view_delete, name="plan-view-delete"),
    path("pacing/views/<uuid:public_id>/default/", table.view_default, name="plan-view-default"),
    path("pacing/paste/", paste.plan_paste, name="plan-paste"),
    path("pacing/decisions/", decision_log.decision_list, name="decision-list"),
    path("pacing/decisions/<uuid:public_id>/", decision_log.decision_detail, name="decision-detail"),
    path("pacing/calendar/", calendar.calendar_page, name="calendar"),
    path("pacing/calendar/new/", calendar.event_create, name="event-create"),
    path("pacing/calendar/paste/", calendar.event_paste, name="event-paste"),
    path("pacing/calendar/<uuid:public_id>/", calendar.event_edit, name="event-edit"),
    path("pacing/calendar/<uuid:public_id>/remove/", calendar.event_remove, name="event-remove"),
    path("pacing/<uuid:public_id>/ledger/", ledger.plan_ledger, name="plan-ledger"),
    path("pacing/<uuid:public_id>/amend/", ledger.plan_amend, name="plan-amend"),
    path("pacing/<uuid:public_id>/explain/<slug:figure>/", ledger.plan_explain, name="plan-explain"),
    path(
        "pacing/amendments/<uuid:public_id>/withdraw/", ledger.amendment_withdraw, name="amendment-withdraw"
    ),
    path("pacing/ledger/<uuid:public_id>/reverse/", ledger.entry_reverse, name="entry-reverse"),
    path("pacing/new/", plan_form.plan_create, name="plan-create"),
    path("pacing/looks/<uuid:public_id>/", plans.run_detail, name="run-detail"),
    path("pacing/<uuid:public_id>/", plans.plan_detail, name="plan-detail"),
    path("pacing/<uuid:public_id>/row/", table_edit.plan_row, name="plan-row"),
    path("pacing/<uuid:public_id>/row/edit/", table_edit.plan_row_edit, name="plan-row-edit"),
    path("pacing/<uuid:public_id>/what-if/", lab.plan_what_if, name="plan-what-if"),
    path("pacing/<uuid:public_id>/edit/", plan_form.plan_edit, name="plan-edit"),
    path("pacing/<uuid:public_id>/pause/", plans.plan_pause, name="plan-pause"),
    path("pacing/<uuid:public_id>/resume/", plans.plan_resume, name="plan-resume"),
    path("pacing/<uuid:public_id>/archive/", plans.plan_archive, name="plan-archive"),
    path("pacing/<uuid:public_id>/run/", plans.plan_run, name="plan-run"),
    path("pacing/<uuid:public_id>/looks/", plans.plan_runs, name="plan-runs"),
    path("portfolios/", portfolios.portfolio_list, name="portfolio-list"),
    path("portfolios/new/", portfolio_form.portfolio_create, name="portfolio-create"),
    path("portfolios/looks/<uuid:public_id>/", portfolios.look_detail, name="portfolio-look-detail"),
    path("portfolios/looks/<uuid:public_id>/accept/", portfolios.split_accept, name="split-accept"),
    path("portfolios/looks/<uuid:public_id>/decline/", portfolios.split_decline, name="split-decline"),
    path("portfolios/<uuid:public_id>/", portfolios.portfolio_detail, name="portfolio-detail"),
    path("portfolios/<uuid:public_id>/edit/", portfolio_form.portfolio_edit, name="portfolio-edit"),
    path("portfolios/<uuid:public_id>/start/", portfolios.portfolio_start, name="portfolio-start"),
    path("portfolios/<uuid:public_id>/pause/", portfolios.portfolio_pause, name="portfolio-pause"),
    path("portfolios/<uuid:public_id>/stop/", portfolios.portfolio_stop, name="portfolio-stop"),
    path("portfolios/<uuid:public_id>/look/", portfolios.portfolio_look, name="portfolio-look"),
    path("portfolios/<uuid:public_id>/looks/", portfolios.portfolio_looks, name="portfolio-looks"),
    path("portfolios/<uuid:public_id>/arms/", portfolios.portfolio_arms, name="portfolio-arms"),
    path("portfolios/<uuid:public_id>/groups/", portfolios.portfolio_groups, name="portfolio-groups"),
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
