"""Notices, mail owed and sent, and caught mail. Bodies are not shown: they hold approval links."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet

from lane.core.actors import Actor
from lane.core.admin_base import InstallationAdmin, LaneAdmin, ScopedRelatedFilter
from notifications.models import DevMail, EmailDelivery, Notification
from notifications.selectors import notifications_for


@admin.register(Notification)
class NotificationAdmin(LaneAdmin):
    """Notices inside Lane; staff see their own."""

    list_display = ("title", "user", "client", "severity", "kind", "created_at", "read_at")
    list_filter = (
        "severity",
        "kind",
        ("read_at", admin.EmptyFieldListFilter),
        ("client", ScopedRelatedFilter),
    )
    list_select_related = ("user", "client")
    search_fields = ("title", "user__email", "kind")
    date_hierarchy = "created_at"

    def rows_for(self, actor: Actor) -> QuerySet[Any]:
        return notifications_for(actor)


@admin.register(EmailDelivery)
class EmailDeliveryAdmin(InstallationAdmin):
    """Mail by state: what waits, what was sent, what was given up and why."""

    list_display = ("email", "message", "state", "attempts", "next_at", "sent_at", "created_at")
    list_filter = ("state", "message", ("organization", ScopedRelatedFilter))
    search_fields = ("email", "message", "provider_id")
    date_hierarchy = "created_at"


@admin.register(DevMail)
class DevMailAdmin(InstallationAdmin):
    """Mail caught on a developer's machine."""

    plural = "dev mail"
    list_display = ("to", "subject", "sender", "created_at")
    search_fields = ("to", "subject")
    date_hierarchy = "created_at"
    hidden = ("text", "html")
