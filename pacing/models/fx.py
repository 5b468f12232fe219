"""Exchange rates by day, as somebody entered or imported them. Lane never calls anybody for a rate."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from lane.accounts.models import OrganizationOwned
from lane.core.models import PubliclyNamed, TimeStamped


class FxRate(PubliclyNamed, TimeStamped, OrganizationOwned):
    """One unit of ``base`` is worth ``rate`` of ``quote`` on that day, and until a later rate is known."""

    class Source(models.TextChoices):
        ENTERED = "entered", "Entered"
        CSV = "csv", "Imported from CSV"

    base = models.CharField(max_length=3)
    quote = models.CharField(max_length=3)
    on = models.DateField()
    rate = models.DecimalField(max_digits=18, decimal_places=8)
    source = models.CharField(max_length=8, choices=Source.choices, default=Source.ENTERED)
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    entered_label = models.CharField(max_length=200)

    class Meta:
        ordering = ["-on", "base", "quote"]
        verbose_name = "exchange rate"
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "base", "quote", "on"], name="pacing_fx_once_a_day"
            ),
            models.CheckConstraint(condition=Q(rate__gt=0), name="pacing_fx_rate_positive"),
            models.CheckConstraint(condition=~Q(base=F("quote")), name="pacing_fx_two_currencies"),
        ]

    def __str__(self) -> str:
        return f"1 {self.base} = {self.rate.normalize():f} {self.quote} on {self.on}"
