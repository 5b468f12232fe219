"""Series and exchange rates as people type them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django import forms

from lane.accounts.models import Client
from lane.core import clock
from lane.core.errors import InvalidInput
from lane.core.money import CURRENCIES, Money, NotMoney, decimal_text, parse_amount
from pacing.models import BudgetPlan, PlanSeries
from pacing.selectors.budgets import BudgetChoice

_PERCENT = Decimal(100)
_DATE = {"type": "date"}


class SeriesForm(forms.Form):
    """A recurring plan: amount, rhythm, budgets, and what rolls over."""

    client = forms.ChoiceField(label="Client", error_messages={"required": "Choose a client."})
    name = forms.CharField(
        max_length=100,
        help_text="Each plan is called by it and its days.",
        error_messages={"required": "Give the series a name."},
    )
    amount = forms.CharField(
        label="Amount of each cycle",
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        error_messages={"required": "Type the amount of one cycle."},
    )
    currency = forms.ChoiceField(
        required=False, help_text="Of the amount. Budgets in other currencies count by dated rates."
    )
    cadence = forms.ChoiceField(choices=PlanSeries.Cadence.choices, initial="month")
    cycle_days = forms.IntegerField(
        label="Days of a cycle",
        required=False,
        min_value=1,
        max_value=366,
        help_text="For “Every so many days”.",
    )
    anchor_on = forms.DateField(
        label="First day of the first cycle", widget=forms.DateInput(attrs=_DATE, format="%Y-%m-%d")
    )
    last_on = forms.DateField(
        label="No cycle begins after",
        required=False,
        widget=forms.DateInput(attrs=_DATE, format="%Y-%m-%d"),
        help_text="Empty: it goes on until somebody ends it.",
    )
    make_ahead_days = forms.IntegerField(
        label="Make each plan this many days ahead", initial=3, min_value=0, max_value=31
    )
    rollover = forms.ChoiceField(
        label="What rolls over into the next cycle", choices=BudgetPlan.Rollover.choices, initial="none"
    )
    rollover_cap = forms.DecimalField(
        label="At most, in % of the amount", initial=Decimal(10), min_value=0, max_value=100, decimal_places=2
    )
    mode = forms.ChoiceField(
        label="What Lane may do", choices=BudgetPlan.Mode.choices, initial=BudgetPlan.Mode.RECOMMEND
    )
    pause_at_target = forms.BooleanField(label="Pause at the target", required=False, initial=True)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        clients: Sequence[Client],
        budgets: Sequence[BudgetChoice],
        series: PlanSeries | None = None,
        client_url: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(data, **kwargs)
        self.series, self.choices = series, {choice.key: choice for choice in budgets}
        found = sorted({choice.budget.currency for choice in budgets})
        self.fields["currency"].choices = [("", "That of the budgets"), *((one, one) for one in found)]  # type: ignore[attr-defined]
        if series is not None:
            for name in ("client", "currency", "cadence", "cycle_days", "anchor_on"):
                del self.fields[name]
            return
        field = self.fields["client"]
        field.choices = [("", "Choose…"), *((str(c.public_id), c.name) for c in clients)]  # type: ignore[attr-defined]
        field.widget.attrs |= {"hx-get": client_url, "hx-target": "#budgets", "hx-select": "#budgets"}
        field.widget.attrs |= {"hx-swap": "outerHTML"}

    @property
    def chosen(self) -> list[str]:
        """Ids of the ticked budgets, as typed or as stored."""
        if self.is_bound:
            return list(self.data.getlist("budgets"))  # type: ignore[attr-defined]
        return [str(key) for key in self.initial.get("budgets", [])]

    budget_error = ""

    def clean(self) -> dict[str, Any]:
        """Read the budgets, then the amount in the series' currency."""
        cleaned = super().clean() or {}
        budgets = [self.choices[key].budget for key in self.chosen if key in self.choices]
        if not budgets or len(budgets) != len(self.chosen):
            self.refuse_budgets("Choose at least one budget of this client.")
        cleaned["budgets"] = budgets
        currencies = {budget.currency for budget in budgets}
        if self.series is not None:
            currency = self.series.currency
        elif cleaned.get("currency") or len(currencies) == 1:
            currency = cleaned.get("currency") or currencies.pop()
        else:
            currency = ""
            if budgets:
                self.add_error(
                    "currency", "These budgets have different currencies. Choose the one of the amount."
                )
        cleaned["currency"] = currency
        if currency and (text := cleaned.get("amount")):
            try:
                cleaned["amount_micros"] = parse_amount(text, currency)
            except NotMoney as error:
                self.add_error("amount", str(error))
        return cleaned

    def terms(self) -> dict[str, Any]:
        """What the series service takes."""
        read = self.cleaned_data
        names = (
            "name",
            "amount_micros",
            "last_on",
            "make_ahead_days",
            "rollover",
            "mode",
            "pause_at_target",
            "budgets",
        )
        terms = {name: read[name] for name in names}
        terms["rollover_cap_ratio"] = read["rollover_cap"] / _PERCENT
        if self.series is None:
            terms |= {name: read[name] for name in ("currency", "cadence", "cycle_days", "anchor_on")}
        return terms

    def refuse(self, refusal: InvalidInput) -> None:
        """Show a refusal of the service beside the fields it names."""
        if not refusal.fields:
            self.add_error(None, refusal.message)
        for name, words in refusal.fields.items():
            if name == "budgets":
                self.refuse_budgets(words)
            else:
                self.add_error(name if name in self.fields else None, words)

    def refuse_budgets(self, words: str) -> None:
        """An error of the budget picker, which is no form field."""
        self.budget_error = words
        self.add_error(None, words)


def initial_series(series: PlanSeries) -> dict[str, Any]:
    """A series as its form shows it."""
    return {
        "name": series.name,
        "amount": decimal_text(Money(series.amount_micros, series.currency)),
        "last_on": series.last_on,
        "make_ahead_days": series.make_ahead_days,
        "rollover": series.rollover,
        "rollover_cap": (series.rollover_cap_ratio * _PERCENT).normalize(),
        "mode": series.mode,
        "pause_at_target": series.pause_at_target,
        "version": series.version,
        "budgets": list(series.budgets.values_list("public_id", flat=True)),
    }


class RateForm(forms.Form):
    """One exchange rate of one day."""

    on = forms.DateField(label="Day", widget=forms.DateInput(attrs=_DATE, format="%Y-%m-%d"))
    base = forms.CharField(
        label="1 of", max_length=3, widget=forms.TextInput(attrs={"list": "currencies", "size": 5})
    )
    value = forms.CharField(label="is worth", widget=forms.TextInput(attrs={"inputmode": "decimal"}))
    quote = forms.CharField(
        label="of", max_length=3, widget=forms.TextInput(attrs={"list": "currencies", "size": 5})
    )

    @property
    def currencies(self) -> list[str]:
        """ISO codes to choose from."""
        return CURRENCIES

    def refuse(self, refusal: InvalidInput) -> None:
        """Show a refusal of the service beside the fields it names."""
        for name, words in refusal.fields.items():
            self.add_error("value" if name == "rate" else name if name in self.fields else None, words)


def initial_rate(zone: str = "UTC") -> dict[str, Any]:
    """A rate of today."""
    return {"on": clock.today(zone)}
