"""Google's status reasons in Lane's codes."""

from __future__ import annotations

from collections.abc import Sequence

from campaigns.platforms import hindrances as codes
from campaigns.platforms.hindrances import distinct, hindrance
from campaigns.platforms.records import Hindrance

_REASONS = {
    "CAMPAIGN_PAUSED": codes.PAUSED,
    "CAMPAIGN_PENDING": codes.NOT_STARTED,
    "CAMPAIGN_ENDED": codes.ENDED,
    "CAMPAIGN_GROUP_PAUSED": codes.PAUSED,
    "CAMPAIGN_GROUP_ALL_GROUP_BUDGETS_ENDED": codes.CAP_REACHED,
    "AD_GROUPS_PAUSED": codes.PAUSED,
    "AD_GROUP_ADS_PAUSED": codes.PAUSED,
    "KEYWORDS_PAUSED": codes.PAUSED,
    "ASSET_GROUPS_PAUSED": codes.PAUSED,
    "BIDDING_STRATEGY_CONSTRAINED": codes.LIMITED_BY_BID,
    "BIDDING_STRATEGY_LIMITED": codes.LIMITED_BY_BID,
    "BIDDING_STRATEGY_MISCONFIGURED": codes.MISCONFIGURED,
    "BIDDING_STRATEGY_LEARNING": codes.LEARNING,
    "BUDGET_CONSTRAINED": codes.LIMITED_BY_BUDGET,
    "BUDGET_MISCONFIGURED": codes.MISCONFIGURED,
    "SEARCH_VOLUME_LIMITED": codes.LIMITED_BY_TARGETING,
    "NO_KEYWORDS": codes.LIMITED_BY_TARGETING,
    "MISSING_LOCATION_TARGETING": codes.LIMITED_BY_TARGETING,
    "HAS_ADS_DISAPPROVED": codes.DISAPPROVED_ADS,
    "HAS_ADS_LIMITED_BY_POLICY": codes.DISAPPROVED_ADS,
    "HAS_ASSET_GROUPS_DISAPPROVED": codes.DISAPPROVED_ADS,
    "HAS_ASSET_GROUPS_LIMITED_BY_POLICY": codes.DISAPPROVED_ADS,
    "MOST_ADS_UNDER_REVIEW": codes.IN_REVIEW,
    "MOST_ASSET_GROUPS_UNDER_REVIEW": codes.IN_REVIEW,
    "NO_AD_GROUPS": codes.NO_ADS,
    "NO_AD_GROUP_ADS": codes.NO_ADS,
    "NO_ASSET_GROUPS": codes.NO_ADS,
}
_WORDS = {
    "HAS_ADS_LIMITED_BY_POLICY": "Ads are limited by policy",
    "HAS_ASSET_GROUPS_DISAPPROVED": "Asset groups were disapproved",
    "HAS_ASSET_GROUPS_LIMITED_BY_POLICY": "Asset groups are limited by policy",
    "AD_GROUPS_PAUSED": "All of its ad groups are paused",
    "AD_GROUP_ADS_PAUSED": "All of its ads are paused",
    "KEYWORDS_PAUSED": "All of its keywords are paused",
    "ASSET_GROUPS_PAUSED": "All of its asset groups are paused",
    "NO_KEYWORDS": "It has no keywords that can run",
    "MISSING_LOCATION_TARGETING": "It needs a location target",
}
_WORTH_TELLING = frozenset({"LIMITED", "MISCONFIGURED", "NOT_ELIGIBLE"})


def of_campaign(switch: str, primary: str, serving: str, reasons: Sequence[str]) -> tuple[Hindrance, ...]:
    """What keeps a campaign from spending, the switch first."""
    found = [hindrance(codes.PAUSED, switch)] if switch == "PAUSED" else []
    if serving == "SUSPENDED":
        found.append(hindrance(codes.PAYMENT, serving, "Google suspended it for account or payment reasons"))
    found += [
        hindrance(_REASONS[reason], reason, _WORDS.get(reason, ""))
        for reason in reasons
        if reason in _REASONS
    ]
    if not found and primary in _WORTH_TELLING:
        raw = ", ".join(reasons) or primary
        found.append(hindrance(codes.OTHER, raw, f"Google limits it: {raw.replace('_', ' ').lower()}"))
    return distinct(found)


def of_group(switch: str) -> tuple[Hindrance, ...]:
    """A group tells only its switch."""
    return (hindrance(codes.PAUSED, switch),) if switch == "PAUSED" else ()


def of_ad(switch: str, refused: str, review: str) -> tuple[Hindrance, ...]:
    """A policy verdict or a review under way; a paused ad is nobody's reason."""
    if switch != "ENABLED":
        return ()
    if refused:
        return (hindrance(codes.DISAPPROVED_ADS, refused, "Disapproved"),)
    if review == "REVIEW_IN_PROGRESS":
        return (hindrance(codes.IN_REVIEW, review, "In review"),)
    return ()


def of_account(status: str) -> tuple[Hindrance, ...]:
    """A suspended account spends nothing."""
    if status == "SUSPENDED":
        return (hindrance(codes.PAYMENT, status, "Google suspended this account"),)
    return ()
