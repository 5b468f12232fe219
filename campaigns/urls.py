"""Addresses of campaigns: connections, accounts, ad campaigns, imports, and what is changed there."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from campaigns.views import accounts, ad_campaigns, connections, imports

urlpatterns: list[URLPattern | URLResolver] = [
    path("connections/", connections.connection_list, name="connection-list"),
    path("connections/begin/<str:platform>/", connections.connection_begin, name="connection-begin"),
    path("connections/callback/<str:platform>/", connections.connection_callback, name="connection-callback"),
    path("connections/<uuid:public_id>/", connections.connection_detail, name="connection-detail"),
    path(
        "connections/<uuid:public_id>/accounts/", connections.connection_accounts, name="connection-accounts"
    ),
    path("connections/<uuid:public_id>/sync/", connections.connection_sync, name="connection-sync"),
    path(
        "connections/<uuid:public_id>/disconnect/",
        connections.connection_disconnect,
        name="connection-disconnect",
    ),
    path("ad-accounts/<uuid:public_id>/", accounts.account_detail, name="account-detail"),
    path("ad-accounts/<uuid:public_id>/sync/", accounts.account_sync, name="account-sync"),
    path("ad-accounts/<uuid:public_id>/sync-switch/", accounts.account_switch, name="account-switch"),
    path(
        "ad-accounts/<uuid:public_id>/automation/<str:answer>/",
        accounts.account_automation,
        name="account-automation",
    ),
    path(
        "budgets/<uuid:public_id>/automation/<str:answer>/",
        accounts.budget_automation,
        name="budget-automation",
    ),
    path("drifts/<uuid:public_id>/<str:answer>/", accounts.drift_settle, name="drift-settle"),
    path("ad-campaigns/", ad_campaigns.ad_campaign_list, name="ad-campaign-list"),
    path("imports/", imports.import_list, name="import-list"),
    path("imports/new/", imports.import_create, name="import-create"),
    path("imports/<uuid:public_id>/", imports.import_detail, name="import-detail"),
    path("imports/<uuid:public_id>/columns/", imports.import_columns, name="import-columns"),
    path("imports/<uuid:public_id>/carry-out/", imports.import_carry_out, name="import-carry-out"),
    path("", include("campaigns.urls_changes")),
]
