"""Notices are tested in the same small agency as approvals."""

from tests.approvals.conftest import world

__all__ = ["world"]
