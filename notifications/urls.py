"""Addresses of this app."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from notifications.views import notices

urlpatterns: list[URLPattern | URLResolver] = [
    path("notifications/", notices.notification_list, name="notification-list"),
    path("notifications/badge/", notices.notification_badge, name="notification-badge"),
    path("notifications/read/", notices.notification_read_all, name="notification-read-all"),
    path("notifications/<uuid:public_id>/open/", notices.notification_open, name="notification-open"),
]
