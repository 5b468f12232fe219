"""Facts: what entities spent and got, per account-local day and hour.

The fact tables are partitioned by month and made by SQL in the migrations; these models are their unmanaged
face. Only ``campaigns.selectors.facts`` and ``campaigns.sync.upsert`` use them, nothing points at them.
"""

from __future__ import annotations

from django.db import models

from campaigns.models.ad_account import AdAccount
from lane.accounts.models import ClientOwned


class Measures(models.Model):
    """The numbers of one fact; null where the source does not tell.

    Conversions are thousandths; money is micros of the account's currency.
    """

    spend_micros = models.BigIntegerField()
    impressions = models.BigIntegerField(null=True)
    clicks = models.BigIntegerField(null=True)
    conversions_milli = models.BigIntegerField(null=True)
    conversion_value_micros = models.BigIntegerField(null=True)

    class Meta:
        abstract = True


class DailyPerformance(Measures):
    """One entity on one account-local day; the latest values."""

    pk = models.CompositePrimaryKey("ad_account_id", "level", "entity_id", "on")
    organization_id = models.BigIntegerField()
    client_id = models.BigIntegerField()
    ad_account_id = models.BigIntegerField()
    level = models.SmallIntegerField()
    entity_id = models.BigIntegerField()
    on = models.DateField()
    fetched_at = models.DateTimeField()
    is_final = models.BooleanField()

    class Meta:
        managed = False
        db_table = "campaigns_daily_performance"


class HourlyPerformance(Measures):
    """One campaign in one local hour (0-23) of one account-local day; the latest values."""

    pk = models.CompositePrimaryKey("ad_account_id", "level", "entity_id", "on", "hour")
    organization_id = models.BigIntegerField()
    client_id = models.BigIntegerField()
    ad_account_id = models.BigIntegerField()
    level = models.SmallIntegerField()
    entity_id = models.BigIntegerField()
    on = models.DateField()
    hour = models.SmallIntegerField()
    fetched_at = models.DateTimeField()
    is_final = models.BooleanField()

    class Meta:
        managed = False
        db_table = "campaigns_hourly_performance"


class PerformanceRevision(Measures):
    """What was known of a daily fact from an instant on; the first row is the first-seen value."""

    pk = models.CompositePrimaryKey("ad_account_id", "level", "entity_id", "on", "known_from")
    organization_id = models.BigIntegerField()
    ad_account_id = models.BigIntegerField()
    level = models.SmallIntegerField()
    entity_id = models.BigIntegerField()
    on = models.DateField()
    known_from = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "campaigns_performance_revision"


class AccountDay(Measures, ClientOwned):
    """Campaign-level totals of one account on one day, kept by delta in the transaction of the facts."""

    ad_account = models.ForeignKey(AdAccount, on_delete=models.CASCADE, related_name="days")
    on = models.DateField()

    class Meta:
        ordering = ["-on"]
        constraints = [
            models.UniqueConstraint(fields=["ad_account", "on"], name="campaigns_account_day_once")
        ]
        indexes = [models.Index(fields=["organization", "client", "on"], name="campaigns_account_day_client")]


class AccountDayFreshness(models.Model):
    """When one day of one account was last read, even if no number changed."""

    ad_account = models.ForeignKey(AdAccount, on_delete=models.CASCADE, related_name="freshness")
    on = models.DateField()
    fetched_at = models.DateTimeField()
    is_final = models.BooleanField(default=False)
    platform_spend_micros = models.BigIntegerField(null=True, blank=True)
    facts_spend_micros = models.BigIntegerField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ad_account", "on"], name="campaigns_freshness_once")]
