"""Uploading an export, and saying which of its columns is which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import available_timezones

from django import forms

from campaigns.models import PLATFORM_CHOICES
from campaigns.sync.csv_columns import FIELDS, REQUIRED
from lane.accounts.models import Client
from lane.core.money import CURRENCIES


class UploadForm(forms.Form):
    """A file, and the account it belongs to."""

    file = forms.FileField(
        label="Export file",
        help_text="A .csv from Google Ads or Meta Ads Manager, one row per campaign and day.",
    )
    client_id = forms.ChoiceField(label="Client")
    account_name = forms.CharField(
        label="Ad account", max_length=200, help_text="The same name adds to the same account."
    )
    platform = forms.ChoiceField(
        label="Platform", required=False, choices=[("", "Tell by the column names"), *PLATFORM_CHOICES]
    )
    currency = forms.ChoiceField(label="Currency", choices=[(code, code) for code in CURRENCIES])
    timezone = forms.CharField(
        label="Time zone",
        initial="Europe/Berlin",
        help_text="The account's own zone: it says when a day ends.",
    )

    def __init__(self, *args: Any, clients: Sequence[Client], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._clients = {str(client.public_id): client for client in clients}
        self.fields["client_id"].choices = [(key, c.name) for key, c in self._clients.items()]  # type: ignore[attr-defined]
        if clients:
            self.fields["currency"].initial = clients[0].currency
            self.fields["timezone"].initial = clients[0].timezone

    def clean_timezone(self) -> str:
        """Only zones this machine knows."""
        zone = str(self.cleaned_data["timezone"]).strip()
        if zone not in available_timezones():
            raise forms.ValidationError("Choose a time zone like Europe/Berlin.")
        return zone

    @property
    def client(self) -> Client:
        """The chosen client."""
        return self._clients[self.cleaned_data["client_id"]]


class ColumnsForm(forms.Form):
    """Which column of the file holds which field."""

    def __init__(self, *args: Any, header: Sequence[str], mapping: Mapping[str, int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        columns = [("", "Not in the file")] + [
            (str(at), name or f"Column {at + 1}") for at, name in enumerate(header)
        ]
        for name, label in FIELDS.items():
            self.fields[name] = forms.ChoiceField(
                label=label,
                choices=columns,
                required=name in REQUIRED,
                initial=str(mapping[name]) if name in mapping else "",
                error_messages={"required": f"Choose the column that holds the {label.lower()}."},
            )

    def columns(self) -> dict[str, int]:
        """The chosen columns by field."""
        return {name: int(value) for name, value in self.cleaned_data.items() if value != ""}
