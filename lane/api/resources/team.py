"""The team: who works here with which role, and who is invited."""

from __future__ import annotations

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from lane.accounts import selectors
from lane.accounts.models import Invitation, Membership, Role
from lane.accounts.services import invitations, team
from lane.api.fields import LaneSerializer, RefField
from lane.api.idempotency import idempotent
from lane.api.views import LaneReadViewSet, named, parsed


class MembershipSerializer(LaneSerializer):
    """One person's role; without a client it holds for the whole organization."""

    person = RefField("user")
    email = serializers.EmailField(source="user.email", read_only=True)
    client = RefField("client")

    class Meta:
        model = Membership
        fields = ["id", "person", "email", "client", "role", "is_approver", "created_at"]
        read_only_fields = fields


class EditMembershipSerializer(serializers.Serializer):
    """What of a membership changes."""

    role = serializers.CharField(required=False, help_text=f"One of: {', '.join(Role.values)}.")
    is_approver = serializers.BooleanField(required=False)
    reason = serializers.CharField(max_length=2000, required=False, default="")


class InvitationSerializer(LaneSerializer):
    """An offer that can still be accepted. Its link is only in the mail."""

    client = RefField("client")
    invited_by = RefField("invited_by")

    class Meta:
        model = Invitation
        fields = ["id", "email", "client", "role", "is_approver", "invited_by", "expires_at", "created_at"]
        read_only_fields = fields


class InviteSerializer(serializers.Serializer):
    """Whom to invite as what."""

    email = serializers.CharField(max_length=254)
    role = serializers.CharField(help_text=f"One of: {', '.join(Role.values)}.")
    is_approver = serializers.BooleanField(required=False, default=False)
    client = serializers.UUIDField(
        required=False, allow_null=True, default=None, help_text="Leave out for the whole organization."
    )


class MembershipViewSet(LaneReadViewSet[Membership]):
    """Roles of people."""

    queryset = Membership.objects.none()
    serializer_class = MembershipSerializer
    filterset_fields = ["role", "is_approver"]
    write_scope = "manage"

    def get_queryset(self) -> QuerySet[Membership]:
        """The team as the caller sees it."""
        return selectors.memberships_for(self.actor)

    @extend_schema(request=EditMembershipSerializer, responses=MembershipSerializer)
    def partial_update(self, request: Request, public_id: str) -> Response:
        """Change a role or the approver flag; nobody grants above their own role."""
        found = self.get_object()
        asked = parsed(EditMembershipSerializer, request.data)
        return self.answer(team.change(found.public_id, actor=self.actor, **asked))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, public_id: str) -> Response:
        """End a membership. An organization keeps at least one owner."""
        team.remove(self.get_object().public_id, actor=self.actor)
        return Response(status=204)


class InvitationViewSet(LaneReadViewSet[Invitation]):
    """Open invitations."""

    queryset = Invitation.objects.none()
    serializer_class = InvitationSerializer
    filterset_fields = ["role"]
    write_scope = "manage"

    def get_queryset(self) -> QuerySet[Invitation]:
        """Invitations the caller may manage."""
        return selectors.invitations_for(self.actor)

    @extend_schema(request=InviteSerializer, responses={201: InvitationSerializer})
    @idempotent
    def create(self, request: Request) -> Response:
        """Invite somebody by e-mail. A newer invitation to the same address replaces the older one."""
        asked = parsed(InviteSerializer, request.data)
        client_id = asked.pop("client")
        client = named(selectors.clients_for(self.actor), client_id, "client") if client_id else None
        return self.answer(
            invitations.invite(actor=self.actor, client=client, **asked).invitation, status=201
        )

    @extend_schema(request=None, responses=InvitationSerializer)
    @action(detail=True, methods=["post"])
    @idempotent
    def resend(self, request: Request, public_id: str) -> Response:
        """Send a new link; the one sent before stops working."""
        return self.answer(invitations.resend(self.get_object().public_id, actor=self.actor).invitation)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, public_id: str) -> Response:
        """Take the offer back; its link stops working."""
        invitations.withdraw(self.get_object().public_id, actor=self.actor)
        return Response(status=204)
