"""E-mails owed and sent. Bodies with links are never stored; only the dev mailbox keeps what it caught."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from lane.accounts.models import OrganizationOwned
from lane.core.models import PubliclyNamed, TimeStamped


class EmailDelivery(PubliclyNamed, TimeStamped, OrganizationOwned):
    """One message owed to one address; rendered afresh at each try."""

    class State(models.TextChoices):
        PENDING = "pending", "Waiting"
        SENT = "sent", "Sent"
        DEAD = "dead", "Gave up"
        CANCELLED = "cancelled", "No longer needed"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="+")
    email = models.EmailField()
    message = models.CharField(max_length=80, help_text="Which message of the catalogue.")
    params = models.JSONField(default=dict, help_text="Ids only: whatever is shown is read when rendering.")
    dedupe_key = models.CharField(max_length=200, unique=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    attempts = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField(help_text="Machine time.")
    lease_until = models.DateTimeField(null=True, blank=True, help_text="Machine time.")
    last_error = models.TextField(blank=True)
    provider_id = models.CharField(max_length=200, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "e-mail deliveries"
        indexes = [
            models.Index(
                fields=["next_at", "id"], condition=Q(state="pending"), name="notifications_mail_due"
            )
        ]


class DevMail(models.Model):
    """A mail caught by the dev mailbox; used only with DEBUG or in tests."""

    to = models.TextField()
    sender = models.CharField(max_length=300)
    subject = models.CharField(max_length=500)
    text = models.TextField()
    html = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
