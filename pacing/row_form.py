"""What can be changed of a plan in its row of the table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms

from lane.core.errors import InvalidInput
from lane.core.money import Money, NotMoney, decimal_text, parse_amount
from pacing.models import BudgetPlan


class RowForm(forms.Form):
    """Amount, last day, strategy and mode of one plan; only what differs is changed."""

    amount = forms.CharField(
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off", "autofocus": True}),
        error_messages={"required": "Type the amount that was approved."},
    )
    ends_on = forms.DateField(
        label="Last day",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"required": "Choose the last day.", "invalid": "Write the day like 2026-05-31."},
    )
    strategy = forms.ChoiceField(choices=BudgetPlan.Strategy.choices)
    mode = forms.ChoiceField(label="What Lane may do", choices=BudgetPlan.Mode.choices)
    reason = forms.CharField(label="Why", required=False, max_length=300)
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, data: Mapping[str, Any] | None = None, *, plan: BudgetPlan) -> None:
        super().__init__(
            data,
            initial={
                "amount": decimal_text(Money(plan.amount_micros, plan.currency)),
                "ends_on": plan.ends_on,
                "strategy": plan.strategy,
                "mode": plan.mode,
                "version": plan.version,
            },
            auto_id=f"row-{plan.pk}-%s",
        )
        self.plan = plan
        self.fields["amount"].label = f"Amount, {plan.currency}"

    def clean(self) -> dict[str, Any]:
        """Read the amount in the plan's currency."""
        cleaned = super().clean() or {}
        if text := cleaned.get("amount"):
            try:
                cleaned["amount_micros"] = parse_amount(text, self.plan.currency)
            except NotMoney as error:
                self.add_error("amount", str(error))
        return cleaned

    def changes(self) -> dict[str, Any]:
        """The terms that differ from the plan's."""
        asked = {name: self.cleaned_data[name] for name in ("amount_micros", "ends_on", "strategy", "mode")}
        return {name: value for name, value in asked.items() if value != getattr(self.plan, name)}

    def refuse(self, refusal: InvalidInput) -> None:
        """Show a refusal of the service beside the fields it names."""
        if not refusal.fields:
            self.add_error(None, refusal.message)
        for name, words in refusal.fields.items():
            self.add_error(name if name in self.fields else None, words)
