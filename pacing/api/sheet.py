"""Many plans at once, as rows of a table: looked at first, then carried out row by row."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from lane.api.idempotency import idempotent
from lane.api.views import parsed
from lane.core.actors import Actor
from pacing.services import sheet


class SheetInputSerializer(serializers.Serializer):
    """Rows as text with a header row; tabs, semicolons or commas between cells."""

    rows = serializers.CharField(trim_whitespace=False)
    digest = serializers.CharField(
        required=False,
        allow_blank=True,
        default="",
        help_text="Of the preview that was looked at; with it the rows are carried out.",
    )


class TermChangeSerializer(serializers.Serializer):
    """One term of a plan, before and after, as people read it."""

    term = serializers.CharField()
    now = serializers.CharField(allow_blank=True)
    new = serializers.CharField()


class SheetRowSerializer(serializers.Serializer):
    """What one row would do, or did. ``errors`` are by column."""

    line = serializers.IntegerField()
    client = serializers.CharField(allow_blank=True)
    name = serializers.CharField(allow_blank=True)
    action = serializers.ChoiceField(choices=["create", "change", "same", "error"])
    result = serializers.CharField(allow_blank=True, help_text="Empty until, and unless, it was carried out.")
    plan = serializers.SerializerMethodField()
    changes = serializers.SerializerMethodField()
    row_errors = serializers.DictField(source="errors", child=serializers.CharField())

    def get_plan(self, row: sheet.SheetRow) -> str | None:
        """Public id of the plan."""
        return str(row.plan.public_id) if row.plan is not None else None

    @extend_schema_field(TermChangeSerializer(many=True))
    def get_changes(self, row: sheet.SheetRow) -> list[dict[str, str]]:
        """Terms that differ."""
        return [{"term": term, "now": now, "new": new} for term, now, new in row.changes]


class SheetAnswerSerializer(serializers.Serializer):
    """Every row in its order."""

    carried_out = serializers.BooleanField()
    digest = serializers.CharField(allow_blank=True)
    unknown_columns = serializers.ListField(child=serializers.CharField())
    rows = SheetRowSerializer(many=True)


class SheetView(APIView):
    """Make and change plans by rows."""

    write_scope = "write"

    @extend_schema(request=SheetInputSerializer, responses=SheetAnswerSerializer)
    @idempotent
    def post(self, request: Request) -> Response:
        """Without a digest: what each row would do. With the digest of that preview: do it, row by row."""
        actor: Actor = request.actor  # type: ignore[attr-defined]
        asked = parsed(SheetInputSerializer, request.data)
        return Response(SheetAnswerSerializer(_answer(asked, actor)).data)


def _answer(asked: dict[str, Any], actor: Actor) -> dict[str, Any]:
    if not asked["digest"]:
        shown = sheet.preview(asked["rows"], actor)
        return {
            "carried_out": False,
            "digest": shown.digest,
            "unknown_columns": shown.unknown_columns,
            "rows": shown.rows,
        }
    done = sheet.carry_out(asked["rows"], digest=asked["digest"], actor=actor)
    return {"carried_out": True, "digest": "", "unknown_columns": [], "rows": done.rows}
