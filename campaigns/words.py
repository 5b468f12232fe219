"""Values of the ledger in words: money, none, and returns on ad spend."""

from __future__ import annotations

from decimal import Decimal

from campaigns.models import Change
from lane.core.money import format_money


def amount_words(micros: int | None, currency: str) -> str:
    """An amount, or that there is none."""
    return "none" if micros is None else format_money(micros, currency)


def ratio_words(millis: int | None) -> str:
    """A return on ad spend kept in thousandths: 4000 is ``4.0``."""
    if millis is None:
        return "none"
    whole = Decimal(millis) / 1000
    return f"{whole:.1f}" if whole == round(whole, 1) else f"{whole.normalize():f}"


def value_words(change: Change, side: str) -> str:
    """The value before (``base``) or after (``target``) as people read it."""
    if change.field == Change.Field.STATUS:
        return str(getattr(change, f"{side}_status"))
    if change.kind == Change.Kind.TARGET_ROAS:
        return ratio_words(getattr(change, f"{side}_millis"))
    return amount_words(getattr(change, f"{side}_micros"), change.currency)
