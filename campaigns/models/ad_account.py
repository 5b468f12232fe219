"""An advertiser account at a platform, belonging to one client."""

from __future__ import annotations

from django.db import models
from django.db.models import Q, Value

from campaigns.models.connection import PLATFORM_CHOICES, Connection
from lane.accounts.models import ClientOwned
from lane.core.models import PubliclyNamed, TimeStamped


class AdAccount(PubliclyNamed, TimeStamped, ClientOwned):
    """Where money is spent. Its time zone is the law for "day", its currency for every amount in it."""

    class Source(models.TextChoices):
        API = "api", "Connected"
        CSV = "csv", "CSV import"

    class Status(models.TextChoices):
        ACTIVE = "active", "Active"
        DISABLED = "disabled", "Disabled at the platform"

    platform = models.CharField(max_length=20, choices=PLATFORM_CHOICES)
    source = models.CharField(max_length=4, choices=Source.choices, default=Source.API)
    connection = models.ForeignKey(
        Connection, on_delete=models.PROTECT, null=True, blank=True, related_name="ad_accounts"
    )
    external_id = models.CharField(max_length=64)
    access_path = models.CharField(max_length=64, blank=True, help_text="Manager account to act through.")
    name = models.CharField(max_length=200)
    currency = models.CharField(max_length=3)
    timezone = models.CharField(max_length=64)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.ACTIVE)
    sync_enabled = models.BooleanField(default=True)
    structure_synced_at = models.DateTimeField(null=True, blank=True, help_text="Business time, UTC.")
    facts_synced_at = models.DateTimeField(null=True, blank=True, help_text="Business time, UTC.")
    final_through = models.DateField(
        null=True, blank=True, help_text="Account-local; spend is settled to here."
    )
    live_verified_at = models.DateTimeField(null=True, blank=True)
    hindrances = models.JSONField(
        default=list,
        db_default=Value([], models.JSONField()),
        blank=True,
        help_text="Why the whole account cannot spend.",
    )
    recommend_only_reason = models.CharField(
        max_length=200, blank=True, help_text="Why automation only recommends here; empty when it may act."
    )
    recommend_only_since = models.DateTimeField(null=True, blank=True)
    automation_resumed_at = models.DateTimeField(
        null=True, blank=True, help_text="Disturbances before this no longer count against automation."
    )

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "platform", "external_id"], name="campaigns_account_once"
            ),
            models.CheckConstraint(
                condition=Q(source="csv", connection__isnull=True)
                | Q(source="api", connection__isnull=False),
                name="campaigns_account_source_matches_connection",
            ),
        ]

    def __str__(self) -> str:
        return self.name
