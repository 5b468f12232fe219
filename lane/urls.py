"""Every address of the product."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("lane.web.urls")),
    path("", include("lane.ops.urls")),
    path("", include("lane.accounts.urls")),
    path("", include("campaigns.urls")),
    path("", include("pacing.urls")),
    path("", include("approvals.urls")),
    path("", include("notifications.urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("api/", include("lane.api.urls")),
]

if settings.DEBUG or getattr(settings, "LANE_DEV_MAILBOX", False):
    urlpatterns.append(path("", include("lane.web.dev_urls")))

handler404 = "lane.web.views.errors.page_not_found"
handler403 = "lane.web.views.errors.not_allowed"
handler500 = "lane.web.views.errors.server_error"
