"""Mirrored platform entities. Removed ones are kept: their spend stays true."""

from __future__ import annotations

from django.db import models
from django.db.models import Value

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
    hindrances = models.JSONField(
        default=list,
        db_default=Value([], models.JSONField()),
        blank=True,
        help_text="Why it spends less or nothing: code, words, the platform's own, since when Lane sees it.",
    )
    removed_at = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField(help_text="When the platform last listed it (business time, UTC).")

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name


class Bidding(models.Model):
    """What a campaign or group bids towards: money, or thousandths of a return on ad spend."""

    class BidKind(models.TextChoices):
        TARGET_CPA = "target_cpa", "Target CPA"
        TARGET_ROAS = "target_roas", "Target ROAS"
        BID_CAP = "bid_cap", "Bid cap"

    bid_strategy = models.CharField(
        max_length=40, blank=True, default="", db_default="", help_text="In the platform's words."
    )
    bid_kind = models.CharField(max_length=12, choices=BidKind.choices, blank=True, default="", db_default="")
    bid_micros = models.BigIntegerField(null=True, blank=True)
    bid_millis = models.BigIntegerField(
        null=True, blank=True, help_text="A return on ad spend in thousandths: 4000 is 4.0."
    )

    class Meta:
        abstract = True


class AdCampaign(Bidding, MirroredEntity):
    """A campaign at a platform. It spends from ``budget``, or its groups carry their own."""

    ad_account = models.ForeignKey(AdAccount, on_delete=models.CASCADE, related_name="ad_campaigns")
    budget = models.ForeignKey(
        Budget, on_delete=models.SET_NULL, null=True, blank=True, related_name="ad_campaigns"
    )
    channel = models.CharField(max_length=40, blank=True)
    starts_on = models.DateField(null=True, blank=True)
    ends_on = models.DateField(null=True, blank=True)
    spend_cap_micros = models.BigIntegerField(
        null=True, blank=True, help_text="The most the platform lets it spend in its life; empty without one."
    )
    verified_cap_micros = models.BigIntegerField(
        null=True, blank=True, help_text="The spend cap Lane last wrote and read back."
    )
    cap_verified_at = models.DateTimeField(
        null=True, blank=True, help_text="When Lane wrote a spend cap or removed it; empty when never."
    )
    lifetime_spend_micros = models.BigIntegerField(null=True, blank=True)
    lifetime_spend_at = models.DateTimeField(null=True, blank=True)
    paused_by_lane_at = models.DateTimeField(
        null=True, blank=True, help_text="Set when Lane paused it: only then may Lane resume it."
    )

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["ad_account", "external_id"], name="campaigns_campaign_once")
        ]


class AdGroup(Bidding, MirroredEntity):
    """An ad group or ad set."""

    ad_account = models.ForeignKey(AdAccount, on_delete=models.CASCADE, related_name="ad_groups")
    ad_campaign = models.ForeignKey(AdCampaign, on_delete=models.CASCADE, related_name="ad_groups")
    budget = models.ForeignKey(
        Budget, on_delete=models.SET_NULL, null=True, blank=True, related_name="ad_groups"
    )
    lifetime_spend_micros = models.BigIntegerField(null=True, blank=True)
    lifetime_spend_at = models.DateTimeField(null=True, blank=True)

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
