"""Pacing in the admin."""

from pacing.admin import calendar, calibration, explanations, ledger, offers, plans, portfolios

__all__ = ["calendar", "calibration", "explanations", "ledger", "offers", "plans", "portfolios"]
