"""Keys for integrators: shown once, stored as a digest, narrowed by scope and client."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from lane.accounts.models.organization import Client, OrganizationOwned
from lane.core.models import PubliclyNamed, TimeStamped


class Scope(models.TextChoices):
    """What a key may be used for; the owner's role limits it further."""

    READ = "read", "Read everything the owner sees"
    PROPOSE = "propose", "Propose changes"
    WRITE = "write", "Create and edit plans, run syncs and imports"
    DECIDE = "decide", "Decide approval requests"
    MANAGE = "manage", "Manage team, keys and connections"


class ApiKey(PubliclyNamed, TimeStamped, OrganizationOwned):
    """One key of one person. ``clients`` empty means every client the person sees."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=16, unique=True)
    digest = models.CharField(max_length=64, unique=True)
    scopes = ArrayField(models.CharField(max_length=10, choices=Scope.choices))
    clients = models.ManyToManyField(Client, blank=True, related_name="+")
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = "API key"

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"
