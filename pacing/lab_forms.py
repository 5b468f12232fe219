"""What may be supposed of a plan, and which past is to be replayed, as people type it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import QueryDict

from campaigns.models import Budget
from lane.accounts.models import Client
from lane.core.errors import InvalidInput
from lane.core.money import Money, NotMoney, decimal_text, parse_amount
from pacing.models import BudgetPlan, Portfolio
from pacing.services.replay import LENGTHS, Question
from pacing.services.what_if import Assumed


class WhatIfForm(forms.Form):
    """Other terms for one plan. What an address leaves out is as the plan has it."""

    amount = forms.CharField(
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        error_messages={"required": "Type an amount."},
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
    strategy = forms.ChoiceField(choices=BudgetPlan.Strategy.choices)
    landing = forms.ChoiceField(choices=BudgetPlan.Landing.choices)
    locked = forms.MultipleChoiceField(
        label="Budgets kept as they are",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="For this look only: a plan's terms hold no locks.",
        error_messages={"invalid_choice": "A locked budget is not one of this plan's. Choose again."},
    )

    def __init__(self, given: QueryDict, *, plan: BudgetPlan, budgets: Sequence[Budget]) -> None:
        data: dict[str, Any] = _terms_of(plan) | given.dict() | {"locked": given.getlist("locked")}
        super().__init__(data, auto_id="suppose-%s")
        self.plan = plan
        self.fields["amount"].label = f"Amount, {plan.currency}"
        self.fields["locked"].choices = [(str(one.public_id), one.name) for one in budgets]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Read the amount in the plan's currency."""
        cleaned = super().clean() or {}
        if text := cleaned.get("amount"):
            try:
                cleaned["amount_micros"] = parse_amount(text, self.plan.currency)
            except NotMoney as error:
                self.add_error("amount", str(error))
        return cleaned

    def assumed(self) -> Assumed:
        """The terms to look at."""
        read = self.cleaned_data
        return Assumed(
            amount_micros=read["amount_micros"],
            starts_on=read["starts_on"],
            ends_on=read["ends_on"],
            strategy=read["strategy"],
            landing=read["landing"],
            locked=frozenset(read["locked"]),
        )

    def refuse(self, refusal: InvalidInput) -> None:
        """Show a refusal of the service beside the fields it names."""
        if not refusal.fields:
            self.add_error(None, refusal.message)
        for name, words in refusal.fields.items():
            self.add_error(name if name in self.fields else None, words)


class ReplayForm(forms.Form):
    """Which past to replay, and how it is to be paced."""

    client = forms.ChoiceField(error_messages={"required": "Choose a client."})
    days = forms.TypedChoiceField(
        label="Flights of",
        coerce=int,
        initial=30,
        choices=[(days, f"{days} days") for days in reversed(LENGTHS)],
    )
    strategies = forms.MultipleChoiceField(
        widget=forms.CheckboxSelectMultiple,
        choices=BudgetPlan.Strategy.choices,
        initial=["adaptive", "linear"],
        error_messages={"required": "Choose at least one strategy to compare."},
    )
    landing = forms.ChoiceField(choices=BudgetPlan.Landing.choices, initial=BudgetPlan.Landing.PRECISE)

    def __init__(self, data: QueryDict | None, *, clients: Sequence[Client]) -> None:
        super().__init__(data, auto_id="replay-%s")
        self.clients = {str(one.public_id): one for one in clients}
        chosen = [("", "Choose…")] if len(clients) > 1 else []
        self.fields["client"].choices = [*chosen, *((key, one.name) for key, one in self.clients.items())]  # type: ignore[attr-defined]

    @property
    def chosen_client(self) -> Client:
        """The client that was chosen."""
        return self.clients[self.cleaned_data["client"]]

    def question(self) -> Question:
        """What is asked."""
        read = self.cleaned_data
        return Question(read["client"], read["days"], tuple(read["strategies"]), read["landing"])

    def refuse(self, refusal: InvalidInput) -> None:
        """Show a refusal of the service beside the fields it names."""
        if not refusal.fields:
            self.add_error(None, refusal.message)
        for name, words in refusal.fields.items():
            self.add_error(name if name in self.fields else None, words)


class AllocationReplayForm(forms.Form):
    """Which portfolio's past to replay."""

    portfolio = forms.ChoiceField(error_messages={"required": "Choose a portfolio."})

    def __init__(self, data: QueryDict | None, *, portfolios: Sequence[Portfolio]) -> None:
        super().__init__(data, auto_id="allocation-%s")
        self.portfolios = {str(one.public_id): one for one in portfolios}
        chosen = [("", "Choose…")] if len(portfolios) > 1 else []
        names = [(key, f"{one.client.name}: {one.name}") for key, one in self.portfolios.items()]
        self.fields["portfolio"].choices = [*chosen, *names]  # type: ignore[attr-defined]

    @property
    def chosen(self) -> Portfolio:
        """The portfolio that was chosen."""
        return self.portfolios[self.cleaned_data["portfolio"]]


def terms_as_typed(assumed: Assumed, currency: str) -> dict[str, str]:
    """Terms as the form takes them back, for saving exactly what was looked at."""
    return {
        "amount": decimal_text(Money(assumed.amount_micros, currency)),
        "starts_on": assumed.starts_on.isoformat(),
        "ends_on": assumed.ends_on.isoformat(),
        "strategy": assumed.strategy,
        "landing": assumed.landing,
    }


def _terms_of(plan: BudgetPlan) -> dict[str, Any]:
    return {
        "amount": decimal_text(Money(plan.amount_micros, plan.currency)),
        "starts_on": plan.starts_on,
        "ends_on": plan.ends_on,
        "strategy": plan.strategy,
        "landing": plan.landing,
    }
