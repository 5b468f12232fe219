"""Who the caller is and what they may do."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from lane.accounts import selectors
from lane.accounts.models import Client, Membership, Organization, Role, User
from lane.accounts.visibility import access_of
from lane.core.actors import Actor


class PersonSerializer(serializers.Serializer):
    """The responsible person."""

    id = serializers.UUIDField()
    email = serializers.EmailField()
    name = serializers.CharField()
    timezone = serializers.CharField()


class NamedSerializer(serializers.Serializer):
    """A thing by id and name."""

    id = serializers.UUIDField()
    name = serializers.CharField()


class OwnRoleSerializer(serializers.Serializer):
    """One role; without a client it holds for the whole organization."""

    client = NamedSerializer(allow_null=True)
    role = serializers.ChoiceField(choices=Role.choices)
    is_approver = serializers.BooleanField()


class MeSerializer(serializers.Serializer):
    """The caller."""

    kind = serializers.CharField(help_text="person or api_key")
    label = serializers.CharField()  # type: ignore[assignment]
    person = PersonSerializer()
    organization = NamedSerializer()
    roles = OwnRoleSerializer(many=True)
    scopes = serializers.ListField(
        child=serializers.CharField(), allow_null=True, help_text="Of the key; null for a signed-in person."
    )
    clients = NamedSerializer(
        many=True, allow_null=True, help_text="The clients the key is limited to; null when it is not."
    )


class MeView(APIView):
    """Who the caller is."""

    @extend_schema(responses=MeSerializer)
    def get(self, request: Request) -> Response:
        """Who this key or session acts as, in which organization, with which roles and scopes."""
        actor: Actor = request.actor  # type: ignore[attr-defined]
        user = User.objects.get(pk=actor.user_id or 0)
        organization = Organization.objects.get(pk=actor.organization_id)
        roles = Membership.objects.filter(user=user, organization=organization).select_related("client")
        limited = access_of(actor).allowed_clients is not None
        return Response(
            {
                "kind": str(actor.kind),
                "label": actor.label,
                "person": {
                    "id": user.public_id,
                    "email": user.email,
                    "name": user.name,
                    "timezone": user.timezone,
                },
                "organization": _named(organization),
                "roles": [
                    {
                        "client": _named(role.client) if role.client else None,
                        "role": role.role,
                        "is_approver": role.is_approver,
                    }
                    for role in roles
                ],
                "scopes": None if actor.scopes is None else sorted(actor.scopes),
                "clients": [_named(one) for one in selectors.clients_for(actor)] if limited else None,
            }
        )


def _named(thing: Client | Organization) -> dict[str, object]:
    return {"id": thing.public_id, "name": thing.name}
