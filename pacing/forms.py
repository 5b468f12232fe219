"""The plan as people type it. Services judge it; their refusals come back to the field they name."""

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
from pacing.models import BudgetPlan
from pacing.selectors.budgets import BudgetChoice
from pacing.words import LANDINGS, MODES, STRATEGIES

_PERCENT = Decimal(100)


class PlanForm(forms.Form):
    """Amount, flight, budgets and how to get there."""

    client = forms.ChoiceField(label="Client", error_messages={"required": "Choose a client."})
    name = forms.CharField(max_length=120, error_messages={"required": "Give the plan a name."})
    amount = forms.CharField(
        label="Amount for the whole flight",
        help_text="Like 16000 or 16000.50.",
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        error_messages={"required": "Type the amount that was approved."},
    )
    currency = forms.ChoiceField(
        required=False,
        help_text="Of the amount. Budgets in another currency count by dated exchange rates.",
    )
    starts_on = forms.DateField(
        label="First day",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"required": "Choose the first day."},
    )
    ends_on = forms.DateField(
        label="Last day",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"required": "Choose the last day."},
    )
    strategy = forms.ChoiceField(widget=forms.RadioSelect, initial=BudgetPlan.Strategy.ADAPTIVE)
    landing = forms.ChoiceField(widget=forms.RadioSelect, initial=BudgetPlan.Landing.NONE)
    tolerance = forms.DecimalField(
        label="Tolerance, in % of the amount",
        initial=Decimal(5),
        min_value=Decimal("0.01"),
        max_value=Decimal(50),
        max_digits=4,
        decimal_places=2,
        help_text="A projected end within it counts as on track.",
        widget=forms.NumberInput(attrs={"step": "0.5"}),
    )
    mode = forms.ChoiceField(
        label="What Lane may do", widget=forms.RadioSelect, initial=BudgetPlan.Mode.RECOMMEND
    )
    pause_at_target = forms.BooleanField(
        label="Pause at the target",
        required=False,
        initial=True,
        help_text="Approved in advance with this plan: when the amount is reached, Lane pauses what spends.",
    )
    amount_rule = forms.ChoiceField(
        label="Who may change amount and dates once it runs",
        choices=BudgetPlan.AmountRule.choices,
        initial=BudgetPlan.AmountRule.POLICY,
        help_text="What needs a yes becomes an amendment; the ledger keeps who asked and who approved.",
    )
    rollover = forms.ChoiceField(
        label="What of this cycle rolls over into the next", choices=BudgetPlan.Rollover.choices
    )
    rollover_cap = forms.DecimalField(
        label="At most, in % of the amount", min_value=0, max_value=100, decimal_places=2
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    reason = forms.CharField(
        label="Why this changes",
        required=False,
        max_length=300,
        help_text="Kept in the activity of the plan.",
    )

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        clients: Sequence[Client],
        budgets: Sequence[BudgetChoice],
        plan: BudgetPlan | None = None,
        client_url: str = "",
        may_set_rule: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(data, **kwargs)
        self.plan, self.choices = plan, {choice.key: choice for choice in budgets}
        if not may_set_rule:
            del self.fields["amount_rule"]
        if plan is None or plan.series_id is None:
            del self.fields["rollover"], self.fields["rollover_cap"]
        found = sorted({choice.budget.currency for choice in budgets})
        self.fields["currency"].choices = [("", "That of the budgets"), *((one, one) for one in found)]  # type: ignore[attr-defined]
        if plan is not None or len(found) < 2:
            del self.fields["currency"]
        self._choices("strategy", BudgetPlan.Strategy.choices, STRATEGIES)
        self._choices("landing", BudgetPlan.Landing.choices, LANDINGS)
        self._choices("mode", BudgetPlan.Mode.choices, MODES)
        if plan is None:
            field = self.fields["client"]
            field.choices = [("", "Choose…"), *((str(c.public_id), c.name) for c in clients)]  # type: ignore[attr-defined]
            field.widget.attrs |= {"hx-get": client_url, "hx-target": "#budgets", "hx-select": "#budgets"}
            field.widget.attrs |= {"hx-swap": "outerHTML"}
            del self.fields["reason"]
        else:
            del self.fields["client"]

    @property
    def chosen(self) -> list[str]:
        """Ids of the ticked budgets, as typed or as stored."""
        if self.is_bound:
            return list(self.data.getlist("budgets"))  # type: ignore[attr-defined]
        return [str(key) for key in self.initial.get("budgets", [])]

    def clean(self) -> dict[str, Any]:
        """Read the budgets, then the amount in their currency."""
        cleaned = super().clean() or {}
        budgets = [self.choices[key].budget for key in self.chosen if key in self.choices]
        if len(budgets) != len(self.chosen):
            self.add_error(None, "A chosen budget no longer exists or is not the client's. Choose again.")
        elif not budgets:
            self.refuse_budgets("Choose at least one budget.")
        cleaned["budgets"] = budgets
        currency = self._currency(cleaned, budgets)
        cleaned["currency"] = currency
        if currency and (text := cleaned.get("amount")):
            try:
                cleaned["amount_micros"] = parse_amount(text, currency)
            except NotMoney as error:
                self.add_error("amount", str(error))
        return cleaned

    def _currency(self, cleaned: dict[str, Any], budgets: Sequence[Budget]) -> str:
        """The plan's, the chosen one, or the one all budgets share."""
        if self.plan is not None:
            return self.plan.currency
        found = {budget.currency for budget in budgets}
        if chosen := cleaned.get("currency"):
            return str(chosen)
        if len(found) > 1:
            self.add_error(
                "currency", "These budgets have different currencies. Choose the one of the amount."
            )
            return ""
        return found.pop() if found else "EUR"

    def terms(self) -> dict[str, Any]:
        """What the plan service takes."""
        read = self.cleaned_data
        terms: dict[str, Any] = {"amount_rule": read["amount_rule"]} if "amount_rule" in read else {}
        if "rollover" in read:
            terms |= {"rollover": read["rollover"], "rollover_cap_ratio": read["rollover_cap"] / _PERCENT}
        if self.plan is None:
            terms["currency"] = read["currency"]
        return terms | {
            "name": read["name"],
            "amount_micros": read["amount_micros"],
            "starts_on": read["starts_on"],
            "ends_on": read["ends_on"],
            "strategy": read["strategy"],
            "landing": read["landing"],
            "tolerance_ratio": read["tolerance"] / _PERCENT,
            "mode": read["mode"],
            "pause_at_target": read["pause_at_target"],
            "budgets": read["budgets"],
        }

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

    budget_error = ""

    def _choices(self, name: str, choices: Sequence[tuple[str, Any]], explained: Mapping[str, str]) -> None:
        self.fields[name].choices = [  # type: ignore[attr-defined]
            (value, format_html('<span><b>{}</b><span class="sub">{}</span></span>', label, explained[value]))
            for value, label in choices
        ]


def initial_of(plan: BudgetPlan, budgets: Sequence[Budget]) -> dict[str, Any]:
    """A plan as its form shows it."""
    return {
        "name": plan.name,
        "amount": decimal_text(Money(plan.amount_micros, plan.currency)),
        "starts_on": plan.starts_on,
        "ends_on": plan.ends_on,
        "strategy": plan.strategy,
        "landing": plan.landing,
        "tolerance": (plan.tolerance_ratio * _PERCENT).normalize(),
        "mode": plan.mode,
        "pause_at_target": plan.pause_at_target,
        "amount_rule": plan.amount_rule,
        "rollover": plan.rollover,
        "rollover_cap": (plan.rollover_cap_ratio * _PERCENT).normalize(),
        "version": plan.version,
        "budgets": [budget.public_id for budget in budgets],
    }


class RowsForm:
    """The rows of a recommendation as a person ticked and changed them; amounts per day in micros."""

    def __init__(self, data: Any, rows: Sequence[Mapping[str, Any]], currency: str) -> None:
        self.errors: dict[str, str] = {}
        self.amounts: dict[str, int] = {}
        self.typed: dict[str, str] = {}
        taken = set(data.getlist("take"))
        for row in rows:
            key = row["budget_id"]
            text = self.typed[key] = data.get(f"amount-{key}", "")
            if key in taken:
                self._read(key, text, row.get("currency", currency))
        if not self.amounts and not self.errors:
            self.errors["rows"] = "Tick at least one row, or decline the recommendation."

    def _read(self, key: str, text: str, currency: str) -> None:
        try:
            micros = parse_amount(text, currency)
        except NotMoney as error:
            self.errors[key] = str(error)
            return
        if micros <= 0:
            self.errors[key] = "A daily budget must be more than zero. Untick the row to leave it as it is."
        else:
            self.amounts[key] = micros
