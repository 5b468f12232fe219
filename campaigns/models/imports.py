"""CSV files as a way in without API access."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from campaigns.models.ad_account import AdAccount
from campaigns.models.connection import PLATFORM_CHOICES
from lane.accounts.models import ClientOwned
from lane.core.models import PubliclyNamed, TimeStamped


class CsvImport(PubliclyNamed, TimeStamped, ClientOwned):
    """One uploaded platform export: mapping, preview, and what became of each row."""

    class State(models.TextChoices):
        PREVIEW = "preview", "Preview"
        DONE = "done", "Imported"
        FAILED = "failed", "Not imported"

    platform = models.CharField(max_length=20, choices=PLATFORM_CHOICES)
    ad_account = models.ForeignKey(
        AdAccount, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    account_name = models.CharField(max_length=200)
    currency = models.CharField(max_length=3)
    timezone = models.CharField(max_length=64)
    file_name = models.CharField(max_length=200)
    content_digest = models.CharField(max_length=64)
    content = models.TextField()
    mapping = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PREVIEW)
    rows_total = models.PositiveIntegerField(default=0)
    rows_new = models.PositiveIntegerField(default=0)
    rows_changed = models.PositiveIntegerField(default=0)
    rows_unchanged = models.PositiveIntegerField(default=0)
    errors = models.JSONField(default=list)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    class Meta:
        ordering = ["-id"]
