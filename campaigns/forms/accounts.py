"""Which account belongs to which client."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from campaigns.platforms.records import AccountRecord
from lane.accounts.models import Client


class AssignForm(forms.Form):
    """One account of a login: an existing client, a new one, or neither (the account is left out)."""

    client_id = forms.ChoiceField(required=False, label="Client")
    new_client = forms.CharField(required=False, max_length=120, label="or a new client")

    def __init__(self, *args: Any, clients: Sequence[Client], found: AccountRecord, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._clients = {str(client.public_id): client for client in clients}
        self._names = {client.name.lower(): client for client in clients}
        choices = [("", "Leave out")] + [(key, client.name) for key, client in self._clients.items()]
        self.fields["client_id"].choices = choices  # type: ignore[attr-defined]
        self.fields["client_id"].widget.attrs["aria-label"] = f"Client of {found.name}"
        self.fields["new_client"].widget.attrs["aria-label"] = f"New client for {found.name}"
        self.fields["new_client"].widget.attrs["placeholder"] = "New client"

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("client_id") and cleaned.get("new_client"):
            self.add_error("new_client", "Choose a client or write a new one, not both.")
        return cleaned

    @property
    def is_wanted(self) -> bool:
        """Whether this account shall be added."""
        return bool(self.cleaned_data.get("client_id") or self.cleaned_data.get("new_client"))

    @property
    def client(self) -> Client | None:
        """The client chosen, or the one whose name was written again; None means a new one."""
        chosen = self._clients.get(self.cleaned_data.get("client_id", ""))
        return chosen or self._names.get(self.cleaned_data.get("new_client", "").strip().lower())
