"""Pacing in the admin."""

from pacing.admin import explanations, ledger, plans

__all__ = ["explanations", "ledger", "plans"]
