"""Graph's way of saying no: a JSON error with code, sub-code and trace."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from campaigns.sandbox.http import Response, answer_json


class GraphError(Exception):
    """One refusal. ``blame`` names the parameter at fault."""

    def __init__(
        self,
        code: int,
        message: str,
        *,
        subcode: int | None = None,
        status: int = 400,
        kind: str = "OAuthException",
        user_message: str = "",
        blame: str = "",
        transient: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code, self.message, self.subcode, self.status = code, message, subcode, status
        self.kind, self.user_message, self.blame, self.transient = kind, user_message, blame, transient
        self.headers = dict(headers or {})

    def response(self, request_id: str, headers: Mapping[str, str]) -> Response:
        """The HTTP answer."""
        error: dict[str, Any] = {"message": self.message, "type": self.kind, "code": self.code}
        if self.subcode is not None:
            error["error_subcode"] = self.subcode
        error["is_transient"] = self.transient
        if self.user_message:
            error["error_user_title"], error["error_user_msg"] = "Invalid parameter", self.user_message
        if self.blame:
            error["error_data"] = {"blame_field_specs": [[self.blame]]}
        error["fbtrace_id"] = request_id
        return answer_json({"error": error}, self.status, {**headers, **self.headers})


def missing(node: str, method: str = "get") -> GraphError:
    """A node that is not there, or not for this login."""
    return GraphError(
        100,
        f"Unsupported {method} request. Object with ID '{node}' does not exist, cannot be loaded due to missing "
        "permissions, or does not support this operation.",
        subcode=33,
        kind="GraphMethodException",
    )


def bad_parameter(name: str, message: str, *, subcode: int | None = None) -> GraphError:
    """A parameter with a wrong value."""
    return GraphError(100, "Invalid parameter", subcode=subcode, user_message=message, blame=name)


def bad_token(message: str = "Invalid OAuth access token.", subcode: int | None = None) -> GraphError:
    """A token that does not open anything."""
    return GraphError(190, message, subcode=subcode, status=401)
