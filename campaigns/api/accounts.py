"""Logins, the ad accounts they reach, and how both are read."""

from __future__ import annotations

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns import selectors
from campaigns.api.entities import HindranceSerializer
from campaigns.api.filters import AdAccountFilter, ConnectionFilter, SyncRunFilter
from campaigns.models import AdAccount, Connection, SyncRun
from campaigns.services import accounts, automation, connections
from campaigns.tasks import sync as tasks
from lane.accounts import policies
from lane.api.fields import LaneSerializer, OptionalReasonSerializer, ReasonSerializer, RefField
from lane.api.idempotency import idempotent
from lane.api.views import LaneReadViewSet, parsed
from lane.core.errors import InvalidInput


class ConnectionSerializer(LaneSerializer):
    """One login at one platform; its credentials never leave Lane. ``accounts_seen`` counts yours."""

    accounts_seen = serializers.IntegerField(read_only=True)

    class Meta:
        model = Connection
        fields = [
            "id", "platform", "environment", "label", "status", "accounts_seen", "last_ok_at", "last_error",
            "last_error_at", "created_at",
        ]  # fmt: skip
        read_only_fields = fields


class FreshnessSerializer(serializers.Serializer):
    """How old an account's numbers are; stale ones freeze automation."""

    synced_at = serializers.DateTimeField(allow_null=True)
    final_through = serializers.DateField(allow_null=True, help_text="Account-local.")
    is_stale = serializers.BooleanField()
    reason = serializers.CharField()


class AdAccountSerializer(LaneSerializer):
    """An advertiser account. Its time zone says when its days end; every amount in it has its currency."""

    client = RefField("client")
    connection = RefField("connection")
    hindrances = HindranceSerializer(many=True, read_only=True)
    freshness = serializers.SerializerMethodField()

    class Meta:
        model = AdAccount
        fields = [
            "id", "name", "client", "connection", "platform", "source", "external_id", "currency", "timezone",
            "status", "sync_enabled", "hindrances", "recommend_only_reason", "recommend_only_since",
            "structure_synced_at", "freshness",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(FreshnessSerializer)
    def get_freshness(self, account: AdAccount) -> dict[str, object]:
        """How fresh and how final the numbers are."""
        return dict(FreshnessSerializer(selectors.freshness_of(account)).data)


class SwitchSyncSerializer(serializers.Serializer):
    """Whether the account is read."""

    enabled = serializers.BooleanField()


class SyncRunSerializer(LaneSerializer):
    """One reading of one account. Days are account-local."""

    ad_account = RefField("ad_account")

    class Meta:
        model = SyncRun
        fields = [
            "id", "ad_account", "kind", "state", "step", "started_at", "finished_at", "done_through", "days_done",
            "days_total", "rows_read", "rows_new", "rows_changed", "error", "error_kind",
        ]  # fmt: skip
        read_only_fields = fields


class ConnectionViewSet(LaneReadViewSet[Connection]):
    """Logins. New ones are made in the browser, where the platform asks for consent."""

    queryset = Connection.objects.none()
    serializer_class = ConnectionSerializer
    filterset_class = ConnectionFilter
    write_scope = "manage"

    def get_queryset(self) -> QuerySet[Connection]:
        """The organization's logins."""
        return selectors.connections_for(self.actor)

    @extend_schema(request=OptionalReasonSerializer, responses=ConnectionSerializer)
    @action(detail=True, methods=["post"])
    @idempotent
    def disconnect(self, request: Request, public_id: str) -> Response:
        """Forget the credentials and stop every sync of the login; accounts and history stay."""
        found = self.get_object()
        asked = parsed(OptionalReasonSerializer, request.data)
        return self.answer(connections.disconnect(found.public_id, actor=self.actor, **asked))


class AdAccountViewSet(LaneReadViewSet[AdAccount]):
    """Ad accounts."""

    queryset = AdAccount.objects.none()
    serializer_class = AdAccountSerializer
    filterset_class = AdAccountFilter
    write_scopes = {"sync_switch": "manage", "resume_automation": "manage"}

    def get_queryset(self) -> QuerySet[AdAccount]:
        """Accounts of the clients the caller sees."""
        return selectors.accounts_for(self.actor)

    @extend_schema(request=None, responses={202: AdAccountSerializer})
    @action(detail=True, methods=["post"])
    @idempotent
    def sync(self, request: Request, public_id: str) -> Response:
        """Read the account now. Progress is in its sync runs."""
        account = self.get_object()
        policies.require(self.actor, "change", account)
        if account.source == AdAccount.Source.CSV:
            raise InvalidInput("This account is fed by CSV files: import a newer file instead.")
        if account.connection is None or account.connection.status != Connection.Status.OK:
            raise InvalidInput("Its login must be connected again before it can be read.")
        tasks.sync_account.hint_on_commit(account.pk, SyncRun.Kind.RECENT.value)
        return self.answer(account, status=202)

    @extend_schema(request=SwitchSyncSerializer, responses=AdAccountSerializer)
    @action(detail=True, methods=["post"], url_path="sync-switch")
    @idempotent
    def sync_switch(self, request: Request, public_id: str) -> Response:
        """Switch the syncs of one account on or off."""
        found = self.get_object()
        asked = parsed(SwitchSyncSerializer, request.data)
        return self.answer(accounts.set_sync(found.public_id, actor=self.actor, **asked))

    @extend_schema(request=ReasonSerializer, responses=AdAccountSerializer)
    @action(detail=True, methods=["post"], url_path="pause-automation")
    @idempotent
    def pause_automation(self, request: Request, public_id: str) -> Response:
        """Let automation only recommend on this account until somebody resumes it."""
        found = self.get_object()
        asked = parsed(ReasonSerializer, request.data)
        return self.answer(automation.pause_account(found, actor=self.actor, **asked))

    @extend_schema(request=ReasonSerializer, responses=AdAccountSerializer)
    @action(detail=True, methods=["post"], url_path="resume-automation")
    @idempotent
    def resume_automation(self, request: Request, public_id: str) -> Response:
        """Let automation act on this account again; earlier disturbances no longer count."""
        found = self.get_object()
        asked = parsed(ReasonSerializer, request.data)
        return self.answer(automation.resume_account(found, actor=self.actor, **asked))


class SyncRunViewSet(LaneReadViewSet[SyncRun]):
    """What each sync did, newest first."""

    queryset = SyncRun.objects.none()
    serializer_class = SyncRunSerializer
    filterset_class = SyncRunFilter

    def get_queryset(self) -> QuerySet[SyncRun]:
        """Syncs of the accounts the caller sees."""
        return selectors.sync_runs_for(self.actor)
