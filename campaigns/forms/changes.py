"""What people type about change sets and stops."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms

from campaigns.models import PLATFORM_CHOICES, Change, Connection
from campaigns.services.targets import BudgetTarget, StatusTarget, Target
from lane.accounts.models import Client
from lane.core.money import Money, NotMoney, decimal_text, parse_amount


class ReasonForm(forms.Form):
    """One sentence that the audit trail keeps."""

    reason = forms.CharField(
        label="Reason",
        min_length=3,
        max_length=300,
        error_messages={
            "required": "Say why, in a few words.",
            "min_length": "Say why, in a few words.",
        },
    )


class EditForm(ReasonForm):
    """New daily amounts for the rows of a change set; switches stay as they are."""

    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, rows: Iterable[Change], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rows = list(rows)
        for row in self.rows:
            if row.budget is None or row.target_micros is None:
                continue
            self.fields[self.name_of(row)] = forms.CharField(
                label=f"{row.budget.name}, {row.currency} a day",
                initial=decimal_text(Money(row.target_micros, row.currency)),
                error_messages={"required": f"Give an amount for {row.budget.name}."},
                widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
            )
        self.order_fields([*(name for name in self.fields if name.startswith("amount-")), "reason"])

    @staticmethod
    def name_of(row: Change) -> str:
        """The field that holds a row's amount."""
        return f"amount-{row.public_id}"

    def clean(self) -> dict[str, Any]:
        """Each amount in the row's own currency."""
        found = super().clean() or {}
        for row in self.rows:
            name = self.name_of(row)
            if name in found:
                try:
                    found[name] = parse_amount(found[name], row.currency)
                except NotMoney as error:
                    self.add_error(name, str(error))
        return found

    def targets(self) -> list[Target]:
        """What the service takes."""
        targets: list[Target] = []
        for row in self.rows:
            if row.budget is not None:
                targets.append(BudgetTarget(row.budget, self.cleaned_data[self.name_of(row)]))
            elif row.ad_campaign is not None:
                targets.append(StatusTarget(row.ad_campaign, row.target_status))
        return targets


class StopForm(ReasonForm):
    """Where writes stop. Nothing chosen stops the whole organization."""

    client = forms.ModelChoiceField(
        Client.objects.none(), to_field_name="public_id", required=False, empty_label="All clients"
    )
    platform = forms.ChoiceField(choices=[("", "All platforms"), *PLATFORM_CHOICES], required=False)
    connection = forms.ModelChoiceField(
        Connection.objects.none(), to_field_name="public_id", required=False, empty_label="All connections"
    )

    def __init__(self, *args: Any, clients: Any, connections: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["client"].queryset = clients  # type: ignore[attr-defined]
        self.fields["connection"].queryset = connections  # type: ignore[attr-defined]
        self.order_fields(["client", "platform", "connection", "reason"])
