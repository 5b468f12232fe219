"""Organizations, their clients, and clients shared outside any membership."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from lane.accounts.admin_acting import ActingAdmin
from lane.accounts.models import (
    Client,
    ClientGroupObjectPermission,
    ClientUserObjectPermission,
    Organization,
    SavedView,
)
from lane.core.actors import Actor
from lane.core.admin_base import LaneAdmin, RowsInline, ScopedRelatedFilter, rows_of


class ClientRows(RowsInline):
    """The clients of an organization."""

    model = Client
    fields = ("name", "currency", "timezone", "budget_limit_micros_text", "archived_at")


@admin.register(Organization)
class OrganizationAdmin(ActingAdmin):
    """Tenants."""

    list_display = ("name", "is_demo", "created_at")
    list_filter = ("is_demo",)
    search_fields = ("name", "public_id")
    date_hierarchy = "created_at"
    editable = ("name",)
    inlines = (ClientRows,)

    def rows_for(self, actor: Actor) -> QuerySet[Any]:
        return Organization.objects.filter(pk=actor.organization_id)

    def has_manage_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)

    def organization_of(self, row: Any) -> Organization:
        return row  # type: ignore[no-any-return]


class GuestRows(RowsInline):
    """People a client is shared with outside any membership."""

    model = ClientUserObjectPermission
    fields = ("user", "permission")
    verbose_name_plural = "shared with"


@admin.register(Client)
class ClientAdmin(ActingAdmin):
    """Brands and business units."""

    list_display = ("name", "organization", "currency", "timezone", "budget_limit_micros_text", "archived_at")
    list_filter = (
        ("archived_at", admin.EmptyFieldListFilter),
        "currency",
        ("organization", ScopedRelatedFilter),
    )
    list_select_related = ("organization",)
    search_fields = ("name", "public_id")
    date_hierarchy = "created_at"
    editable = ("name", "budget_limit_micros")
    inlines = (GuestRows,)


class SharedClientAdmin(LaneAdmin):
    """Single exceptions to the roles; they are granted and ended on the client's page."""

    list_filter = (("content_object", ScopedRelatedFilter), "permission")

    def rows_for(self, actor: Actor) -> QuerySet[Any]:
        visible = Client.objects.visible_to(actor).order_by().values("pk")
        return rows_of(self.model, content_object__in=visible)


@admin.register(ClientUserObjectPermission)
class ClientGuestAdmin(SharedClientAdmin):
    """Clients shared with one person."""

    plural = "clients shared with people"
    list_display = ("user", "content_object", "permission")
    list_select_related = ("user", "content_object", "permission__content_type")
    search_fields = ("user__email", "content_object__name")


@admin.register(ClientGroupObjectPermission)
class ClientGroupAdmin(SharedClientAdmin):
    """Clients shared with a group."""

    plural = "clients shared with groups"
    list_display = ("group", "content_object", "permission")
    list_select_related = ("group", "content_object", "permission__content_type")
    search_fields = ("group__name", "content_object__name")


@admin.register(SavedView)
class SavedViewAdmin(LaneAdmin):
    """Named addresses of lists; their owners change them on the page."""

    list_display = ("name", "page", "user", "is_shared", "is_default", "updated_at")
    list_filter = ("page", "is_shared")
    list_select_related = ("user",)
    search_fields = ("name", "user__email")
