"""The agency of the sandbox: who advertises, on which budgets, and how each budget turns out.

Each budget has a natural ``role``: what a plan of ``plan_per_day`` (major units, times the days of the flight)
over it shows at the default seed when nobody touches it.

- ``on_track``: spends what the plan wants.
- ``ahead``: the platform budget is above the plan's daily amount, and demand fills it.
- ``behind``: the platform budget is below the plan's daily amount; demand would allow more.
- ``cannot_spend``: the budget is high enough, but demand is capped below the plan.
- ``limited``: behind because ads were disapproved.
- ``new``: delivery began only now; use a flight that starts today.
- ``paused``: switched off by a person some days ago.

``headroom`` is daily demand as a multiple of ``per_day``, the amount set on the platform.
"""

from __future__ import annotations

from dataclasses import dataclass

GOOGLE = "google_ads"
META = "meta"
AGENCY = "Tallow Street Agency"


@dataclass(frozen=True, slots=True)
class AccountSpec:
    """One advertiser account; ``client`` is the brand it belongs to."""

    key: str
    platform: str
    client: str
    currency: str = "EUR"
    timezone: str = "Europe/Berlin"


@dataclass(frozen=True, slots=True)
class CampaignSpec:
    """One campaign of a budget. ``share`` is its part of the budget's demand."""

    name: str
    channel: str
    groups: tuple[str, ...]
    share: float = 1.0
    cost_per_click: float = 0.9
    click_rate: float = 0.03
    conversion_rate: float = 0.035
    order_value: float = 60.0
    weekend: float = 0.85
    disapproved_ads: int = 0
    paused_days_ago: int = 0
    strategy: str = ""  # in the platform's words; empty: its usual one without a target
    bid: float = 0.0  # what the strategy aims at: major units, or a return on ad spend
    limited: str = ""  # Google: a reason for its health, such as BIDDING_STRATEGY_CONSTRAINED
    issue: str = ""  # Meta: what an issue of the campaign says


@dataclass(frozen=True, slots=True)
class BudgetSpec:
    """One platform budget and the campaigns (or, ``carrier='adset'``, the ad sets) that spend from it."""

    key: str
    account: str
    name: str
    per_day: int
    plan_per_day: int
    role: str
    headroom: float
    campaigns: tuple[CampaignSpec, ...]
    shared: bool = False
    carrier: str = "budget"  # Google: a budget of its own. Meta: "campaign" or "adset"
    lifetime_days: int = 0  # above 0: one total of per_day x lifetime_days instead of a daily amount


ACCOUNTS = (
    AccountSpec("tervo-g", GOOGLE, "Tervo Kitchens"),
    AccountSpec("pinewick-g", GOOGLE, "Pinewick Coffee"),
    AccountSpec("sundby-g", GOOGLE, "Sundby Ferries"),
    AccountSpec("orlac-g", GOOGLE, "Maison Orlac"),
    AccountSpec("lindqvist-g", GOOGLE, "Lindqvist Eyewear"),
    AccountSpec("aldermoor-g", GOOGLE, "Aldermoor Homes", "GBP", "Europe/London"),
    AccountSpec("quillon-g", GOOGLE, "Quillon Insurance", "USD", "America/New_York"),
    AccountSpec("pinewick-m", META, "Pinewick Coffee"),
    AccountSpec("tervo-m", META, "Tervo Kitchens"),
    AccountSpec("sundby-m", META, "Sundby Ferries"),
    AccountSpec("lindqvist-m", META, "Lindqvist Eyewear"),
    AccountSpec("aldermoor-m", META, "Aldermoor Homes", "GBP", "Europe/London"),
    AccountSpec("quillon-m", META, "Quillon Insurance", "USD", "America/New_York"),
    AccountSpec("hoshino-m", META, "Hoshino Tea", "JPY", "Asia/Tokyo"),
)

_C = CampaignSpec
_B = BudgetSpec

BUDGETS = (
    _B("spring-kitchens", "tervo-g", "Spring kitchens", 1750, 1550, "cannot_spend", 0.62, (
        _C("Spring kitchens | Search", "SEARCH", ("Fitted kitchens", "Kitchen planner"), 0.62, 2.4, 0.045, 0.021, 420,
           strategy="TARGET_CPA", bid=95, limited="BIDDING_STRATEGY_CONSTRAINED"),
        _C("Spring kitchens | Performance Max", "PERFORMANCE_MAX", ("All products",), 0.38, 1.3, 0.021, 0.018, 380,
           strategy="MAXIMIZE_CONVERSION_VALUE", bid=4.0),
    )),
    _B("showroom-visits", "tervo-g", "Showroom visits", 180, 182, "on_track", 2.3, (
        _C("Showroom visits | Search", "SEARCH", ("Near me", "Brand"), 1.0, 1.1, 0.06, 0.05, 90),
    )),
    _B("subscriptions", "pinewick-g", "Subscriptions", 255, 258, "on_track", 2.1, (
        _C("Subscriptions | Brand", "SEARCH", ("Brand exact",), 0.4, 0.45, 0.11, 0.07, 32),
        _C("Subscriptions | Generic", "SEARCH", ("Coffee subscription", "Gift"), 0.6, 1.2, 0.04, 0.03, 32),
    )),
    _B("summer-crossings", "sundby-g", "Summer crossings", 1345, 1175, "ahead", 2.0, (
        _C("Summer crossings | Search", "SEARCH", ("Routes", "Cabins"), 0.7, 0.8, 0.055, 0.032, 210, 1.15),
        _C("Summer crossings | Demand Gen", "DEMAND_GEN", ("Families",), 0.3, 0.4, 0.012, 0.009, 190, 1.1),
    )),
    _B("ferry-always-on", "sundby-g", "Ferry always-on (shared)", 420, 424, "on_track", 1.9, (
        _C("Always-on | Brand", "SEARCH", ("Brand",), 0.45, 0.3, 0.14, 0.06, 160, 1.05),
        _C("Always-on | Competitors", "SEARCH", ("Competitors",), 0.25, 1.4, 0.025, 0.012, 160),
        _C("Always-on | Islands", "SEARCH", ("Islands", "Day trips"), 0.3, 0.7, 0.05, 0.028, 140, 1.2),
    ), shared=True),
    _B("freight-leads", "sundby-g", "Freight leads", 195, 197, "on_track", 2.6, (
        _C("Freight leads | Search", "SEARCH", ("Ro-ro freight",), 1.0, 3.6, 0.03, 0.02, 900, 0.5),
    )),
    _B("always-on-shopping", "orlac-g", "Always-on shopping", 885, 892, "on_track", 1.8, (
        _C("Shopping | Bestsellers", "SHOPPING", ("Bestsellers",), 0.6, 0.55, 0.011, 0.024, 95),
        _C("Shopping | Long tail", "SHOPPING", ("All other",), 0.4, 0.38, 0.008, 0.015, 88),
    )),
    _B("parfum-launch", "orlac-g", "Parfum launch", 740, 730, "limited", 0.76, (
        _C("Parfum launch | Search", "SEARCH", ("Parfum", "Gift sets"), 0.6, 1.0, 0.04, 0.02, 110, disapproved_ads=2),
        _C("Parfum launch | YouTube", "VIDEO", ("In-stream",), 0.4, 0.2, 0.006, 0.003, 110),
    )),
    _B("opticians-b2b", "lindqvist-g", "Opticians B2B", 395, 455, "behind", 2.2, (
        _C("Opticians B2B | Search", "SEARCH", ("Wholesale frames", "Lens lab"), 1.0, 2.9, 0.035, 0.017, 640, 0.6),
    )),
    _B("open-days", "aldermoor-g", "Open days, autumn (total)", 95, 95, "on_track", 1.9, (
        _C("Open days | Demand Gen", "DEMAND_GEN", ("Local families",), 1.0, 0.6, 0.011, 0.02, 120),
    ), lifetime_days=120),
    _B("retirement-village", "aldermoor-g", "Retirement village", 460, 464, "on_track", 2.0, (
        _C("Retirement village | Search", "SEARCH", ("Retirement homes", "Brochure"), 1.0, 1.9, 0.05, 0.028, 150),
    )),
    _B("motor-quotes", "quillon-g", "Motor quotes", 610, 695, "behind", 2.1, (
        _C("Motor quotes | Search", "SEARCH", ("Car insurance", "Young drivers"), 0.8, 4.2, 0.04, 0.06, 70),
        _C("Motor quotes | Display", "DISPLAY", ("Remarketing",), 0.2, 0.7, 0.004, 0.012, 70),
    )),
    _B("home-cover", "quillon-g", "Home cover", 500, 500, "new", 1.8, (
        _C("Home cover | Search", "SEARCH", ("Home insurance",), 1.0, 3.1, 0.038, 0.05, 85),
    )),
    _B("cold-brew", "pinewick-m", "Cold brew", 455, 516, "behind", 2.0, (
        _C("Cold brew", "OUTCOME_SALES", ("Prospecting", "Lookalike 2 %"), 1.0, 0.6, 0.014, 0.022, 34, 0.9),
    ), carrier="campaign"),
    _B("retargeting", "tervo-m", "Retargeting", 306, 275, "ahead", 2.2, (
        _C("Retargeting", "OUTCOME_LEADS", ("Site visitors 30 days", "Basket"), 1.0, 0.9, 0.02, 0.05, 120),
    ), carrier="campaign"),
    _B("winter-weekends", "sundby-m", "Winter weekends", 240, 240, "on_track", 1.9, (
        _C("Winter weekends", "OUTCOME_SALES", ("Couples", "Families"), 1.0, 0.7, 0.012, 0.016, 170, 1.2),
    ), carrier="campaign", lifetime_days=120),
    _B("frames-women", "lindqvist-m", "Frames catalogue: women", 150, 151, "on_track", 2.0, (
        _C("Frames catalogue", "OUTCOME_SALES", ("Women 25-44",), 1.0, 0.5, 0.015, 0.018, 130),
    ), carrier="adset"),
    _B("frames-men", "lindqvist-m", "Frames catalogue: men", 90, 91, "on_track", 2.1, (
        _C("Frames catalogue", "OUTCOME_SALES", ("Men 25-44",), 1.0, 0.55, 0.013, 0.015, 130),
    ), carrier="adset"),
    _B("frames-retargeting", "lindqvist-m", "Frames catalogue: visitors", 60, 69, "behind", 2.4, (
        _C("Frames catalogue", "OUTCOME_SALES", ("Visitors 14 days",), 1.0, 0.7, 0.022, 0.04, 130),
    ), carrier="adset"),
    _B("sunglasses-test", "lindqvist-m", "Sunglasses test", 150, 150, "paused", 1.7, (
        _C("Sunglasses test", "OUTCOME_TRAFFIC", ("Broad",), 1.0, 0.35, 0.016, 0.009, 110, paused_days_ago=3),
    ), carrier="campaign"),
    _B("show-homes", "aldermoor-m", "Show homes", 1080, 930, "ahead", 1.9, (
        _C("Show homes", "OUTCOME_LEADS", ("First buyers", "Movers"), 1.0, 1.2, 0.013, 0.04, 140, 1.1,
           strategy="COST_CAP", bid=40),
    ), carrier="campaign"),
    _B("renters", "quillon-m", "Renters awareness", 220, 222, "on_track", 2.0, (
        _C("Renters awareness", "OUTCOME_LEADS", ("Renters 20-35",), 1.0, 1.4, 0.01, 0.03, 45,
           strategy="LOWEST_COST_WITH_BID_CAP", bid=12, issue="The bid cap may limit delivery"),
    ), carrier="adset"),
    _B("autumn-tea", "hoshino-m", "Autumn tea", 42000, 42400, "on_track", 2.0, (
        _C("Autumn tea", "OUTCOME_SALES", ("Gift buyers", "Tea lovers"), 1.0, 65.0, 0.015, 0.02, 4800),
    ), carrier="campaign"),
)  # fmt: skip


def by_role(role: str) -> list[BudgetSpec]:
    """Budgets that turn out in one way at the default seed."""
    return [budget for budget in BUDGETS if budget.role == role]
