"""What one person is told inside Lane."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from lane.accounts.models import Client, OrganizationOwned
from lane.core.models import PubliclyNamed


class Notification(PubliclyNamed, OrganizationOwned):
    """One notice for one person. A second one with the same dedupe key is not made."""

    class Severity(models.TextChoices):
        LOW = "low", "Low"
        NORMAL = "normal", "Normal"
        HIGH = "high", "High"
        URGENT = "urgent", "Urgent"

    client = models.ForeignKey(Client, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notifications")
    kind = models.CharField(max_length=80)
    severity = models.CharField(max_length=8, choices=Severity.choices, default=Severity.NORMAL)
    title = models.CharField(max_length=300)
    body = models.TextField(blank=True)
    url = models.CharField(max_length=300, blank=True)
    dedupe_key = models.CharField(max_length=200)
    created_at = models.DateTimeField(help_text="Business time, UTC.")
    read_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["user", "dedupe_key"], name="notifications_once")]
        indexes = [
            models.Index(
                fields=["user", "-id"], condition=Q(read_at__isnull=True), name="notifications_unread"
            )
        ]

    def __str__(self) -> str:
        return self.title
