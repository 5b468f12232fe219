"""Changes through Graph: budgets in minor units and switches, with Meta's own refusals."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from campaigns.sandbox.dialects.meta import money
from campaigns.sandbox.dialects.meta.errors import GraphError, bad_parameter, missing
from campaigns.sandbox.engine import LostAnswer, Sandbox
from campaigns.sandbox.faults import Rule
from campaigns.sandbox.journal import Write
from campaigns.sandbox.market import Account, Budget
from campaigns.sandbox.world import BID, BUDGET, CAP, STATUS

ACTOR = "Lane (sandbox system user)"
CHANGES_PER_HOUR = 4
LARGEST_MINOR = 10**11
NO_SPEND_CAP = 922337203685478
_SWITCHES = {"ACTIVE": "active", "PAUSED": "paused"}
_BUDGETS = ("daily_budget", "lifetime_budget")
_NOT_FIELDS = frozenset(
    {"access_token", "appsecret_proof", "execution_options", "fields", "method", "format"}
)


def is_dry(params: Mapping[str, str]) -> bool:
    """Whether a write is only to be validated."""
    return "validate_only" in params.get("execution_options", "")


def update(
    sandbox: Sandbox, node: str, params: Mapping[str, str], request_id: str, hit: dict[str, Rule]
) -> dict[str, Any]:
    """Carry out ``POST /{node}``: every field is checked before any is changed."""
    market = sandbox.world.market
    entity = market.campaigns.get(node) or market.groups.get(node) or market.ads.get(node)
    account = account_of(sandbox, node)
    if entity is None or account is None:
        raise missing(node, "post")
    wanted = {name: value for name, value in params.items() if name not in _NOT_FIELDS}
    if unknown := sorted(set(wanted) - {"status", "spend_cap", "bid_amount", *_BUDGETS}):
        raise bad_parameter(unknown[0], f"The sandbox cannot change {unknown[0]}.")
    if not wanted:
        raise bad_parameter("daily_budget", "Nothing to change was given.")
    writes = []
    for name, value in wanted.items():
        field, after = _checked(sandbox, node, name, value, account)
        writes.append(Write("meta", account.id, node, field, after, request_id, ACTOR, "api"))
    if is_dry(params):
        for write in writes:
            before = sandbox.world.current(write.entity, write.field)
            sandbox.journal.add(write, before, effective=False, note="validate_only", dry_run=True)
        return {"success": True}
    lost = False
    for write in writes:
        try:
            sandbox.land(write, hit)
        except LostAnswer:
            lost = True
    if lost:
        raise LostAnswer
    return {"success": True}


def _checked(sandbox: Sandbox, node: str, name: str, value: str, account: Account) -> tuple[str, Any]:
    if name == "status":
        return _status(value)
    if name == "spend_cap":
        return _spend_cap(sandbox, node, value, account)
    if name == "bid_amount":
        return _bid(sandbox, node, value, account)
    return _amount(sandbox, node, name, value, account)


def account_of(sandbox: Sandbox, node: str) -> Account | None:
    """The ad account a campaign, ad set or ad belongs to; None for anything else."""
    market = sandbox.world.market
    campaign = market.campaigns.get(node)
    if campaign is None:
        group = market.groups.get(node) or (market.ads[node].group if node in market.ads else None)
        campaign = group.campaign if group else None
    return campaign.account if campaign and campaign.account.platform == "meta" else None


def _status(value: str) -> tuple[str, str]:
    if value not in _SWITCHES:
        raise bad_parameter("status", "The sandbox can set status to ACTIVE or PAUSED.")
    return STATUS, _SWITCHES[value]


def _spend_cap(sandbox: Sandbox, node: str, value: str, account: Account) -> tuple[str, int | None]:
    """A cap must leave the campaign something to spend; Meta's largest number takes it away."""
    campaign = sandbox.world.market.campaigns.get(node)
    if campaign is None:
        raise bad_parameter("spend_cap", "A spend cap is set on a campaign.")
    amount = _whole("spend_cap", value)
    if amount == NO_SPEND_CAP:
        return CAP, None
    spent = money.minor(sandbox.world.spent_ever(campaign.groups, sandbox.clock.now()), account)
    least = spent + money.minimum_spend_cap(account)
    if amount < least:
        raise bad_parameter(
            "spend_cap",
            f"The spend cap must be at least {least}: what was spent and the minimum.",
            subcode=1885029,
        )
    return CAP, amount * money.per_minor(account)


def _bid(sandbox: Sandbox, node: str, value: str, account: Account) -> tuple[str, int]:
    if sandbox.world.bid(node) is None:
        raise bad_parameter(
            "bid_amount", "The bid strategy of this ad set takes no bid amount.", subcode=1815857
        )
    amount = _whole("bid_amount", value)
    if amount < 1:
        raise bad_parameter("bid_amount", "The bid is too low.", subcode=1885644)
    return BID, amount * money.per_minor(account)


def _whole(name: str, value: str) -> int:
    if not (value.isascii() and value.isdigit()):
        raise bad_parameter(name, f"{name} must be a whole number of the currency's smallest unit.")
    return int(value)


def _amount(sandbox: Sandbox, node: str, name: str, value: str, account: Account) -> tuple[str, int]:
    budget = sandbox.world.market.budgets.get(node)
    if budget is None:
        raise bad_parameter(name, "The budget is set on another level of this campaign.", subcode=1885621)
    if budget.lifetime is not (name == "lifetime_budget"):
        raise bad_parameter(
            name, "The kind of a budget (daily or lifetime) cannot be changed.", subcode=1487093
        )
    amount = _whole(name, value)
    least = money.minimum_daily(account)
    if amount < least:
        raise bad_parameter(name, f"Your budget is too low. The minimum is {least}.", subcode=1885272)
    if amount > LARGEST_MINOR:
        raise bad_parameter(name, "Your budget is too high.", subcode=1885273)
    if budget.lifetime:
        spent = money.minor(sandbox.world.spent_ever(budget.groups, sandbox.clock.now()), account)
        if amount < spent:
            raise bad_parameter(name, "The lifetime budget is below what was spent already.", subcode=1885648)
    _check_frequency(sandbox, node, budget)
    return BUDGET, amount * money.per_minor(account)


def _check_frequency(sandbox: Sandbox, node: str, budget: Budget) -> None:
    """An ad set's budget may change four times an hour; then it is blocked for an hour."""
    if budget.spec.carrier != "adset":
        return
    now = sandbox.clock.now()
    recent = [e.at for e in sandbox.world.edits(now - 7200, now) if e.entity == node and e.field == BUDGET]
    for k in range(len(recent) - CHANGES_PER_HOUR + 1):
        last = recent[k + CHANGES_PER_HOUR - 1]
        if last - recent[k] <= 3600 and now - last < 3600:
            usage = {
                budget.account.id: [
                    {"type": "ads_management", "call_count": 1, "total_cputime": 1, "total_time": 1,
                     "estimated_time_to_regain_access": int((3600 - (now - last)) // 60) + 1}
                ]
            }  # fmt: skip
            raise GraphError(
                613,
                "Calls to this api have exceeded the rate limit.",
                subcode=1487225,
                user_message="You can change an ad set's budget four times an hour. Try again in an hour.",
                headers={"x-business-use-case-usage": json.dumps(usage)},
            )
