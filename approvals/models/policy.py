"""Who must say yes, and what needs nobody."""

from __future__ import annotations

from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import Q

from lane.accounts.models import Client, OrganizationOwned
from lane.core.models import PubliclyNamed, TimeStamped


class ApprovalPolicy(PubliclyNamed, TimeStamped, OrganizationOwned):
    """One stage: who decides, what is approved without a person, and how far a link alone reaches.

    Limits are cumulative per entity and account-local day, as a share of the day's opening value and in
    micros of the client's currency. The client's own policy wins over the organization's.
    """

    client = models.ForeignKey(Client, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    name = models.CharField(max_length=120)
    version = models.PositiveIntegerField(default=1)
    is_active = models.BooleanField(default=True)
    approvers = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        blank=True,
        related_name="+",
        help_text="Empty: everybody with the approver flag.",
    )
    sla_hours = models.PositiveSmallIntegerField(default=48)
    auto_decrease_ratio = models.DecimalField(max_digits=5, decimal_places=4, default=Decimal("0.10"))
    auto_increase_ratio = models.DecimalField(max_digits=5, decimal_places=4, default=Decimal("0"))
    auto_increase_micros = models.BigIntegerField(default=0)
    link_cap_ratio = models.DecimalField(max_digits=5, decimal_places=4, default=Decimal("0.20"))
    link_cap_micros = models.BigIntegerField(default=1_000_000_000)

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "approval policies"
        constraints = [
            models.UniqueConstraint(
                fields=["organization"],
                condition=Q(client__isnull=True, is_active=True),
                name="approvals_one_org_policy",
            ),
            models.UniqueConstraint(
                fields=["client"],
                condition=Q(client__isnull=False, is_active=True),
                name="approvals_one_client_policy",
            ),
        ]

    def __str__(self) -> str:
        return self.name
