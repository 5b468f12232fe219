"""The world of the sandbox as it stands: accounts, budgets, campaigns, groups and ads with ids from the seed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from campaigns.sandbox.scenario import ACCOUNTS, AGENCY, BUDGETS, GOOGLE, BudgetSpec, CampaignSpec

MICROS = 1_000_000
WHOLE_UNIT_CURRENCIES = frozenset({"JPY", "KRW", "HUF", "CLP", "ISK", "TWD", "VND", "IDR"})


def digest(*parts: object) -> bytes:
    """Sixteen bytes that depend on the parts alone, whatever was asked before."""
    return hashlib.blake2b("|".join(map(str, parts)).encode(), digest_size=16).digest()


def number(low: int, high: int, *parts: object) -> int:
    """A whole number in ``low``..``high - 1`` out of the parts."""
    return low + int.from_bytes(digest(*parts), "big") % (high - low)


def fraction(*parts: object) -> float:
    """A number in [0, 1) out of the parts."""
    return int.from_bytes(digest(*parts)[:6], "big") / 2**48


@dataclass(slots=True)
class Account:
    """An advertiser account, or the manager above the Google ones."""

    id: str
    key: str
    platform: str
    name: str
    currency: str
    timezone: str
    is_manager: bool = False

    @property
    def unit(self) -> int:
        """Micros of the smallest amount the currency can be billed in."""
        return MICROS if self.currency in WHOLE_UNIT_CURRENCIES else MICROS // 100


@dataclass(slots=True)
class Ad:
    """One ad; ``until`` is its upper bound in the group's traffic (ads of a group end at 1)."""

    id: str
    group: Group
    name: str
    until: float
    approval: str = "APPROVED"


@dataclass(slots=True)
class Group:
    """An ad group or ad set: the unit that demand belongs to."""

    id: str
    campaign: Campaign
    name: str
    budget: Budget
    demand: float  # micros a day of usual demand
    ads: list[Ad] = field(default_factory=list)


@dataclass(slots=True)
class Campaign:
    """One campaign with the economics its groups share."""

    id: str
    account: Account
    spec: CampaignSpec
    name: str
    channel: str
    budget: Budget | None  # None: its ad sets carry budgets of their own
    groups: list[Group] = field(default_factory=list)

    @property
    def is_roas(self) -> bool:
        """Whether its strategy aims at a return on ad spend rather than at an amount."""
        return self.spec.strategy in {"TARGET_ROAS", "MAXIMIZE_CONVERSION_VALUE"}

    @property
    def bid(self) -> int:
        """What it aims at in the beginning: micros, or thousandths of a return; 0 without a target."""
        return round(self.spec.bid * (1000 if self.is_roas else MICROS))

    @property
    def bid_holders(self) -> list[str]:
        """Ids of what carries the target: the campaign at Google, its ad sets at Meta."""
        return [self.id] if self.account.platform == GOOGLE else [group.id for group in self.groups]


@dataclass(slots=True)
class Budget:
    """One budget. At Meta its id is that of the campaign or ad set which carries it."""

    id: str
    account: Account
    spec: BudgetSpec
    name: str
    micros: int  # the amount at the beginning of the world
    lifetime: bool
    groups: list[Group] = field(default_factory=list)

    @property
    def campaigns(self) -> list[Campaign]:
        """Campaigns that spend from this budget."""
        return list({group.campaign.id: group.campaign for group in self.groups}.values())


class Market:
    """Everything that exists, findable by id."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.accounts: dict[str, Account] = {}
        self.campaigns: dict[str, Campaign] = {}
        self.groups: dict[str, Group] = {}
        self.ads: dict[str, Ad] = {}
        self.budgets: dict[str, Budget] = {}
        self.manager = Account(
            self._id("google", "manager"), "manager", GOOGLE, AGENCY, "EUR", "Europe/Berlin", True
        )
        self.business_id = str(number(10**14, 10**15, seed, "business"))
        self.accounts[self.manager.id] = self.manager
        keys: dict[str, Account] = {}
        for spec in ACCOUNTS:
            name = spec.client if spec.platform == GOOGLE else f"{spec.client} (Meta)"
            account = Account(
                self._id(spec.platform, spec.key), spec.key, spec.platform, name, spec.currency, spec.timezone
            )
            keys[spec.key] = self.accounts[account.id] = account
        for budget in BUDGETS:
            self._add(budget, keys[budget.account])

    def of(self, platform: str) -> list[Account]:
        """Advertiser accounts of one platform."""
        return [a for a in self.accounts.values() if a.platform == platform and not a.is_manager]

    def _id(self, platform: str, *parts: object) -> str:
        """Ids in the length and range each platform uses."""
        if len(parts) == 1:  # an account
            low = 10**9 if platform.startswith("google") else 10**14
            return str(number(low, low * 9, self.seed, "id", platform, *parts))
        low = 2 * 10**10 if platform.startswith("google") else 120_200 * 10**12
        return str(number(low, low + low // 10, self.seed, "id", platform, *parts))

    def _add(self, spec: BudgetSpec, account: Account) -> None:
        amount = spec.per_day * (spec.lifetime_days or 1) * MICROS
        own_id = self._id(account.platform, "budget", spec.key)
        budget = Budget(own_id, account, spec, spec.name, amount, spec.lifetime_days > 0)
        total = sum(campaign.share for campaign in spec.campaigns)
        for part in spec.campaigns:
            campaign = self._campaign(part, account, budget)
            if spec.carrier == "campaign":
                budget.id = campaign.id
            demand = spec.per_day * MICROS * spec.headroom * part.share / total
            for position, name in enumerate(part.groups):
                group = self._group(name, campaign, budget, demand, position)
                if spec.carrier == "adset":
                    budget.id = group.id
        self.budgets[budget.id] = budget

    def _campaign(self, spec: CampaignSpec, account: Account, budget: Budget) -> Campaign:
        """Ad sets with budgets of their own share the campaign of that name."""
        own_id = self._id(account.platform, "campaign", account.key, spec.name)
        if own_id not in self.campaigns:
            holder = None if budget.spec.carrier == "adset" else budget
            self.campaigns[own_id] = Campaign(own_id, account, spec, spec.name, spec.channel, holder)
        return self.campaigns[own_id]

    def _group(self, name: str, campaign: Campaign, budget: Budget, demand: float, position: int) -> Group:
        weights = [0.62, 0.38] if len(campaign.spec.groups) == 2 else [1.0]
        key = (campaign.account.platform, "group", campaign.account.key, campaign.name, name)
        group = Group(self._id(*key), campaign, name, budget, demand * weights[position])
        first = 0.45 + 0.3 * fraction(self.seed, "ads", group.id)
        for index, until in enumerate((first, 1.0)):
            ad = Ad(self._id(*key, index), group, f"{name}, version {'AB'[index]}", until)
            if index == 1 and position < campaign.spec.disapproved_ads:
                ad.approval = "DISAPPROVED"
            group.ads.append(ad)
            self.ads[ad.id] = ad
        campaign.groups.append(group)
        budget.groups.append(group)
        self.groups[group.id] = group
        return group
