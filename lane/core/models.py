"""Tables of the ground. They hold organization and user ids as plain numbers: nothing below knows accounts."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q


class TimeStamped(models.Model):
    """Rows that know when they were made and last changed (UTC, machine time)."""

    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True


class PubliclyNamed(models.Model):
    """Rows that leave the process under a random id, never under their primary key."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)

    class Meta:
        abstract = True


class ClockOffset(models.Model):
    """How many seconds business time runs ahead of the machine; at most one row."""

    seconds = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="core_clock_single_row")]


class Event(PubliclyNamed):
    """Something that happened, written in the transaction in which it happened."""

    organization_id = models.BigIntegerField(db_index=True)
    name = models.CharField(max_length=120, db_index=True)
    payload = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]


class EventDelivery(models.Model):
    """One event owed to one handler; stays until the handler has succeeded once."""

    class State(models.TextChoices):
        PENDING = "pending", "Pending"
        DONE = "done", "Done"
        DEAD = "dead", "Gave up"

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="deliveries")
    handler = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    attempts = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField()
    last_error = models.TextField(blank=True)
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["event", "handler"], name="core_delivery_once_per_handler")
        ]
        indexes = [
            models.Index(fields=["next_at", "id"], condition=Q(state="pending"), name="core_delivery_due"),
        ]


class ScheduleSlot(models.Model):
    """One run of one periodic job; its uniqueness makes any number of beats harmless."""

    job = models.CharField(max_length=120)
    slot_start = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "slot_start"], name="core_slot_once")]


class Heartbeat(models.Model):
    """When a worker queue, the beat or a sweeper was last seen alive (machine time)."""

    name = models.CharField(max_length=80, unique=True)
    beat_at = models.DateTimeField()
    detail = models.JSONField(default=dict, blank=True)


class Job(PubliclyNamed, TimeStamped):
    """Long work with progress that survives leaving the page."""

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    organization_id = models.BigIntegerField(db_index=True)
    kind = models.CharField(max_length=60)
    label = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(null=True, blank=True)
    message = models.CharField(max_length=300, blank=True)
    result = models.JSONField(default=dict, blank=True)
    created_by_id = models.BigIntegerField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    cancel_requested = models.BooleanField(default=False)

    class Meta:
        ordering = ["-id"]

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in (self.State.DONE, self.State.FAILED, self.State.CANCELLED)


class IdempotentRequest(models.Model):
    """The stored answer to one POST that carried an Idempotency-Key."""

    organization_id = models.BigIntegerField()
    principal = models.CharField(max_length=80)
    key = models.CharField(max_length=200)
    method = models.CharField(max_length=10)
    path = models.CharField(max_length=300)
    body_digest = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    response = models.JSONField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization_id", "principal", "key"], name="core_idempotency_key_once"
            )
        ]
