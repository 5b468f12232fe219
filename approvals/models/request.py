"""Requests, decisions and one-time links."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from lane.accounts.models import ClientOwned
from lane.core.models import PubliclyNamed, TimeStamped


class ApprovalRequest(PubliclyNamed, TimeStamped, ClientOwned):
    """A thing that waits for a yes. It holds the policy and the diff as they stood when it opened."""

    class State(models.TextChoices):
        OPEN = "open", "Waiting"
        APPROVED = "approved", "Approved"
        DECLINED = "declined", "Declined"
        CHANGES = "changes", "Changes requested"
        EXPIRED = "expired", "Expired"
        WITHDRAWN = "withdrawn", "Withdrawn"
        SUPERSEDED = "superseded", "Replaced by a newer version"

    subject_type = models.CharField(max_length=60)
    subject_id = models.CharField(max_length=64)
    version = models.PositiveIntegerField(default=1)
    title = models.CharField(max_length=300)
    diff = models.JSONField()
    content_hash = models.CharField(max_length=64)
    policy_snapshot = models.JSONField(default=dict)
    needs_sign_in = models.BooleanField(default=False, help_text="Above the link cap: the approver signs in.")
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    requested_by_label = models.CharField(max_length=200)
    barred_user_ids = models.JSONField(
        default=list, help_text="People who may not decide: requester and editors."
    )
    opened_at = models.DateTimeField(default=timezone.now, help_text="Business time, UTC.")
    due_at = models.DateTimeField(help_text="Business time, UTC.")
    decided_at = models.DateTimeField(null=True, blank=True)
    outcome_reason = models.CharField(max_length=500, blank=True)
    was_automatic = models.BooleanField(default=False)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["subject_type", "subject_id"],
                condition=Q(state="open"),
                name="approvals_one_open_per_subject",
            )
        ]
        indexes = [
            models.Index(fields=["organization", "state", "due_at"], name="approvals_open_due"),
            models.Index(fields=["subject_type", "subject_id"], name="approvals_subject"),
        ]

    def __str__(self) -> str:
        return self.title


class RequestApprover(models.Model):
    """One person who was asked."""

    request = models.ForeignKey(ApprovalRequest, on_delete=models.CASCADE, related_name="approvers")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    asked_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["request", "user"], name="approvals_approver_once")]


class Decision(PubliclyNamed):
    """What one person decided, of which content, through which door. Never changed."""

    class Kind(models.TextChoices):
        APPROVE = "approve", "Approved"
        APPROVE_LOWER = "approve_lower", "Approved a lower amount"
        CHANGES = "changes", "Asked for changes"
        DECLINE = "decline", "Declined"

    request = models.ForeignKey(ApprovalRequest, on_delete=models.PROTECT, related_name="decisions")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    user_label = models.CharField(max_length=200)
    kind = models.CharField(max_length=14, choices=Kind.choices)
    comment = models.TextField(blank=True)
    approved_target = models.JSONField(
        default=dict, blank=True, help_text="Lowered amounts in micros by row key."
    )
    content_hash = models.CharField(max_length=64)
    via = models.CharField(max_length=10)
    link = models.ForeignKey(
        "approvals.ApprovalLink", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    ip = models.CharField(max_length=45, blank=True)
    user_agent = models.CharField(max_length=300, blank=True)
    mfa_age_seconds = models.PositiveIntegerField(null=True, blank=True)
    at = models.DateTimeField(help_text="Business time, UTC.")

    class Meta:
        ordering = ["id"]
        constraints = [
            # one stage, any one person: the first decision settles the request
            models.UniqueConstraint(fields=["request"], name="approvals_one_decision"),
        ]


class ApprovalLink(PubliclyNamed):
    """A one-time link: only a digest is kept, bound to request, approver and content."""

    request = models.ForeignKey(ApprovalRequest, on_delete=models.CASCADE, related_name="links")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    email = models.EmailField(help_text="Where it was sent; a changed address revokes it.")
    digest = models.CharField(max_length=64, unique=True)
    content_hash = models.CharField(max_length=64)
    expires_at = models.DateTimeField(help_text="Business time, UTC.")
    created_at = models.DateTimeField(auto_now_add=True)
    opened_at = models.DateTimeField(null=True, blank=True)
    used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_reason = models.CharField(max_length=120, blank=True)

    class Meta:
        ordering = ["-id"]
