"""What people approve, and the ledger of writes it becomes."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from campaigns.models.ad_account import AdAccount
from campaigns.models.ad_campaign import AdCampaign, AdGroup
from campaigns.models.budget import Budget
from lane.accounts.models import ClientOwned
from lane.core.models import PubliclyNamed, TimeStamped


class ChangeSet(PubliclyNamed, TimeStamped, ClientOwned):
    """One or more changes with one reason, approved as a whole. Any edit makes a new version."""

    class State(models.TextChoices):
        PROPOSED = "proposed", "Waiting for approval"
        APPROVED = "approved", "Approved"
        DECLINED = "declined", "Declined"
        EXPIRED = "expired", "Expired"
        WITHDRAWN = "withdrawn", "Withdrawn"
        APPLIED = "applied", "Applied"
        FAILED = "failed", "Not fully applied"

    title = models.CharField(max_length=200)
    reason = models.TextField()
    evidence = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PROPOSED)
    version = models.PositiveIntegerField(default=1)
    content_hash = models.CharField(max_length=64)
    origin = models.CharField(
        max_length=40, help_text="What made it: recommendation, guard, person, drift, undo."
    )
    origin_id = models.CharField(max_length=64, blank=True)
    proposed_by_kind = models.CharField(max_length=12)
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    proposed_by_label = models.CharField(max_length=200)
    last_edited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    approval_id = models.CharField(max_length=64, blank=True)
    approved_hash = models.CharField(max_length=64, blank=True)
    authorised_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField()
    undoes = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="undone_by"
    )

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.title


class Change(PubliclyNamed, TimeStamped, ClientOwned):
    """One absolute target value on one platform entity: a row of the write ledger.

    ``base`` and ``target`` are micros for a budget, a spend cap (None: no cap) or a bid, thousandths for a return
    on ad spend, a status word for a status; ``kind`` says what the number is for. A trigger allows only the
    legal moves between states, and nothing leaves PROPOSED without an approval id and the approved hash.
    """

    class State(models.TextChoices):
        PROPOSED = "proposed", "Proposed"
        APPROVED = "approved", "Approved"
        SENT = "sent", "Sent"
        VERIFIED = "verified", "Applied and read back"
        NOOP = "noop", "Already so"
        CONFLICT = "conflict", "Someone else changed it"
        REFUSED = "refused", "Refused by the platform"
        BLOCKED = "blocked", "Blocked"
        EXPIRED = "expired", "Expired"
        CANCELLED = "cancelled", "Cancelled"
        STUCK = "stuck", "Needs a person"

    class Field(models.TextChoices):
        BUDGET = "budget", "Budget"
        STATUS = "status", "Status"
        SPEND_CAP = "spend_cap", "Spend cap"
        BID_TARGET = "bid_target", "Bid target"

    class Kind(models.TextChoices):
        LIFETIME = "lifetime", "Lifetime"
        TARGET_CPA = "target_cpa", "Target CPA"
        TARGET_ROAS = "target_roas", "Target ROAS"
        BID_CAP = "bid_cap", "Bid cap"

    OPEN = (State.APPROVED, State.SENT)
    OVER = (
        State.VERIFIED,
        State.NOOP,
        State.CONFLICT,
        State.REFUSED,
        State.BLOCKED,
        State.EXPIRED,
        State.CANCELLED,
        State.STUCK,
    )

    change_set = models.ForeignKey(ChangeSet, on_delete=models.PROTECT, related_name="changes")
    ad_account = models.ForeignKey(AdAccount, on_delete=models.PROTECT, related_name="changes")
    field = models.CharField(max_length=10, choices=Field.choices)
    budget = models.ForeignKey(
        Budget, on_delete=models.PROTECT, null=True, blank=True, related_name="changes"
    )
    ad_campaign = models.ForeignKey(
        AdCampaign, on_delete=models.PROTECT, null=True, blank=True, related_name="changes"
    )
    ad_group = models.ForeignKey(
        AdGroup, on_delete=models.PROTECT, null=True, blank=True, related_name="changes"
    )
    kind = models.CharField(
        max_length=12, choices=Kind.choices, blank=True, help_text="What the number is for; empty is per day."
    )
    version = models.PositiveIntegerField(
        default=1, help_text="The version of the change set this row belongs to."
    )
    entity_key = models.CharField(
        max_length=80,
        help_text="budget:, campaign:, cap: or bid: and the key of the row; writes are serial per key.",
    )
    base_micros = models.BigIntegerField(null=True, blank=True)
    target_micros = models.BigIntegerField(null=True, blank=True)
    proposed_micros = models.BigIntegerField(
        null=True,
        blank=True,
        help_text="What was proposed; an approver may lower the target towards the base, never beyond this.",
    )
    base_millis = models.BigIntegerField(
        null=True, blank=True, help_text="A return on ad spend in thousandths: 4000 is 4.0."
    )
    target_millis = models.BigIntegerField(null=True, blank=True)
    base_status = models.CharField(max_length=10, blank=True)
    target_status = models.CharField(max_length=10, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    is_automatic = models.BooleanField(
        default=False, help_text="Approved by a policy or guard, not by a person."
    )
    is_guard = models.BooleanField(
        default=False, help_text="A spending guard, such as a pause at the target."
    )
    content_hash = models.CharField(max_length=64)
    idem_key = models.CharField(max_length=80, unique=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PROPOSED)
    attempts = models.PositiveIntegerField(default=0)
    rounds = models.PositiveIntegerField(default=0, help_text="Read-back rounds after an unanswered call.")
    fence = models.BigIntegerField(default=0)
    owner = models.CharField(max_length=80, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True, help_text="Machine time.")
    next_at = models.DateTimeField(null=True, blank=True, help_text="Machine time.")
    admitted_at = models.DateTimeField(
        null=True, blank=True, help_text="When the guards let it pass (business time, UTC); counts for caps."
    )
    sent_at = models.DateTimeField(null=True, blank=True, help_text="Machine time.")
    quiet_until = models.DateTimeField(null=True, blank=True, help_text="Machine time.")
    observed = models.JSONField(null=True, blank=True)
    outcome = models.CharField(max_length=400, blank=True, help_text="What happened, in words.")
    platform_request_id = models.CharField(max_length=120, blank=True)
    approval_id = models.CharField(max_length=64, blank=True)
    approved_hash = models.CharField(max_length=64, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True, help_text="Business time, UTC.")

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["entity_key", "field"],
                condition=Q(state="sent"),
                name="campaigns_one_sent_per_entity",
            ),
            models.CheckConstraint(
                condition=Q(field="budget", budget__isnull=False, target_micros__gt=0)
                | Q(field="status", ad_campaign__isnull=False, target_status__in=["active", "paused"])
                | (
                    Q(field="spend_cap", ad_campaign__isnull=False, kind="")
                    & (Q(target_micros__isnull=True) | Q(target_micros__gt=0))
                )
                | (
                    Q(field="bid_target")
                    & (Q(ad_campaign__isnull=False) | Q(ad_group__isnull=False))
                    & (
                        Q(kind__in=["target_cpa", "bid_cap"], target_micros__gt=0)
                        | Q(kind="target_roas", target_millis__gt=0)
                    )
                ),
                name="campaigns_change_is_complete",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["proposed", "cancelled", "expired"])
                | (~Q(approval_id="") & ~Q(approved_hash="")),
                name="campaigns_change_needs_approval",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_at", "id"],
                condition=Q(state__in=["approved", "sent"]),
                name="campaigns_change_due",
            ),
            models.Index(fields=["entity_key", "-id"], name="campaigns_change_entity"),
            models.Index(
                fields=["ad_account", "admitted_at"],
                condition=Q(is_automatic=True),
                name="campaigns_change_admitted",
            ),
        ]

    @property
    def entity(self) -> Budget | AdCampaign | AdGroup:
        """What is written."""
        found = self.budget or self.ad_group or self.ad_campaign
        assert found is not None  # a check constraint of the table
        return found

    @property
    def what(self) -> str:
        """Which of its values, as people name it."""
        if self.field == self.Field.BID_TARGET:
            return str(self.get_kind_display())
        if self.field == self.Field.BUDGET:
            return "Lifetime budget" if self.kind == self.Kind.LIFETIME else "Budget per day"
        return str(self.get_field_display())

    @property
    def is_daily_amount(self) -> bool:
        """Whether it is money per day: only such rows may be added up with each other."""
        return self.field == self.Field.BUDGET and not self.kind


class WriteCall(models.Model):
    """One call that was about to be sent: written before, answered after; never deleted."""

    change = models.ForeignKey(Change, on_delete=models.PROTECT, related_name="calls")
    fence = models.BigIntegerField()
    sent_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    answer = models.CharField(
        max_length=20, blank=True, help_text="accepted, ambiguous, refused, rate_limited …"
    )
    message = models.CharField(max_length=400, blank=True)
    request_id = models.CharField(max_length=120, blank=True)

    class Meta:
        ordering = ["id"]


class KillSwitch(PubliclyNamed):
    """All writes stop within a scope. The narrowest set column is the scope; none set means everything."""

    organization = models.ForeignKey(
        "accounts.Organization", on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    client = models.ForeignKey(
        "accounts.Client", on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    platform = models.CharField(max_length=20, blank=True)
    connection = models.ForeignKey(
        "campaigns.Connection", on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    reason = models.CharField(max_length=300)
    stopped_by_label = models.CharField(max_length=200)
    stopped_at = models.DateTimeField()
    resumed_by_label = models.CharField(max_length=200, blank=True)
    resumed_at = models.DateTimeField(null=True, blank=True)
    resume_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["id"], condition=Q(resumed_at__isnull=True), name="campaigns_switch_on")
        ]


class AccountGuardDay(models.Model):
    """The row that is locked when an unapproved increase is claimed: the account-day cap holds under races."""

    ad_account = models.ForeignKey(AdAccount, on_delete=models.CASCADE, related_name="guard_days")
    on = models.DateField()
    increased_micros = models.BigIntegerField(default=0)
    writes = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ad_account", "on"], name="campaigns_guard_day_once")]
