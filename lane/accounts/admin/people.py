"""People, their roles, their keys, and offers to join."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from lane.accounts import selectors
from lane.accounts.admin_acting import ActingAdmin
from lane.accounts.models import ApiKey, Invitation, Membership, Organization, User
from lane.accounts.services import api_keys, staff
from lane.core.actors import Actor
from lane.core.admin_base import (
    ActionVariant,
    LaneAdmin,
    ReasonForm,
    RowsInline,
    ScopedRelatedFilter,
    action,
    reason_dialog,
)


class MembershipRows(RowsInline):
    """Where a person works."""

    model = Membership
    fields = ("organization", "client", "role", "is_approver")


@admin.register(User)
class UserAdmin(ActingAdmin):
    """People. Rights come from their memberships; only superusers change who may open the admin."""

    list_display = ("email", "name", "is_active", "is_staff", "is_superuser", "last_login", "date_joined")
    list_filter = ("is_active", "is_staff", "is_superuser")
    search_fields = ("email", "name")
    date_hierarchy = "date_joined"
    editable = ("name", "timezone", "is_staff", "is_superuser")
    hidden = ("groups", "user_permissions")
    inlines = (MembershipRows,)
    actions_detail = ("disable", "enable")

    def rows_for(self, actor: Actor) -> QuerySet[Any]:
        return User.objects.filter(pk__in=selectors.memberships_for(actor).order_by().values("user_id"))

    def has_manage_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)

    def organization_of(self, row: Any) -> Organization:
        found = selectors.organizations_of(row).first() or Organization.objects.order_by("id").first()
        if found is None:
            raise Organization.DoesNotExist
        return found

    @action(
        description="Disable",
        icon="block",
        permissions=["manage"],
        variant=ActionVariant.DANGER,
        dialog=reason_dialog(
            "Disable this person?",
            "They are signed out with their next request; their API keys and approval links stop working.",
            "Disable",
        ),
    )
    def disable(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        """Lock a person out."""

        def act(user: User, actor: Actor, reason: str) -> str:
            staff.disable(user, actor=actor, reason=reason)
            return f"{user} is disabled."

        return self.carry_out(request, form, object_id, act)

    @action(
        description="Enable",
        icon="check_circle",
        permissions=["manage"],
        dialog=reason_dialog(
            "Enable this person?", "They can sign in again. Revoked keys stay revoked.", "Enable"
        ),
    )
    def enable(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        """Let a person in again."""

        def act(user: User, actor: Actor, reason: str) -> str:
            staff.enable(user, actor=actor, reason=reason)
            return f"{user} can sign in again."

        return self.carry_out(request, form, object_id, act)


@admin.register(Membership)
class MembershipAdmin(LaneAdmin):
    """Who holds which role where; roles are changed on the team page, where its rules hold."""

    list_display = ("user", "organization", "client", "role", "is_approver", "updated_at")
    list_filter = (
        "role",
        "is_approver",
        ("organization", ScopedRelatedFilter),
        ("client", ScopedRelatedFilter),
    )
    list_select_related = ("user", "organization", "client")
    search_fields = ("user__email", "user__name", "client__name")

    def rows_for(self, actor: Actor) -> QuerySet[Any]:
        return selectors.memberships_for(actor)


@admin.register(Invitation)
class InvitationAdmin(LaneAdmin):
    """Offers to join; the link itself is known to its receiver only."""

    list_display = ("email", "organization", "client", "role", "expires_at", "accepted_at", "revoked_at")
    list_filter = ("role", ("organization", ScopedRelatedFilter))
    list_select_related = ("organization", "client")
    search_fields = ("email",)
    date_hierarchy = "created_at"

    def rows_for(self, actor: Actor) -> QuerySet[Any]:
        return selectors.invitations_for(actor)


@admin.register(ApiKey)
class ApiKeyAdmin(ActingAdmin):
    """Keys by their first letters; the key itself was shown once and is not kept."""

    list_display = ("name", "prefix", "user", "organization", "last_used_at", "expires_at", "revoked_at")
    list_filter = (
        ("revoked_at", admin.EmptyFieldListFilter),
        ("organization", ScopedRelatedFilter),
    )
    list_select_related = ("user", "organization")
    search_fields = ("name", "prefix", "user__email")
    date_hierarchy = "created_at"
    actions_detail = ("revoke",)

    def rows_for(self, actor: Actor) -> QuerySet[Any]:
        return selectors.api_keys_for(actor)

    @action(
        description="Revoke",
        icon="key_off",
        permissions=["manage"],
        variant=ActionVariant.DANGER,
        dialog=reason_dialog(
            "Revoke this key?", "Whatever uses it is refused at once. This cannot be undone.", "Revoke"
        ),
    )
    def revoke(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        """Stop a key at once."""

        def act(key: ApiKey, actor: Actor, reason: str) -> str:
            if request.user.is_superuser:
                staff.revoke_key(key, actor=actor, reason=reason)
            else:
                api_keys.revoke(key.public_id, actor=actor, reason=reason)
            return f"{key} is revoked."

        return self.carry_out(request, form, object_id, act)
