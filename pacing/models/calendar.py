"""A client's planned events: days on which more, less or nothing should be spent."""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.db.models import F, Q

from campaigns.models import PLATFORM_CHOICES
from lane.accounts.models import ClientOwned
from lane.core.models import PubliclyNamed, TimeStamped
from pacing.models.plan import BudgetPlan

HIGHEST_FACTOR = Decimal(10)


class PlannedEvent(PubliclyNamed, TimeStamped, ClientOwned):
    """Some days of a client that count for more or less. Days are those of each plan's own time zone.

    ``factor`` multiplies what is planned and what demand is expected; on a blackout it is 0 and nothing is planned.
    """

    class Kind(models.TextChoices):
        PROMO = "promo", "Promotion"
        HOLIDAY = "holiday", "Holiday"
        BLACKOUT = "blackout", "Blackout"
        OTHER = "other", "Other"

    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    starts_on = models.DateField()
    ends_on = models.DateField()
    factor = models.DecimalField(
        max_digits=4, decimal_places=2, help_text="1.5 plans half as much again; 0 on a blackout."
    )
    platform = models.CharField(max_length=20, choices=PLATFORM_CHOICES, blank=True)
    plan = models.ForeignKey(
        BudgetPlan, on_delete=models.CASCADE, null=True, blank=True, related_name="planned_events"
    )
    recurs_yearly = models.BooleanField(default=False)
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["starts_on", "name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")), name="pacing_event_days_in_order"
            ),
            models.CheckConstraint(
                condition=Q(kind="blackout", factor=0)
                | ~Q(kind="blackout") & Q(factor__gt=0, factor__lte=HIGHEST_FACTOR),
                name="pacing_event_factor_fits_kind",
            ),
            models.CheckConstraint(
                condition=Q(platform="") | Q(plan__isnull=True), name="pacing_event_one_narrower_scope"
            ),
        ]
        indexes = [models.Index(fields=["client", "starts_on"], name="pacing_event_client")]

    def __str__(self) -> str:
        return self.name
