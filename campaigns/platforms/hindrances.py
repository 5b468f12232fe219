"""Why something cannot spend: a few codes, the same for every platform, in the words a marketer uses."""

from __future__ import annotations

from campaigns.platforms.records import Hindrance

PAUSED = "paused"
ENDED = "ended"
NOT_STARTED = "not_started"
LIMITED_BY_BID = "limited_by_bid"
LIMITED_BY_TARGETING = "limited_by_targeting"
LIMITED_BY_BUDGET = "limited_by_budget"
DISAPPROVED_ADS = "disapproved_ads"
IN_REVIEW = "in_review"
NO_ADS = "no_ads"
ACCOUNT_LIMIT = "account_limit"
PAYMENT = "payment"
OUTAGE = "outage"
CAP_REACHED = "cap_reached"
MISCONFIGURED = "misconfigured"
LEARNING = "learning"
OTHER = "other"

WORDS = {
    PAUSED: "Paused",
    ENDED: "Its end date has passed",
    NOT_STARTED: "Its start date is still ahead",
    LIMITED_BY_BID: "Its bid target limits how much it can spend",
    LIMITED_BY_TARGETING: "Few people search for or match what it targets",
    LIMITED_BY_BUDGET: "Its budget limits it",
    DISAPPROVED_ADS: "Ads were disapproved",
    IN_REVIEW: "Ads are in review",
    NO_ADS: "It has no ad that can run",
    ACCOUNT_LIMIT: "The account reached its spending limit",
    PAYMENT: "The platform reports a payment problem",
    OUTAGE: "The account cannot be read",
    CAP_REACHED: "Its spend cap is reached",
    MISCONFIGURED: "Its settings keep it from running",
    LEARNING: "The platform is still learning after a change",
    OTHER: "The platform limits it",
}
CODES = tuple(WORDS)


def hindrance(code: str, raw: str = "", words: str = "") -> Hindrance:
    """A hindrance in the usual words, or in the platform's where they say more."""
    return Hindrance(code, words or WORDS[code], raw)


def distinct(found: list[Hindrance]) -> tuple[Hindrance, ...]:
    """Each code once, the first kept: platforms give several reasons for one thing."""
    return tuple({one.code: one for one in reversed(found)}.values())[::-1]
