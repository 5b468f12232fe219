"""Planned events as people type them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django import forms

from campaigns.models import PLATFORM_CHOICES
from lane.accounts.models import Client
from lane.core.errors import InvalidInput
from pacing.models import BudgetPlan, PlannedEvent
from pacing.models.calendar import HIGHEST_FACTOR


class EventForm(forms.Form):
    """What happens when, and how many times a usual day it is worth."""

    client = forms.ChoiceField(label="Client", error_messages={"required": "Choose a client."})
    name = forms.CharField(max_length=120, error_messages={"required": "Give the event a name."})
    kind = forms.ChoiceField(choices=PlannedEvent.Kind.choices, initial=PlannedEvent.Kind.PROMO)
    starts_on = forms.DateField(
        label="First day",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"required": "Choose the first day."},
    )
    ends_on = forms.DateField(
        label="Last day",
        required=False,
        help_text="Leave it empty for a single day.",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    factor = forms.DecimalField(
        label="Times a usual day",
        required=False,
        max_digits=4,
        decimal_places=2,
        min_value=Decimal(0),
        max_value=HIGHEST_FACTOR,
        help_text="1.5 plans half as much again, 0.7 a third less. A blackout is always 0: nothing is planned.",
        widget=forms.NumberInput(attrs={"step": "0.05"}),
    )
    platform = forms.ChoiceField(
        label="Only on", required=False, choices=[("", "Every platform"), *PLATFORM_CHOICES]
    )
    plan = forms.ChoiceField(label="Only for the plan", required=False)
    recurs_yearly = forms.BooleanField(
        label="Every year", required=False, help_text="On the same dates of each year."
    )
    note = forms.CharField(max_length=300, required=False, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        clients: Sequence[Client],
        plans: Sequence[BudgetPlan],
        event: PlannedEvent | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data, **kwargs)
        self.event = event
        self._clients = {str(client.public_id): client for client in clients}
        self._plans = {str(plan.public_id): plan for plan in plans}
        names = [(key, f"{plan.name} ({plan.client.name})") for key, plan in self._plans.items()]
        self.fields["plan"].choices = [("", "Every plan of the client"), *names]  # type: ignore[attr-defined]
        if event is None:
            several = [("", "Choose…")] if len(clients) > 1 else []
            self.fields["client"].choices = [*several, *((key, c.name) for key, c in self._clients.items())]  # type: ignore[attr-defined]
        else:
            del self.fields["client"]

    @property
    def chosen_client(self) -> Client:
        """The chosen client."""
        return self._clients[self.cleaned_data["client"]]

    def terms(self) -> dict[str, Any]:
        """What the service takes."""
        read = self.cleaned_data
        return {
            "name": read["name"],
            "kind": read["kind"],
            "starts_on": read["starts_on"],
            "ends_on": read["ends_on"] or read["starts_on"],
            "factor": read["factor"],
            "platform": read["platform"],
            "plan": self._plans.get(read["plan"]),
            "recurs_yearly": read["recurs_yearly"],
            "note": read["note"],
        }

    def refuse(self, refusal: InvalidInput) -> None:
        """Show a refusal of the service beside the fields it names."""
        if not refusal.fields:
            self.add_error(None, refusal.message)
        for name, words in refusal.fields.items():
            self.add_error(name if name in self.fields else None, words)


def initial_of(event: PlannedEvent) -> dict[str, Any]:
    """An event as its form shows it."""
    return {
        "name": event.name,
        "kind": event.kind,
        "starts_on": event.starts_on,
        "ends_on": event.ends_on,
        "factor": event.factor,
        "platform": event.platform,
        "plan": str(event.plan.public_id) if event.plan else "",
        "recurs_yearly": event.recurs_yearly,
        "note": event.note,
    }
