"""What each sync did, and what it found that Lane did not do."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from campaigns.models.ad_account import AdAccount
from campaigns.models.ad_campaign import AdCampaign
from campaigns.models.budget import Budget
from lane.accounts.models import ClientOwned
from lane.core.models import PubliclyNamed, TimeStamped


class SyncRun(PubliclyNamed, ClientOwned):
    """One sync of one account, with how far it came; a failed one resumes where it stopped."""

    class Kind(models.TextChoices):
        TODAY = "today", "Today"
        RECENT = "recent", "Recent days"
        NIGHTLY = "nightly", "Nightly re-read"
        HISTORY = "history", "History"

    class State(models.TextChoices):
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    ad_account = models.ForeignKey(AdAccount, on_delete=models.CASCADE, related_name="sync_runs")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    state = models.CharField(max_length=10, choices=State.choices, default=State.RUNNING)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    step = models.CharField(max_length=60, blank=True)
    done_through = models.DateField(null=True, blank=True)
    days_done = models.PositiveIntegerField(default=0)
    days_total = models.PositiveIntegerField(default=0)
    rows_read = models.PositiveIntegerField(default=0)
    rows_new = models.PositiveIntegerField(default=0)
    rows_changed = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)
    error_kind = models.CharField(max_length=40, blank=True)
    heartbeat_at = models.DateTimeField(
        null=True, blank=True, help_text="Machine time; a silent run was killed and may be taken over."
    )
    retry_at = models.DateTimeField(null=True, blank=True, help_text="Machine time; not tried again before.")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["ad_account"], condition=Q(state="running"), name="campaigns_one_running_sync"
            )
        ]
        indexes = [models.Index(fields=["ad_account", "kind", "-started_at"], name="campaigns_sync_latest")]


class Drift(PubliclyNamed, TimeStamped, ClientOwned):
    """An amount is not what Lane last wrote: somebody or something else changed it.

    A spend cap's drift is kept with the budget its campaign spends from; amounts of None mean no cap.
    """

    class Field(models.TextChoices):
        BUDGET = "budget", "Budget"
        SPEND_CAP = "spend_cap", "Spend cap"

    class State(models.TextChoices):
        OPEN = "open", "Open"
        ADOPTED = "adopted", "Adopted"
        REAPPLIED = "reapplied", "Proposed again"
        LEFT = "left", "Left as it is"
        PAUSED = "paused", "Automation paused"
        SUPERSEDED = "superseded", "Superseded"

    budget = models.ForeignKey(Budget, on_delete=models.CASCADE, related_name="drifts")
    field = models.CharField(max_length=10, choices=Field.choices, default=Field.BUDGET)
    ad_campaign = models.ForeignKey(
        AdCampaign, on_delete=models.CASCADE, null=True, blank=True, related_name="drifts"
    )
    expected_micros = models.BigIntegerField(null=True, blank=True)
    observed_micros = models.BigIntegerField(null=True, blank=True)
    seen_at = models.DateTimeField()
    edited_at = models.DateTimeField(null=True, blank=True)
    edited_by = models.CharField(max_length=200, blank=True, help_text="As the platform names the editor.")
    edited_with = models.CharField(max_length=100, blank=True)
    state = models.CharField(max_length=12, choices=State.choices, default=State.OPEN)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["budget"],
                condition=Q(state="open", field="budget"),
                name="campaigns_one_open_drift",
            ),
            models.UniqueConstraint(
                fields=["ad_campaign"],
                condition=Q(state="open", field="spend_cap"),
                name="campaigns_one_open_cap_drift",
            ),
            models.CheckConstraint(
                condition=Q(field="budget", expected_micros__isnull=False, observed_micros__isnull=False)
                | Q(field="spend_cap", ad_campaign__isnull=False),
                name="campaigns_drift_is_complete",
            ),
        ]

    @property
    def thing(self) -> str:
        """What was changed, in words."""
        if self.field == self.Field.SPEND_CAP and self.ad_campaign is not None:
            return f"Spend cap of {self.ad_campaign.name}"
        return self.budget.name
