"""Logins at platforms, ad accounts, and files imported instead. Tokens are never shown."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from campaigns.models import AdAccount, Connection, CsvImport, SyncRun
from campaigns.tasks import sync as tasks
from lane.accounts.admin_acting import ActingAdmin
from lane.audit.services import record
from lane.core.actors import Actor
from lane.core.admin_base import (
    LaneAdmin,
    ReasonForm,
    RowsInline,
    ScopedRelatedFilter,
    action,
    reason_dialog,
)
from lane.core.errors import InvalidInput


@admin.register(Connection)
class ConnectionAdmin(LaneAdmin):
    """Logins and whether they work. They are made and ended on the connections page."""

    list_display = (
        "label",
        "platform",
        "organization",
        "environment",
        "status",
        "last_ok_at",
        "last_error_at",
        "token_expires_at",
    )
    list_filter = ("platform", "environment", "status", ("organization", ScopedRelatedFilter))
    list_select_related = ("organization",)
    search_fields = ("label", "public_id")
    date_hierarchy = "created_at"


class RunRows(RowsInline):
    """The syncs of an account."""

    model = SyncRun
    fields = ("kind", "state", "started_at", "finished_at", "rows_read", "rows_changed", "error")
    per_page = 10
    ordering = ("-id",)


@admin.register(AdAccount)
class AdAccountAdmin(ActingAdmin):
    """Ad accounts, how fresh they are, and whether automation may act there."""

    list_display = (
        "name",
        "platform",
        "client",
        "currency",
        "status",
        "sync_enabled",
        "facts_synced_at",
        "final_through",
    )
    list_filter = (
        "platform",
        "source",
        "status",
        "sync_enabled",
        ("client", ScopedRelatedFilter),
        ("organization", ScopedRelatedFilter),
    )
    list_select_related = ("client",)
    search_fields = ("name", "external_id", "public_id")
    date_hierarchy = "created_at"
    editable = ("sync_enabled", "recommend_only_reason")
    inlines = (RunRows,)
    actions_detail = ("resync",)

    @action(
        description="Sync now",
        icon="sync",
        permissions=["manage"],
        dialog=reason_dialog("Sync this account now?", "Its recent days are read again.", "Sync now"),
    )
    def resync(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        """Read the account's recent days again."""

        def act(account: AdAccount, actor: Actor, reason: str) -> str:
            if account.source == AdAccount.Source.CSV or account.connection is None:
                raise InvalidInput("This account is fed by CSV files: import a newer file instead.")
            if account.connection.status != Connection.Status.OK:
                raise InvalidInput("Its login must be connected again before it can be read.")
            record("campaigns.account.sync_asked", actor=actor, obj=account, reason=reason)
            tasks.sync_account.hint_on_commit(account.pk, SyncRun.Kind.RECENT.value)
            return f"{account} is being read."

        return self.carry_out(request, form, object_id, act)


@admin.register(CsvImport)
class CsvImportAdmin(LaneAdmin):
    """Uploaded exports and what became of their rows."""

    plural = "CSV imports"
    list_display = (
        "file_name",
        "platform",
        "client",
        "state",
        "rows_total",
        "rows_new",
        "rows_changed",
        "created_at",
    )
    list_filter = ("platform", "state", ("client", ScopedRelatedFilter))
    list_select_related = ("client",)
    search_fields = ("file_name", "account_name")
    date_hierarchy = "created_at"
    # Files run to megabytes; the import's own page shows what matters of them.
    hidden = ("content",)
