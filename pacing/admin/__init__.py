"""Pacing in the admin."""

from pacing.admin import explanations, ledger, plans, portfolios

__all__ = ["explanations", "ledger", "plans", "portfolios"]
