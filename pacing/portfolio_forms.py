"""Portfolios as people type them. Services judge them; refusals come back to the field they name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.html import format_html

from campaigns.models import Budget
from lane.accounts.models import Client
from lane.core.errors import InvalidInput
from lane.core.money import Money, NotMoney, decimal_text, parse_amount
from pacing.models import BudgetPlan, Portfolio, PortfolioArm
from pacing.selectors.portfolios import BudgetOption
from pacing.services.portfolios.terms import ArmTerms

_PERCENT = Decimal(100)
FIXED = "fixed"
GOALS = {
    "value": "The revenue that platforms report for conversions, per unit of money.",
    "conversions": "How many conversions, whatever each is worth.",
}
MODES = {
    "observe": "Lane learns the curves and shows the best split. It proposes nothing.",
    "recommend": "Lane proposes a split; a person accepts it, and your approval policy decides who must say yes.",
    "auto": "Lane accepts its own splits; your approval policy still decides what needs a person.",
}
EXPLORATIONS = {
    "none": "Always the best split by what is known.",
    "thompson": "Now and then a split that may be better, drawn by how likely that is.",
    "excitation": "Small weekly nudges of the arms least is known about.",
}
ARMS_BY = {
    "budget": "Each budget is an arm of its own.",
    "platform": "Budgets of one platform and channel are one arm together.",
}


def _percent(**values: Any) -> forms.DecimalField:
    values.setdefault("max_digits", 5)
    return forms.DecimalField(
        decimal_places=1, widget=forms.NumberInput(attrs={"step": "0.5", "inputmode": "decimal"}), **values
    )


class PortfolioForm(forms.Form):
    """Goal, money of the day, arms, and how far Lane may go."""

    client = forms.ChoiceField(label="Client", error_messages={"required": "Choose a client."})
    name = forms.CharField(max_length=120, error_messages={"required": "Give the portfolio a name."})
    arms_by = forms.ChoiceField(label="What is compared", widget=forms.RadioSelect, initial="budget")
    money = forms.ChoiceField(
        label="Where it comes from",
        widget=forms.RadioSelect,
        initial=FIXED,
        error_messages={"required": "Choose where the day's money comes from."},
    )
    daily = forms.CharField(
        label="Fixed amount a day",
        required=False,
        help_text="Only without a plan. Left empty, it is what the chosen budgets have together now.",
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    goal = forms.ChoiceField(label="What counts", widget=forms.RadioSelect, initial=Portfolio.Goal.VALUE)
    mode = forms.ChoiceField(
        label="What Lane may do", widget=forms.RadioSelect, initial=Portfolio.Mode.RECOMMEND
    )
    look_every_minutes = forms.IntegerField(
        label="Minutes between looks",
        initial=30,
        help_text="15 to 60. Looking is not moving: Lane moves rarely.",
    )
    min_days_between_moves = forms.IntegerField(
        label="Days between two moves of an arm",
        required=False,
        help_text="Empty: 3 where people accept each move, 7 where Lane accepts.",
    )
    step = _percent(
        label="Largest step, in %",
        initial=Decimal(20),
        help_text="More than 20 % restarts learning at most platforms.",
    )
    blend = _percent(
        label="Caution, in %",
        initial=Decimal(40),
        help_text="How far splits are drawn towards shares by average return: safer, a little less gain.",
    )
    exploration = forms.ChoiceField(
        label="How Lane learns", widget=forms.RadioSelect, initial=Portfolio.Exploration.NONE
    )
    exploration_share = _percent(
        label="Most of the day's money moved to learn, in %",
        required=False,
        help_text="At most 5 %. Empty without exploration.",
    )
    roas_floor = forms.DecimalField(
        label="Least return",
        required=False,
        max_digits=8,
        decimal_places=3,
        help_text="Value per unit of money that the whole portfolio must keep, at the cautious end. Empty: none.",
        widget=forms.NumberInput(attrs={"step": "0.1", "inputmode": "decimal"}),
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    reason = forms.CharField(
        label="Why this changes",
        required=False,
        max_length=300,
        help_text="Kept in the activity of the portfolio.",
    )
    budget_error = ""

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        clients: Sequence[Client] = (),
        options: Sequence[BudgetOption] = (),
        plans: Sequence[BudgetPlan] = (),
        portfolio: Portfolio | None = None,
        client_url: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(data, **kwargs)
        self.portfolio, self.options = portfolio, {option.key: option for option in options}
        self.plans = {str(plan.public_id): plan for plan in plans}
        self._explained("goal", Portfolio.Goal.choices, GOALS)
        self._explained("mode", Portfolio.Mode.choices, MODES)
        self._explained("exploration", Portfolio.Exploration.choices, EXPLORATIONS)
        self._explained("arms_by", [("budget", "Budgets"), ("platform", "Platforms and channels")], ARMS_BY)
        money = {FIXED: "You say how much a day. No running plan may act on these budgets."} | dict.fromkeys(
            self.plans, "The plan sets what its budgets get together; the portfolio shares it out."
        )
        names = [(key, f"Plan “{plan.name}”") for key, plan in self.plans.items()]
        self._explained("money", [*names, (FIXED, "A fixed amount a day")], money)
        if portfolio is not None:
            del self.fields["client"], self.fields["arms_by"]
            return
        del self.fields["reason"]
        field = self.fields["client"]
        field.choices = [("", "Choose…"), *((str(c.public_id), c.name) for c in clients)]  # type: ignore[attr-defined]
        field.widget.attrs |= {
            "hx-get": client_url,
            "hx-target": "#of-client",
            "hx-select": "#of-client",
            "hx-swap": "outerHTML",
        }

    @property
    def chosen(self) -> list[str]:
        """Ids of the ticked budgets."""
        if self.is_bound:
            return list(self.data.getlist("budgets"))  # type: ignore[attr-defined]
        return [str(key) for key in self.initial.get("budgets", [])]

    def clean(self) -> dict[str, Any]:
        """Read the budgets, then the amounts in their currency."""
        cleaned = super().clean() or {}
        budgets: list[Budget] = []
        if self.portfolio is None:
            budgets = [self.options[key].budget for key in self.chosen if key in self.options]
            if len(budgets) != len(self.chosen):
                self.refuse_budgets("A chosen budget no longer exists or is not the client's. Choose again.")
            elif len(budgets) < 2:
                self.refuse_budgets("Choose at least two budgets: money moves between them.")
        cleaned["budgets"] = budgets
        self._read_money(cleaned, budgets)
        return cleaned

    def terms(self) -> dict[str, Any]:
        """What the portfolio services take, arms apart."""
        read = self.cleaned_data
        explores = read["exploration"] != Portfolio.Exploration.NONE
        found = {
            "name": read["name"],
            "goal": read["goal"],
            "mode": read["mode"],
            "plan": read["plan"],
            "daily_micros": read["daily_micros"],
            "look_every_minutes": read["look_every_minutes"],
            "min_days_between_moves": read["min_days_between_moves"],
            "step_ratio": read["step"] / _PERCENT,
            "blend_ratio": read["blend"] / _PERCENT,
            "exploration": read["exploration"],
            "exploration_ratio": (read["exploration_share"] or Decimal(0)) / _PERCENT
            if explores
            else Decimal(0),
            "roas_floor": read["roas_floor"],
        }
        if self.portfolio is not None and found["min_days_between_moves"] is None:
            del found["min_days_between_moves"]
        return found

    def arms(self) -> list[ArmTerms]:
        """The arms of a new portfolio: one per budget, or one per platform and channel."""
        budgets = self.cleaned_data["budgets"]
        if self.cleaned_data["arms_by"] == "budget":
            return arms_of_budgets(budgets)
        return arms_by_platform(budgets)

    def refuse(self, refusal: InvalidInput) -> None:
        """Show a refusal of the service beside the fields it names."""
        named = {
            "step_ratio": "step",
            "blend_ratio": "blend",
            "exploration_ratio": "exploration_share",
            "plan": "money",
        }
        if not refusal.fields:
            self.add_error(None, refusal.message)
        for name, words in refusal.fields.items():
            field = named.get(name, name)
            if field == "budgets":
                self.refuse_budgets(words)
            else:
                self.add_error(field if field in self.fields else None, words)

    def refuse_budgets(self, words: str) -> None:
        """An error of the budget picker, which is no form field."""
        self.budget_error = words
        self.add_error(None, words)

    def _read_money(self, cleaned: dict[str, Any], budgets: Sequence[Budget]) -> None:
        source = cleaned.get("money", FIXED)
        cleaned["plan"] = self.plans.get(source)
        cleaned["daily_micros"] = None
        if cleaned["plan"] is not None:
            return
        currency = self.portfolio.currency if self.portfolio else budgets[0].currency if budgets else "EUR"
        text = cleaned.get("daily") or ""
        if not text:
            cleaned["daily_micros"] = sum(budget.amount_micros or 0 for budget in budgets) or None
            if cleaned["daily_micros"] is None and not self.budget_error:
                self.add_error("daily", "Type the amount a day, or take it from a plan.")
            return
        try:
            cleaned["daily_micros"] = parse_amount(text, currency)
        except NotMoney as error:
            self.add_error("daily", str(error))

    def _explained(self, name: str, choices: Sequence[tuple[str, Any]], words: Mapping[str, str]) -> None:
        self.fields[name].choices = [  # type: ignore[attr-defined]
            (value, format_html('<span><b>{}</b><span class="sub">{}</span></span>', label, words[value]))
            for value, label in choices
        ]


def arms_of_budgets(budgets: Sequence[Budget]) -> list[ArmTerms]:
    """One arm per budget, named after it; a name that occurs twice carries its platform too."""
    names = [budget.name for budget in budgets]
    return [
        ArmTerms(
            label=(
                budget.name if names.count(budget.name) == 1 else f"{budget.name} ({budget.ad_account.name})"
            )[:120],
            budgets=(budget,),
            kind=PortfolioArm.Kind.AD_GROUP
            if budget.carrier == Budget.Carrier.GROUP
            else PortfolioArm.Kind.CAMPAIGN,
        )
        for budget in budgets
    ]


def arms_by_platform(budgets: Sequence[Budget]) -> list[ArmTerms]:
    """One arm per platform and channel, named so; a budget of several channels goes by the first."""
    groups: dict[str, list[Budget]] = {}
    for budget in budgets:
        campaign = budget.ad_campaigns.order_by("pk").first()
        channel = campaign.channel.replace("_", " ").capitalize() if campaign and campaign.channel else ""
        platform = budget.ad_account.get_platform_display()
        groups.setdefault(f"{platform}, {channel}" if channel else platform, []).append(budget)
    return [
        ArmTerms(label, tuple(held), PortfolioArm.Kind.PLATFORM_CHANNEL) for label, held in groups.items()
    ]


def initial_of(portfolio: Portfolio) -> dict[str, Any]:
    """A portfolio as its form shows it."""
    daily = portfolio.daily_micros
    return {
        "name": portfolio.name,
        "money": str(portfolio.plan.public_id) if portfolio.plan else FIXED,
        "daily": decimal_text(Money(daily, portfolio.currency)) if daily is not None else "",
        "goal": portfolio.goal,
        "mode": portfolio.mode,
        "look_every_minutes": portfolio.look_every_minutes,
        "min_days_between_moves": portfolio.min_days_between_moves,
        "step": (portfolio.step_ratio * _PERCENT).normalize(),
        "blend": portfolio.blend_ratio * _PERCENT,
        "exploration": portfolio.exploration,
        "exploration_share": portfolio.exploration_ratio * _PERCENT or None,
        "roas_floor": portfolio.roas_floor,
        "version": portfolio.version,
    }
