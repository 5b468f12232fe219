"""Amendments as people type them, with what the new terms would mean per day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms

from lane.core import clock
from lane.core.errors import InvalidInput
from lane.core.money import Money, NotMoney, decimal_text, parse_amount, unit_micros
from pacing.models import BudgetPlan, PlanAmendment
from pacing.selectors.ledger import Explanation

_STEPS = 50  # one press of the stepper moves about a fiftieth of the amount


@dataclass(frozen=True, slots=True)
class Preview:
    """What remains and what an even day would be, now and with the new terms; None where not known."""

    now_left_micros: int | None
    new_left_micros: int | None
    now_days: int
    new_days: int
    now_per_day_micros: int | None
    new_per_day_micros: int | None


class AmendmentForm(forms.Form):
    """Another amount, other dates, from when, and why."""

    amount = forms.CharField(
        label="New approved amount",
        widget=forms.NumberInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        error_messages={"required": "Type the whole new amount, not the difference."},
    )
    starts_on = forms.DateField(
        label="First day", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    ends_on = forms.DateField(
        label="Last day", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    effective_on = forms.DateField(
        label="Takes effect on",
        help_text="Today means as soon as it is approved.",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    scope = forms.ChoiceField(
        label="For which cycles",
        choices=[
            ("cycle", "Only this one; the next starts from the series' amount"),
            ("series", "This and all later ones"),
        ],
        widget=forms.RadioSelect,
        initial="cycle",
    )
    reason = forms.CharField(
        label="Why",
        max_length=500,
        help_text="The approver reads it, and the ledger keeps it.",
        error_messages={"required": "Say why in a few words."},
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, plan: BudgetPlan, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.plan = plan
        self.step = _step_of(plan)
        self.fields["amount"].help_text = f"In {plan.currency}, for the whole flight."
        self.fields["amount"].widget.attrs["step"] = decimal_text(Money(self.step, plan.currency))
        if plan.series_id is None:
            del self.fields["scope"]

    def clean_amount(self) -> int:
        """Micros of the plan's currency."""
        try:
            return parse_amount(self.cleaned_data["amount"], self.plan.currency)
        except NotMoney as error:
            raise forms.ValidationError(str(error)) from None

    def terms(self) -> dict[str, Any]:
        """What the amendment service takes."""
        read = self.cleaned_data
        return {
            "amount_micros": read["amount"],
            "starts_on": read["starts_on"],
            "ends_on": read["ends_on"],
            "effective_on": read["effective_on"],
            "reverts_at_cycle_end": read.get("scope", "cycle") != "series",
            "reason": read["reason"],
        }

    def refuse(self, refusal: InvalidInput) -> None:
        """Show a refusal of the service beside the fields it names."""
        if not refusal.fields:
            self.add_error(None, refusal.message)
        for name, words in refusal.fields.items():
            self.add_error(name if name in self.fields else None, words)

    def preview(self, remaining: Explanation) -> Preview:
        """What the typed terms, or the shown ones, would leave per day."""
        plan = self.plan
        read = self.cleaned_data if self.is_bound and hasattr(self, "cleaned_data") else {}
        amount = read.get("amount") or _micros(str(self.initial.get("amount", "")), plan)
        starts = read.get("starts_on") or self.initial["starts_on"]
        ends = read.get("ends_on") or self.initial["ends_on"]
        today = clock.today(plan.timezone)
        now_days = max(0, (plan.ends_on - max(today, plan.starts_on)).days + 1)
        new_days = max(0, (ends - max(today, starts)).days + 1)
        spent = None if remaining.micros is None else plan.amount_micros - remaining.micros
        new_left = None if spent is None else amount - spent
        unit = unit_micros(plan.currency)
        return Preview(
            remaining.micros,
            new_left,
            now_days,
            new_days,
            _even(remaining.micros, now_days, unit),
            _even(new_left, new_days, unit),
        )


def typed_so_far(initial: dict[str, Any], given: Any) -> dict[str, Any]:
    """The terms with what somebody is typing laid over them, as far as it can be read; for the preview."""
    typed = dict(initial)
    if given.get("amount"):
        typed["amount"] = given["amount"]
    for name in ("starts_on", "ends_on"):
        try:
            typed[name] = date.fromisoformat(given.get(name, ""))
        except ValueError:
            continue
    return typed


def initial_amendment(plan: BudgetPlan, waiting: PlanAmendment | None) -> dict[str, Any]:
    """The plan as it stands, or what was asked for already."""
    amount = waiting.new_amount_micros if waiting else plan.amount_micros
    return {
        "amount": decimal_text(Money(amount, plan.currency)),
        "starts_on": waiting.new_starts_on if waiting else plan.starts_on,
        "ends_on": waiting.new_ends_on if waiting else plan.ends_on,
        "effective_on": max(waiting.effective_on, clock.today(plan.timezone))
        if waiting
        else clock.today(plan.timezone),
        "scope": "cycle" if waiting is None or waiting.reverts_at_cycle_end else "series",
        "reason": waiting.reason if waiting else "",
        "version": waiting.version if waiting else plan.version,
    }


def _even(left: int | None, days: int, unit: int) -> int | None:
    return None if left is None or days <= 0 else max(0, left) // days // unit * unit


def _micros(text: str, plan: BudgetPlan) -> int:
    try:
        return parse_amount(text, plan.currency)
    except NotMoney:
        return plan.amount_micros


def _step_of(plan: BudgetPlan) -> int:
    """A round step near a fiftieth of the amount: 1, 2 or 5 times a power of ten."""
    unit = unit_micros(plan.currency)
    wished, power = max(unit, plan.amount_micros // _STEPS), unit
    while power * 10 <= wished:
        power *= 10
    return max(step for step in (power, 2 * power, 5 * power) if step <= wished) if power <= wished else unit
