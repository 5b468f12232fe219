"""Pacing in the admin."""

from pacing.admin import explanations, plans

__all__ = ["explanations", "plans"]
