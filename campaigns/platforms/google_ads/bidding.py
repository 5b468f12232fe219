"""What a Google campaign bids towards: one number in one of four standard strategies.

Google keeps a return on ad spend as a double; Lane keeps thousandths. A portfolio strategy (a shared one) is
not a campaign's own to change, so it shows no target here.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from campaigns.platforms.records import Bid, BidKind

FIELDS = {
    "TARGET_CPA": ("target_cpa", "target_cpa_micros", BidKind.TARGET_CPA),
    "MAXIMIZE_CONVERSIONS": ("maximize_conversions", "target_cpa_micros", BidKind.TARGET_CPA),
    "TARGET_ROAS": ("target_roas", "target_roas", BidKind.TARGET_ROAS),
    "MAXIMIZE_CONVERSION_VALUE": ("maximize_conversion_value", "target_roas", BidKind.TARGET_ROAS),
}


def of(campaign: Any, strategy: str, currency: str) -> Bid | None:
    """The target a campaign's own strategy has; None without one."""
    if strategy not in FIELDS or campaign.bidding_strategy:
        return None
    holder, field, kind = FIELDS[strategy]
    value = getattr(getattr(campaign, holder), field)
    if not value:
        return None
    if kind is BidKind.TARGET_ROAS:
        return Bid(kind, millis=millis_of(value))
    return Bid(kind, micros=value, currency=currency)


def millis_of(ratio: float) -> int:
    """A ratio in thousandths, through its shortest decimal text."""
    return int((Decimal(str(ratio)) * 1000).to_integral_value(rounding=ROUND_HALF_EVEN))
