"""Forms of the settings. They read text; the services decide what is valid."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import available_timezones

from django import forms

from lane.accounts.models import Client, Role, Scope
from lane.core import clock, money
from lane.core.errors import InvalidInput

EVERY_CLIENT = "every"
_NEVER = "never"
_KEY_DAYS = [("30", "30 days"), ("90", "90 days"), ("365", "A year"), (_NEVER, "Never")]


def show_refusal(form: forms.Form, refused: InvalidInput) -> None:
    """Put what a service refused beside the fields it named."""
    if not refused.fields:
        form.add_error(None, refused.message)
    for name, problem in refused.fields.items():
        form.add_error(name if name in form.fields else None, problem)


def _zones() -> list[tuple[str, str]]:
    return [
        (zone, zone.replace("_", " "))
        for zone in sorted(available_timezones())
        if "/" in zone or zone == "UTC"
    ]


class ClientForm(forms.Form):
    """A client's name and how its money and days are counted."""

    name = forms.CharField(max_length=120)
    currency = forms.ChoiceField(
        choices=[(code, code) for code in money.CURRENCIES],
        help_text="Limits of this client are counted in it. Its accounts keep their own.",
    )
    timezone = forms.ChoiceField(choices=_zones, label="Time zone")
    budget_limit = forms.CharField(
        required=False,
        label="Limit for all plans",
        help_text="Most that the plans running on any one day may add up to. Leave empty for none.",
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        typed, currency = cleaned.pop("budget_limit", ""), cleaned.get("currency")
        cleaned["budget_limit_micros"] = None
        if typed and currency:
            try:
                cleaned["budget_limit_micros"] = money.parse_amount(typed, currency)
            except money.NotMoney as wrong:
                self.add_error("budget_limit", str(wrong))
        return cleaned

    @staticmethod
    def values_of(client: Client) -> dict[str, Any]:
        """The form as filled in for an existing client."""
        limit = client.budget_limit_micros
        text = "" if limit is None else money.decimal_text(money.Money(limit, client.currency))
        return {
            "name": client.name,
            "currency": client.currency,
            "timezone": client.timezone,
            "budget_limit": text,
        }


class InviteForm(forms.Form):
    """Who may join, as what, for which client."""

    email = forms.EmailField(label="E-mail")
    role = forms.ChoiceField()
    client = forms.ChoiceField(label="May see")
    is_approver = forms.BooleanField(
        required=False, label="May decide approval requests", help_text="Whatever the role."
    )

    def __init__(
        self, *args: Any, roles: Iterable[Role], clients: Iterable[Client], everything: bool, **kw: Any
    ) -> None:
        super().__init__(*args, **kw)
        self.fields["role"].choices = [(role.value, role.label) for role in roles]  # type: ignore[attr-defined]
        whole = [(EVERY_CLIENT, "Every client")] if everything else []
        self.fields["client"].choices = whole + [(str(c.public_id), c.name) for c in clients]  # type: ignore[attr-defined]


class MemberForm(forms.Form):
    """What a member may do."""

    role = forms.ChoiceField()
    is_approver = forms.BooleanField(
        required=False, label="May decide approval requests", help_text="Whatever the role."
    )
    reason = forms.CharField(required=False, max_length=300, help_text="Kept in the activity.")

    def __init__(self, *args: Any, roles: Iterable[Role], **kw: Any) -> None:
        super().__init__(*args, **kw)
        self.fields["role"].choices = [(role.value, role.label) for role in roles]  # type: ignore[attr-defined]


class ApiKeyForm(forms.Form):
    """What a key is for, may do, may see, and until when."""

    name = forms.CharField(max_length=80, help_text="What will use it, such as “Reporting script”.")
    scopes = forms.MultipleChoiceField(
        choices=Scope.choices, widget=forms.CheckboxSelectMultiple, label="It may", initial=[Scope.READ]
    )
    clients = forms.MultipleChoiceField(
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label="Only for these clients",
        help_text="Choose none for every client you see.",
    )
    days = forms.ChoiceField(choices=_KEY_DAYS, label="Expires after", initial="90")

    def __init__(self, *args: Any, clients: Iterable[Client], **kw: Any) -> None:
        super().__init__(*args, **kw)
        self.fields["clients"].choices = [(str(c.public_id), c.name) for c in clients]  # type: ignore[attr-defined]

    @property
    def expires_at(self) -> datetime | None:
        """When the key ends, None for never (machine time)."""
        days = self.cleaned_data["days"]
        return clock.machine_now() + timedelta(days=int(days)) if days != _NEVER else None


class JoinForm(forms.Form):
    """How somebody new gets a login."""

    name = forms.CharField(max_length=120, label="Your name")
    password = forms.CharField(
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="At least 12 characters.",
    )


class EmailForm(forms.Form):
    """One address."""

    email = forms.EmailField(label="E-mail")


class NameForm(forms.Form):
    """One name."""

    name = forms.CharField(max_length=120)


class ProfileForm(forms.Form):
    """How a person is called and in which zone their mails are written."""

    name = forms.CharField(max_length=120)
    timezone = forms.ChoiceField(choices=_zones, label="Time zone")
