"""Credentials for one login at one platform, sealed at rest."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from campaigns.platforms.records import Platform
from lane.accounts.models import OrganizationOwned
from lane.core.models import PubliclyNamed, TimeStamped
from lane.core.sealed_fields import SealedTextField

PLATFORM_CHOICES = [(Platform.GOOGLE_ADS, "Google Ads"), (Platform.META, "Meta")]


class Connection(PubliclyNamed, TimeStamped, OrganizationOwned):
    """One login at one platform, through which any number of ad accounts is reached."""

    class Status(models.TextChoices):
        OK = "ok", "Working"
        RECONNECT = "reconnect", "Reconnect needed"
        DISCONNECTED = "disconnected", "Disconnected"

    class Environment(models.TextChoices):
        LIVE = "live", "Live"
        SANDBOX = "sandbox", "Sandbox"

    platform = models.CharField(max_length=20, choices=PLATFORM_CHOICES)
    environment = models.CharField(max_length=10, choices=Environment.choices, default=Environment.LIVE)
    label = models.CharField(max_length=120, help_text="Which login this is, in words.")
    status = models.CharField(max_length=14, choices=Status.choices, default=Status.OK)
    access_token_sealed = SealedTextField()
    refresh_token_sealed = SealedTextField()
    token_expires_at = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(blank=True)
    last_error_at = models.DateTimeField(null=True, blank=True)
    last_ok_at = models.DateTimeField(null=True, blank=True)
    token_lease_until = models.DateTimeField(
        null=True, blank=True, help_text="Machine time; whoever holds it may renew the tokens."
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    class Meta:
        ordering = ["platform", "label"]

    def __str__(self) -> str:
        return f"{self.get_platform_display()}: {self.label}"
