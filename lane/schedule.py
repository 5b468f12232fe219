"""The whole beat table, one line a job.

Rows are made by name when missing and never overwritten, so an edit in the admin stays. Every job is safe to
run twice, and several beats do no harm.
"""

from __future__ import annotations

from dataclasses import dataclass

from django_celery_beat.models import IntervalSchedule, PeriodicTask


@dataclass(frozen=True, slots=True)
class Line:
    """One periodic job."""

    task: str
    every_seconds: int
    queue: str
    what: str


SCHEDULE = (
    Line("core.sweep_outbox", 60, "default", "deliver events whose hint was lost"),
    Line("core.beat_hearts", 30, "default", "prove that beat and every queue are alive"),
    Line("core.clean_up", 3600, "default", "forget what nobody can ask for again"),
    Line("audit.seal", 5, "default", "chain new audit entries"),
    Line("campaigns.sweep_ledger", 15, "ledger", "apply approved changes whose hint was lost"),
    Line("campaigns.sync_due", 120, "sync", "start the syncs that are due"),
    Line("campaigns.ensure_partitions", 43200, "default", "make fact partitions three months ahead"),
    Line("pacing.run_due", 120, "pacing", "pace every plan once per two-hour slot"),
    Line("pacing.look_at_portfolios", 180, "pacing", "look at the portfolios that are due"),
    Line("pacing.learn_due", 3600, "pacing", "learn from each account's history at night"),
    Line("pacing.score_due", 3600, "pacing", "score projections whose day has come"),
    Line("pacing.keep_series", 900, "pacing", "make the next cycles' plans and roll over ended ones"),
    Line("approvals.expire_due", 30, "default", "close requests nobody answered in time"),
    Line("notifications.send_due", 15, "notify", "send e-mails that wait"),
    Line("notifications.clean_up", 3600, "notify", "remove expired notices"),
)


def ensure_schedule() -> None:
    """Make the rows that are missing; leave every other row as it is."""
    for line in SCHEDULE:
        interval, _ = IntervalSchedule.objects.get_or_create(
            every=line.every_seconds, period=IntervalSchedule.SECONDS
        )
        PeriodicTask.objects.get_or_create(
            name=line.task,
            defaults={
                "task": line.task,
                "interval": interval,
                "queue": line.queue,
                "description": line.what,
                "expire_seconds": max(30, line.every_seconds),
            },
        )
