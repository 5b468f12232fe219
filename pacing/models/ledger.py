"""The approved-budget ledger: every plan's amount, entry by entry, with who asked and who said yes."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from lane.accounts.models import ClientOwned
from lane.core.models import PubliclyNamed, TimeStamped
from pacing.models.plan import BudgetPlan

AMENDMENT_VALID_FOR = timedelta(days=14)


class PlanAmendment(PubliclyNamed, TimeStamped, ClientOwned):
    """A change of a plan's approved amount or dates that somebody asked for, and what became of it."""

    class State(models.TextChoices):
        PROPOSED = "proposed", "Waiting for approval"
        APPROVED = "approved", "Approved"
        DECLINED = "declined", "Declined"
        WITHDRAWN = "withdrawn", "Withdrawn"
        EXPIRED = "expired", "Expired"
        LAPSED = "lapsed", "Could not take effect"

    plan = models.ForeignKey(BudgetPlan, on_delete=models.PROTECT, related_name="amendments")
    state = models.CharField(max_length=10, choices=State.choices, default=State.PROPOSED)
    version = models.PositiveIntegerField(default=1)
    content_hash = models.CharField(max_length=64)
    base_amount_micros = models.BigIntegerField()
    base_starts_on = models.DateField()
    base_ends_on = models.DateField()
    new_amount_micros = models.BigIntegerField()
    new_starts_on = models.DateField()
    new_ends_on = models.DateField()
    approved_amount_micros = models.BigIntegerField(
        null=True,
        blank=True,
        help_text="Between base and proposed amount; lower when the approver said less.",
    )
    currency = models.CharField(max_length=3)
    effective_on = models.DateField(help_text="Account-local day from which it counts.")
    reverts_at_cycle_end = models.BooleanField(
        default=True, help_text="Only this cycle; otherwise the series goes on with the new amount."
    )
    reason = models.CharField(max_length=500)
    reverses = models.ForeignKey(
        "pacing.LedgerEntry", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    asked_kind = models.CharField(max_length=12)
    asked_label = models.CharField(max_length=200)
    edited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    approval_id = models.CharField(max_length=64, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True, help_text="Business time, UTC.")
    outcome_reason = models.CharField(max_length=500, blank=True)
    took_effect_at = models.DateTimeField(null=True, blank=True, help_text="Business time, UTC.")
    expires_at = models.DateTimeField(help_text="Business time, UTC.")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["plan"], condition=Q(state="proposed"), name="pacing_one_open_amendment"
            ),
            models.CheckConstraint(
                condition=Q(new_amount_micros__gt=0), name="pacing_amendment_amount_positive"
            ),
            models.CheckConstraint(
                condition=Q(new_ends_on__gte=F("new_starts_on")), name="pacing_amendment_flight_in_order"
            ),
        ]
        indexes = [
            models.Index(
                fields=["effective_on"],
                condition=Q(state="approved", took_effect_at__isnull=True),
                name="pacing_amendment_due",
            )
        ]

    def __str__(self) -> str:
        return f"{self.plan}: amendment"

    @property
    def asked_at(self) -> datetime:
        """When it was asked for or last revised (business time): it expires a fixed time later."""
        return self.expires_at - AMENDMENT_VALID_FOR

    @property
    def delta_micros(self) -> int:
        """How much more (or less) is asked for."""
        return self.new_amount_micros - self.base_amount_micros


class LedgerEntry(PubliclyNamed, ClientOwned):
    """One step of a plan's approved amount. Never changed and never deleted; a trigger keeps it so.

    The entries of a plan sum to its amount, which a second trigger checks when a transaction commits.
    """

    class Kind(models.TextChoices):
        BASE = "base", "Base"
        AMENDMENT = "amendment", "Amendment"
        ROLLOVER = "rollover", "Rollover"
        REVERSAL = "reversal", "Reversal"

    class Via(models.TextChoices):
        DIRECT = "direct", "Entered directly"
        LINK = "link", "Approved by emailed link"
        LOGIN = "login", "Approved in Lane"
        KEY = "api_key", "Approved by API"
        POLICY = "policy", "Approved by policy"
        SERIES = "series", "Made by its series"
        RECORD = "record", "Taken over"

    plan = models.ForeignKey(BudgetPlan, on_delete=models.PROTECT, related_name="entries")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    amount_micros = models.BigIntegerField(help_text="Signed: what this entry adds or takes away.")
    currency = models.CharField(max_length=3)
    effective_on = models.DateField()
    starts_on = models.DateField(help_text="First day of the flight as of this entry.")
    ends_on = models.DateField(help_text="Last day of the flight as of this entry.")
    reason = models.CharField(max_length=500, blank=True)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    asked_label = models.CharField(max_length=200)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    approved_label = models.CharField(max_length=200, blank=True)
    via = models.CharField(max_length=8, choices=Via.choices)
    approval_id = models.CharField(max_length=64, blank=True, help_text="The approval request's public id.")
    link_id = models.CharField(
        max_length=64, blank=True, help_text="The emailed link's public id, where one decided."
    )
    amendment = models.ForeignKey(
        PlanAmendment, on_delete=models.PROTECT, null=True, blank=True, related_name="entries"
    )
    rolled_from = models.ForeignKey(
        BudgetPlan, on_delete=models.PROTECT, null=True, blank=True, related_name="rolled_into"
    )
    is_provisional = models.BooleanField(
        default=False, help_text="Made before the spend it rests on was final; a later entry corrects it."
    )
    reverses = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="reversed_by"
    )
    at = models.DateTimeField(help_text="Business time, UTC.")

    class Meta:
        ordering = ["id"]
        verbose_name_plural = "ledger entries"
        constraints = [
            models.UniqueConstraint(fields=["plan"], condition=Q(kind="base"), name="pacing_ledger_one_base"),
            models.UniqueConstraint(
                fields=["amendment"],
                condition=Q(amendment__isnull=False),
                name="pacing_ledger_amendment_once",
            ),
            models.UniqueConstraint(
                fields=["reverses"], condition=Q(reverses__isnull=False), name="pacing_ledger_reversed_once"
            ),
            models.CheckConstraint(
                condition=Q(kind="rollover", rolled_from__isnull=False)
                | (~Q(kind="rollover") & Q(rolled_from__isnull=True, is_provisional=False)),
                name="pacing_ledger_rollover_names_its_source",
            ),
        ]
        indexes = [models.Index(fields=["plan", "id"], name="pacing_ledger_of_plan")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.plan}"
