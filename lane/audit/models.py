"""The audit trail: append-only rows, sealed into one hash chain per organization.

Entries are written unsealed in the caller's transaction; the sealer numbers and chains them. A trigger refuses
every other change.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from lane.core.models import PubliclyNamed


class AuditEntry(PubliclyNamed):
    """One thing that happened: who, through which door, what, why, before and after."""

    organization_id = models.BigIntegerField(db_index=True)
    client_id = models.BigIntegerField(null=True, blank=True, db_index=True)
    at = models.DateTimeField(help_text="Business time, UTC.")
    recorded_at = models.DateTimeField(auto_now_add=True)
    actor_kind = models.CharField(max_length=12)
    actor_id = models.BigIntegerField(null=True, blank=True)
    actor_label = models.CharField(max_length=200)
    via = models.CharField(max_length=20, blank=True)
    ip = models.CharField(max_length=45, blank=True)
    user_agent = models.CharField(max_length=300, blank=True)
    request_id = models.CharField(max_length=40, blank=True)
    action = models.CharField(max_length=120, db_index=True)
    object_type = models.CharField(max_length=80)
    object_id = models.CharField(max_length=64, blank=True, db_index=True)
    object_label = models.CharField(max_length=300, blank=True)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    reason = models.TextField(blank=True)
    links = models.JSONField(
        default=dict, help_text="Ids of what this belongs to: plan, change set, request."
    )
    seq = models.BigIntegerField(null=True, blank=True)
    prev_hash = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "audit entries"
        constraints = [
            models.UniqueConstraint(
                fields=["organization_id", "seq"], condition=Q(seq__isnull=False), name="audit_seq_once"
            )
        ]
        indexes = [
            models.Index(fields=["organization_id", "-id"], name="audit_org_recent"),
            models.Index(fields=["id"], condition=Q(seq__isnull=True), name="audit_unsealed"),
        ]


class AuditHead(models.Model):
    """The last sealed number and hash of one organization's chain."""

    organization_id = models.BigIntegerField(primary_key=True)
    seq = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64, blank=True)
    sealed_at = models.DateTimeField(null=True, blank=True)
    verified_at = models.DateTimeField(null=True, blank=True)
    verified_ok = models.BooleanField(null=True, blank=True)
