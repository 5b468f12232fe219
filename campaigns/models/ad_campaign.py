"""Mirrored platform entities. Removed ones are kept: their spend stays true."""

from __future__ import annotations

from django.db import models

from campaigns.models.ad_account import AdAccount
from campaigns.models.budget import Budget
from lane.accounts.models import ClientOwned
from lane.core.models import PubliclyNamed, TimeStamped


class EntityStatus(models.TextChoices):
    """A platform status in Lane's words."""

    ACTIVE = "active", "Active"
    PAUSED = "paused", "Paused"
    ENDED = "ended", "Ended"
    REMOVED = "removed", "Removed"
    LIMITED = "limited", "Limited"
    UNKNOWN = "unknown", "Unknown"


class MirroredEntity(PubliclyNamed, TimeStamped, ClientOwned):
    """What a campaign, group and ad have in common."""

    external_id = models.CharField(max_length=64)
    name = models.CharField(max_length=400)
    status = models.CharField(max_length=10, choices=EntityStatus.choices, default=EntityStatus.UNKNOWN)
    raw_status = models.CharField(max_length=60, blank=True)
    limited_reasons = models.JSONField(default=list, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField(help_text="When the platform last listed it (business time, UTC).")

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name


class AdCampaign(MirroredEntity):
    """A campaign at a platform. It spends from ``budget``, or its groups carry their own."""

    ad_account = models.ForeignKey(AdAccount, on_delete=models.CASCADE, related_name="ad_campaigns")
    budget = models.ForeignKey(
        Budget, on_delete=models.SET_NULL, null=True, blank=True, related_name="ad_campaigns"
    )
    channel = models.CharField(max_length=40, blank=True)
    starts_on = models.DateField(null=True, blank=True)
    ends_on = models.DateField(null=True, blank=True)
    paused_by_lane_at = models.DateTimeField(
        null=True, blank=True, help_text="Set when Lane paused it: only then may Lane resume it."
    )

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["ad_account", "external_id"], name="campaigns_campaign_once")
        ]


class AdGroup(MirroredEntity):
    """An ad group or ad set."""

    ad_account = models.ForeignKey(AdAccount, on_delete=models.CASCADE, related_name="ad_groups")
    ad_campaign = models.ForeignKey(AdCampaign, on_delete=models.CASCADE, related_name="ad_groups")
    budget = models.ForeignKey(
        Budget, on_delete=models.SET_NULL, null=True, blank=True, related_name="ad_groups"
    )

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["ad_account", "external_id"], name="campaigns_group_once")
        ]


class Ad(MirroredEntity):
    """One advertisement."""

    ad_account = models.ForeignKey(AdAccount, on_delete=models.CASCADE, related_name="ads")
    ad_group = models.ForeignKey(AdGroup, on_delete=models.CASCADE, related_name="ads")

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["ad_account", "external_id"], name="campaigns_ad_once")
        ]
