"""How operations describe themselves in the OpenAPI document."""

from __future__ import annotations

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from lane.api.errors import PROBLEM
from lane.api.permissions import READING, scope_of


class ProblemErrorSerializer(serializers.Serializer):
    """What is wrong with one field."""

    pointer = serializers.CharField(help_text="JSON pointer into the body, or the name of a query parameter.")
    detail = serializers.CharField()


class ProblemSerializer(serializers.Serializer):
    """Why a call was refused (RFC 9457)."""

    type = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField()
    title = serializers.CharField()
    request_id = serializers.CharField()
    errors = ProblemErrorSerializer(many=True, required=False)  # type: ignore[assignment]


class LaneAutoSchema(AutoSchema):
    """Adds the Idempotency-Key header to POSTs, the scope a key needs, and the problem body to every refusal."""

    def get_override_parameters(self) -> list[Any]:
        """Headers every POST understands."""
        if self.method != "POST":
            return []
        return [
            OpenApiParameter(
                "Idempotency-Key",
                str,
                OpenApiParameter.HEADER,
                description="Any text up to 200 characters; the same key is carried out once within 24 hours.",
            )
        ]

    def get_description(self) -> str:
        """The rule of the operation, and the scope a key needs for it."""
        scope = "read" if self.method in READING else scope_of(self.view)
        return f"{super().get_description() or ''}\n\nScope: `{scope}`".strip()

    def _get_response_bodies(self, direction: str = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        problem = self.resolve_serializer(ProblemSerializer, "response")
        if problem is not None:
            bodies["default"] = {
                "description": "A refusal",
                "content": {PROBLEM: {"schema": problem.ref}},
            }
        return bodies
