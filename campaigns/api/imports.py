"""CSV files as a way in without API access: look first, then import; twice changes nothing."""

from __future__ import annotations

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns import selectors
from campaigns.api.filters import CsvImportFilter
from campaigns.models import PLATFORM_CHOICES, CsvImport
from campaigns.services import imports
from lane.accounts.selectors import clients_for
from lane.api.fields import LaneSerializer, RefField
from lane.api.idempotency import idempotent
from lane.api.views import LaneReadViewSet, named, parsed


class RowProblemSerializer(serializers.Serializer):
    """What is wrong with one row; row 0 stands for the whole file."""

    row = serializers.IntegerField()
    column = serializers.CharField()
    problem = serializers.CharField()
    fix = serializers.CharField()


class CsvImportSerializer(LaneSerializer):
    """One uploaded export: what its rows are, or were, to Lane."""

    client = RefField("client")
    ad_account = RefField("ad_account")
    errors = RowProblemSerializer(many=True, read_only=True)  # type: ignore[assignment]
    mapping = serializers.DictField(
        child=serializers.IntegerField(), read_only=True, help_text="Column number by field, from 0."
    )

    class Meta:
        model = CsvImport
        fields = [
            "id", "client", "ad_account", "platform", "account_name", "currency", "timezone", "file_name", "state",
            "mapping", "rows_total", "rows_new", "rows_changed", "rows_unchanged", "errors", "created_at",
        ]  # fmt: skip
        read_only_fields = fields


class UploadSerializer(serializers.Serializer):
    """The text of a platform export, and the account it belongs to."""

    client = serializers.UUIDField()
    account_name = serializers.CharField(max_length=200, help_text="The same name adds to the same account.")
    currency = serializers.CharField(max_length=3)
    timezone = serializers.CharField(max_length=64, help_text="The account's own zone.")
    file_name = serializers.CharField(max_length=200, required=False, default="api.csv")
    platform = serializers.ChoiceField(
        choices=PLATFORM_CHOICES, required=False, allow_blank=True, default="",
        help_text="Empty: told by the column names.",
    )  # fmt: skip
    csv = serializers.CharField(trim_whitespace=False)
    dry_run = serializers.BooleanField(default=True, help_text="true only looks; false also imports.")
    leave_out_bad_rows = serializers.BooleanField(default=False)


class ColumnsSerializer(serializers.Serializer):
    """Which column holds which field."""

    columns = serializers.DictField(child=serializers.IntegerField(min_value=0))


class CarryOutSerializer(serializers.Serializer):
    """How to import."""

    dry_run = serializers.BooleanField(default=False)
    leave_out_bad_rows = serializers.BooleanField(default=False)


class CsvImportViewSet(LaneReadViewSet[CsvImport]):
    """Uploaded files, newest first."""

    queryset = CsvImport.objects.none()
    serializer_class = CsvImportSerializer
    filterset_class = CsvImportFilter

    def get_queryset(self) -> QuerySet[CsvImport]:
        """Files of the clients the caller sees."""
        return selectors.imports_for(self.actor)

    @extend_schema(request=UploadSerializer, responses={201: CsvImportSerializer})
    @idempotent
    def create(self, request: Request) -> Response:
        """Upload an export; by default it is only looked at. Problems are listed row by row in ``errors``."""
        asked = parsed(UploadSerializer, request.data)
        text, dry_run, leave_out = asked.pop("csv"), asked.pop("dry_run"), asked.pop("leave_out_bad_rows")
        client = named(clients_for(self.actor), asked.pop("client"), "client")
        found = imports.upload(client=client, data=text.encode(), actor=self.actor, **asked)
        if not dry_run and found.state != CsvImport.State.DONE:
            found = imports.carry_out(found.public_id, actor=self.actor, leave_out_bad_rows=leave_out)
        return self.answer(found, status=201)

    @extend_schema(request=ColumnsSerializer, responses=CsvImportSerializer)
    @action(detail=True, methods=["post"])
    @idempotent
    def columns(self, request: Request, public_id: str) -> Response:
        """Say which column is which; the file is looked at again."""
        found = self.get_object()
        asked = parsed(ColumnsSerializer, request.data)
        return self.answer(imports.map_columns(found.public_id, actor=self.actor, **asked))

    @extend_schema(request=CarryOutSerializer, responses=CsvImportSerializer)
    @action(detail=True, methods=["post"], url_path="carry-out")
    @idempotent
    def carry_out(self, request: Request, public_id: str) -> Response:
        """Import the rows in one transaction, or only look again."""
        found = self.get_object()
        asked = parsed(CarryOutSerializer, request.data)
        return self.answer(imports.carry_out(found.public_id, actor=self.actor, **asked))
