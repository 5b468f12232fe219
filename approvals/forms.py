"""The form of an approval policy; shares are typed as percent, amounts in whole units."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms

from approvals.models import ApprovalPolicy
from lane.accounts.models import User
from lane.core.money import MICROS, NotMoney, parse_amount


class PolicyForm(forms.Form):
    """Who decides and how far limits reach."""

    name = forms.CharField(max_length=120, help_text="Shown on each request it rules.")
    approvers = forms.ModelMultipleChoiceField(
        User.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Tick nobody to ask everybody with the approver flag. One of them is enough.",
    )
    sla_hours = forms.IntegerField(
        label="Hours to answer",
        min_value=1,
        max_value=336,
        help_text="After that the request ends and nothing changes.",
    )
    auto_decrease = forms.DecimalField(
        label="Cuts approved automatically, % a day",
        min_value=0,
        max_value=100,
        decimal_places=2,
        help_text="Added up per budget and day. 100 also covers pauses, 0 asks every time.",
    )
    auto_increase = forms.DecimalField(
        label="Raises approved automatically, % a day",
        min_value=0,
        max_value=100,
        decimal_places=2,
        help_text="0 asks every time. Raises by rules and agents are always asked.",
    )
    auto_increase_amount = forms.CharField(
        label="and at most, a day", max_length=20, help_text="Per budget, in the client's currency."
    )
    link_cap = forms.DecimalField(
        label="Raises a link may approve, % a day",
        min_value=0,
        max_value=500,
        decimal_places=2,
        help_text="Above this the approver signs in.",
    )
    link_cap_amount = forms.CharField(
        label="and at most, a day", max_length=20, help_text="Per budget, in the client's currency."
    )

    def __init__(self, *args: Any, able: list[User], currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currency = currency
        field = self.fields["approvers"]
        assert isinstance(field, forms.ModelMultipleChoiceField)
        field.queryset = User.objects.filter(pk__in=[user.pk for user in able]).order_by("email")

    def clean_auto_increase_amount(self) -> int:
        """Micros of the amount."""
        return self._micros("auto_increase_amount")

    def clean_link_cap_amount(self) -> int:
        """Micros of the amount."""
        return self._micros("link_cap_amount")

    def _micros(self, name: str) -> int:
        try:
            micros = parse_amount(self.cleaned_data[name], self.currency)
        except NotMoney as error:
            raise forms.ValidationError(str(error)) from None
        if micros < 0:
            raise forms.ValidationError("Choose zero or more.")
        return micros

    def as_terms(self) -> dict[str, Any]:
        """What the service takes."""
        data = self.cleaned_data
        return {
            "name": data["name"],
            "approver_ids": [user.pk for user in data["approvers"]],
            "sla_hours": data["sla_hours"],
            "auto_decrease_ratio": data["auto_decrease"] / 100,
            "auto_increase_ratio": data["auto_increase"] / 100,
            "auto_increase_micros": data["auto_increase_amount"],
            "link_cap_ratio": data["link_cap"] / 100,
            "link_cap_micros": data["link_cap_amount"],
        }

    FIELD_OF = {
        "approver_ids": "approvers",
        "auto_decrease_ratio": "auto_decrease",
        "auto_increase_ratio": "auto_increase",
        "auto_increase_micros": "auto_increase_amount",
        "link_cap_ratio": "link_cap",
        "link_cap_micros": "link_cap_amount",
    }


def initial_of(policy: ApprovalPolicy) -> dict[str, Any]:
    """What the form shows for a policy."""
    return {
        "name": policy.name,
        "approvers": list(policy.approvers.values_list("pk", flat=True)) if policy.pk else [],
        "sla_hours": policy.sla_hours,
        "auto_decrease": _percent(policy.auto_decrease_ratio),
        "auto_increase": _percent(policy.auto_increase_ratio),
        "auto_increase_amount": _units(policy.auto_increase_micros),
        "link_cap": _percent(policy.link_cap_ratio),
        "link_cap_amount": _units(policy.link_cap_micros),
    }


def _percent(ratio: Decimal) -> str:
    text = f"{Decimal(ratio) * 100:.2f}"
    return text.rstrip("0").rstrip(".")


def _units(micros: int) -> str:
    text = f"{Decimal(micros) / MICROS:.2f}"
    return text.removesuffix(".00")
