"""Policies, requests, decisions and links in the admin. A link can be revoked here, never seen."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from approvals import selectors
from approvals.models import ApprovalLink, ApprovalPolicy, ApprovalRequest, Decision, RequestApprover
from approvals.services import links
from lane.accounts.admin_acting import ActingAdmin
from lane.accounts.models import Organization
from lane.audit.services import record
from lane.core.actors import Actor
from lane.core.admin_base import (
    ActionVariant,
    LaneAdmin,
    ReasonForm,
    RowsInline,
    ScopedRelatedFilter,
    action,
    reason_dialog,
    rows_of,
)


@admin.register(ApprovalPolicy)
class ApprovalPolicyAdmin(LaneAdmin):
    """Who must say yes; every edit makes a new version, so it happens on the policies page."""

    list_display = (
        "name",
        "organization",
        "client",
        "version",
        "is_active",
        "sla_hours",
        "link_cap_micros_text",
        "auto_increase_micros_text",
    )
    list_filter = ("is_active", ("organization", ScopedRelatedFilter), ("client", ScopedRelatedFilter))
    list_select_related = ("organization", "client")
    search_fields = ("name", "client__name")

    def rows_for(self, actor: Actor) -> QuerySet[Any]:
        return selectors.policies_for(actor)


class ApproverRows(RowsInline):
    """Who was asked."""

    model = RequestApprover
    fields = ("user", "asked_at")
    show_change_link = False


class DecisionRows(RowsInline):
    """What was decided."""

    model = Decision
    fields = ("user_label", "kind", "comment", "via", "at")


class LinkRows(RowsInline):
    """The links that were sent, and what became of them."""

    model = ApprovalLink
    fields = ("email", "expires_at", "opened_at", "used_at", "revoked_at", "revoked_reason")


@admin.register(ApprovalRequest)
class ApprovalRequestAdmin(ActingAdmin):
    """Things that wait for a yes."""

    list_display = ("title", "client", "state", "needs_sign_in", "requested_by_label", "due_at", "decided_at")
    list_filter = (
        "state",
        "subject_type",
        "needs_sign_in",
        "was_automatic",
        ("client", ScopedRelatedFilter),
    )
    list_select_related = ("client",)
    search_fields = ("title", "public_id", "subject_id", "requested_by_label")
    date_hierarchy = "created_at"
    inlines = (ApproverRows, DecisionRows, LinkRows)
    actions_detail = ("expire_links",)

    @action(
        description="Expire links",
        icon="link_off",
        permissions=["manage"],
        variant=ActionVariant.DANGER,
        dialog=reason_dialog(
            "Expire every open link of this request?",
            "The mailed links stop working at once. Approvers can still sign in and decide.",
            "Expire links",
        ),
    )
    def expire_links(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        """Every open link of the request stops working."""

        def act(row: ApprovalRequest, actor: Actor, reason: str) -> str:
            ended = links.revoke_all(row, reason)
            record("approvals.links.revoked", actor=actor, obj=row, after={"links": ended}, reason=reason)
            return f"{ended} open {'link' if ended == 1 else 'links'} expired."

        return self.carry_out(request, form, object_id, act)


class OfRequestAdmin(ActingAdmin):
    """Rows that are seen with their request."""

    list_select_related = ("request", "user")

    def rows_for(self, actor: Actor) -> QuerySet[Any]:
        visible = ApprovalRequest.objects.visible_to(actor).order_by().values("pk")
        return rows_of(self.model, request__in=visible)

    def organization_of(self, row: Any) -> Organization:
        return row.request.organization  # type: ignore[no-any-return]

    def has_manage_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if request.user.is_superuser:
            return True
        row = self.get_queryset(request).filter(pk=getattr(obj, "pk", obj)).first()
        return row is not None and request.user.has_perm("approvals.manage", row.request)


@admin.register(Decision)
class DecisionAdmin(OfRequestAdmin):
    """What people decided, of which content, through which door."""

    list_display = ("at", "request", "user_label", "kind", "via", "ip", "mfa_age_seconds")
    list_filter = ("kind", "via")
    search_fields = ("user_label", "request__title", "comment")
    date_hierarchy = "at"


@admin.register(ApprovalLink)
class ApprovalLinkAdmin(OfRequestAdmin):
    """Links by whom they were sent to. Lane itself does not know the address any more."""

    list_display = (
        "request",
        "email",
        "created_at",
        "expires_at",
        "opened_at",
        "used_at",
        "revoked_at",
        "revoked_reason",
    )
    list_filter = (("used_at", admin.EmptyFieldListFilter), ("revoked_at", admin.EmptyFieldListFilter))
    search_fields = ("email", "request__title")
    date_hierarchy = "created_at"
    actions_detail = ("revoke",)

    @action(
        description="Revoke",
        icon="link_off",
        permissions=["manage"],
        variant=ActionVariant.DANGER,
        dialog=reason_dialog(
            "Revoke this link?",
            "Every open link of this person to this request stops working at once.",
            "Revoke",
        ),
    )
    def revoke(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        """The link stops working."""

        def act(row: ApprovalLink, actor: Actor, reason: str) -> str:
            ended = links.revoke_for_person(row.request, row.user_id, reason)
            record(
                "approvals.links.revoked",
                actor=actor,
                obj=row.request,
                after={"links": ended, "sent_to": row.email},
                reason=reason,
            )
            return "The link is revoked." if ended else "This link no longer worked."

        return self.carry_out(request, form, object_id, act)


@admin.register(RequestApprover)
class RequestApproverAdmin(OfRequestAdmin):
    """Who was asked to decide what."""

    list_display = ("request", "user", "asked_at")
    search_fields = ("request__title", "user__email")
    date_hierarchy = "asked_at"
