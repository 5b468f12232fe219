"""What people type about change sets and stops."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms

from campaigns.models import PLATFORM_CHOICES, Change, Connection
from campaigns.services.targets import BidTarget, BudgetTarget, SpendCapTarget, StatusTarget, Target
from campaigns.words import ratio_words
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
    """New values for the rows of a change set; switches, and caps that are to go, stay as they are."""

    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, rows: Iterable[Change], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rows = list(rows)
        for row in self.rows:
            value, unit = self._shown(row)
            if value is None:
                continue
            what = "a day" if row.is_daily_amount else row.what.lower()
            self.fields[self.name_of(row)] = forms.CharField(
                label=", ".join(part for part in (row.entity.name, f"{unit} {what}".strip()) if part),
                initial=value,
                error_messages={"required": f"Give a value for {row.entity.name}."},
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
                    found[name] = self._read(row, found[name])
                except NotMoney as error:
                    self.add_error(name, str(error))
        return found

    @staticmethod
    def _shown(row: Change) -> tuple[str | None, str]:
        """The value as it is typed, and its unit; None where nothing is typed."""
        if row.kind == Change.Kind.TARGET_ROAS:
            return ratio_words(row.target_millis), ""
        if row.field == Change.Field.STATUS or row.target_micros is None:
            return None, ""
        return decimal_text(Money(row.target_micros, row.currency)), row.currency

    @staticmethod
    def _read(row: Change, text: str) -> int:
        """Micros, or thousandths of a return on ad spend. Raises ``NotMoney``."""
        if row.kind != Change.Kind.TARGET_ROAS:
            return parse_amount(text, row.currency)
        try:
            millis = Decimal(text.strip().replace(",", ".")) * 1000
        except InvalidOperation as error:
            raise NotMoney("Write the return on ad spend like 4.0.") from error
        if not millis.is_finite() or millis != int(millis):
            raise NotMoney("A return on ad spend has at most three decimals.")
        return int(millis)

    def targets(self) -> list[Target]:
        """What the service takes."""
        targets: list[Target] = []
        for row in self.rows:
            value: Any = self.cleaned_data.get(self.name_of(row))
            holder = row.ad_group or row.ad_campaign
            if row.budget is not None:
                targets.append(BudgetTarget(row.budget, value))
            elif row.field == Change.Field.SPEND_CAP and row.ad_campaign is not None:
                targets.append(SpendCapTarget(row.ad_campaign, value))
            elif row.field == Change.Field.BID_TARGET and holder is not None:
                targets.append(BidTarget(holder, row.kind, value))
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
