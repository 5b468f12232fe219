"""Pacing in the admin."""

from pacing.admin import plans

__all__ = ["plans"]
