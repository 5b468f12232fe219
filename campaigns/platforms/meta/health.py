"""Meta's statuses and issues in Lane's codes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from campaigns.platforms import hindrances as codes
from campaigns.platforms.hindrances import distinct, hindrance
from campaigns.platforms.records import EntityStatus, Hindrance, Level

_EFFECTIVE = {
    "PAUSED": codes.PAUSED,
    "CAMPAIGN_PAUSED": codes.PAUSED,
    "ADSET_PAUSED": codes.PAUSED,
    "DISAPPROVED": codes.DISAPPROVED_ADS,
    "PENDING_REVIEW": codes.IN_REVIEW,
    "PENDING_BILLING_INFO": codes.PAYMENT,
}
_WORDS = {
    "CAMPAIGN_PAUSED": "Its campaign is paused",
    "ADSET_PAUSED": "Its ad set is paused",
    "PENDING_BILLING_INFO": "Meta waits for billing information",
}
_ACCOUNT = {
    2: (codes.PAYMENT, "Meta disabled this account"),
    3: (codes.PAYMENT, "This account has an unpaid balance"),
    7: (codes.IN_REVIEW, "Meta reviews this account"),
    8: (codes.PAYMENT, "A payment of this account is pending"),
    100: (codes.ENDED, "This account is being closed"),
}
# Words in an issue's summary that tell what it is about; Meta publishes no closed list of its error codes.
_SIGNS = (
    ("spending limit", codes.ACCOUNT_LIMIT),
    ("spend limit", codes.ACCOUNT_LIMIT),
    ("payment", codes.PAYMENT),
    ("billing", codes.PAYMENT),
    ("disapproved", codes.DISAPPROVED_ADS),
    ("rejected", codes.DISAPPROVED_ADS),
    ("review", codes.IN_REVIEW),
    ("audience", codes.LIMITED_BY_TARGETING),
    ("bid", codes.LIMITED_BY_BID),
)


def of_entity(node: Mapping[str, Any], level: Level, status: EntityStatus) -> tuple[Hindrance, ...]:
    """What keeps a campaign, ad set or ad from spending."""
    effective, switch = str(node.get("effective_status", "")), str(node.get("status", ""))
    if level is Level.AD and switch != "ACTIVE":
        return ()  # a paused ad is nobody's reason
    found: list[Hindrance] = []
    if status is EntityStatus.ENDED:
        found.append(hindrance(codes.ENDED, effective))
    if effective in _EFFECTIVE and not (level is Level.AD and _EFFECTIVE[effective] == codes.PAUSED):
        words = _WORDS.get(
            effective, "Disapproved" if level is Level.AD and effective == "DISAPPROVED" else ""
        )
        found.append(hindrance(_EFFECTIVE[effective], effective, words))
    found += [_issue(issue) for issue in node.get("issues_info") or ()]
    if str((node.get("learning_stage_info") or {}).get("status", "")) == "LEARNING":
        found.append(hindrance(codes.LEARNING, "LEARNING"))
    if not found and effective == "WITH_ISSUES":
        found.append(hindrance(codes.OTHER, effective, "Meta reports issues and does not say which"))
    return distinct(found)


def of_account(node: Mapping[str, Any]) -> tuple[Hindrance, ...]:
    """What keeps a whole account from spending; an amount of "0" for the limit means none."""
    found: list[Hindrance] = []
    status = int(node.get("account_status", 0))
    if status in _ACCOUNT:
        code, words = _ACCOUNT[status]
        found.append(hindrance(code, str(status), words))
    cap, spent = int(node.get("spend_cap") or 0), int(node.get("amount_spent") or 0)
    if 0 < cap <= spent:
        found.append(hindrance(codes.ACCOUNT_LIMIT, f"spend_cap {cap}"))
    return distinct(found)


def _issue(issue: Mapping[str, Any]) -> Hindrance:
    said = str(issue.get("error_summary") or issue.get("error_message") or "")
    raw = str(issue.get("error_code") or issue.get("error_type") or "")
    code = next((code for sign, code in _SIGNS if sign in said.lower()), codes.OTHER)
    return hindrance(code, raw, said or "Meta reports an issue and does not say which")
