"""API keys: shown once when made, never again."""

from __future__ import annotations

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from lane.accounts import selectors
from lane.accounts.models import ApiKey, Scope
from lane.accounts.services import api_keys
from lane.api.fields import LaneSerializer, OptionalReasonSerializer, RefField, RefsField
from lane.api.idempotency import idempotent
from lane.api.views import LaneReadViewSet, all_named, parsed


class ApiKeySerializer(LaneSerializer):
    """A key. Empty ``clients`` means every client its person sees."""

    person = RefField("user")
    clients = RefsField("clients")

    class Meta:
        model = ApiKey
        fields = [
            "id", "name", "prefix", "person", "scopes", "clients", "expires_at", "last_used_at", "revoked_at",
            "created_at",
        ]  # fmt: skip
        read_only_fields = fields


class NewApiKeySerializer(ApiKeySerializer):
    """A new key with its token, which nothing shows again."""

    token = serializers.CharField(read_only=True, allow_null=True)

    class Meta(ApiKeySerializer.Meta):
        fields = [*ApiKeySerializer.Meta.fields, "token"]
        read_only_fields = fields


class CreateApiKeySerializer(serializers.Serializer):
    """A new key."""

    name = serializers.CharField(max_length=80)
    scopes = serializers.ListField(
        child=serializers.CharField(), help_text=f"Any of: {', '.join(Scope.values)}."
    )
    clients = serializers.ListField(
        child=serializers.UUIDField(), required=False, default=list, help_text="Empty: every client you see."
    )
    expires_at = serializers.DateTimeField(required=False, allow_null=True, default=None)


class ApiKeyViewSet(LaneReadViewSet[ApiKey]):
    """Keys of the caller; for admins every key of the organization."""

    queryset = ApiKey.objects.none()
    serializer_class = ApiKeySerializer
    write_scope = "manage"

    def get_queryset(self) -> QuerySet[ApiKey]:
        """Keys the caller may know of."""
        return selectors.api_keys_for(self.actor)

    @extend_schema(request=CreateApiKeySerializer, responses={201: NewApiKeySerializer})
    @idempotent(never_stored=("token",))
    def create(self, request: Request) -> Response:
        """Make a key that acts as you. A replayed call answers without the token: revoke and make a new one."""
        asked = parsed(CreateApiKeySerializer, request.data)
        asked["clients"] = all_named(selectors.clients_for(self.actor), asked["clients"], "clients")
        made = api_keys.create(actor=self.actor, **asked)
        fresh = self.get_queryset().get(pk=made.key.pk)
        return Response({**ApiKeySerializer(fresh).data, "token": made.token}, status=201)

    @extend_schema(request=OptionalReasonSerializer, responses=ApiKeySerializer)
    @action(detail=True, methods=["post"])
    @idempotent
    def revoke(self, request: Request, public_id: str) -> Response:
        """Stop a key at once."""
        found = self.get_object()
        asked = parsed(OptionalReasonSerializer, request.data)
        return self.answer(api_keys.revoke(found.public_id, actor=self.actor, **asked))
