"""Values of the ledger on pages."""

from __future__ import annotations

from django import template

from campaigns.words import ratio_words

register = template.Library()


@register.filter
def ratio(millis: int | None) -> str:
    """A return on ad spend kept in thousandths: 4000 is ``4.0``."""
    return ratio_words(millis)


@register.filter
def tool(client: str) -> str:
    """What somebody edited with: ``GOOGLE_ADS_WEB_CLIENT`` reads “Google Ads web client”."""
    if not client.isupper():
        return client
    words = client.replace("_", " ").lower()
    return words.replace("google ads", "Google Ads").replace(" api", " API")
