"""What works and what does not, read from where the truth is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Min
from redis import Redis
from redis.exceptions import RedisError

from campaigns.models import Change
from lane.core import clock
from lane.core.models import EventDelivery, Heartbeat
from lane.core.tasks import QUEUES
from notifications.models import EmailDelivery

_LATE = timedelta(seconds=120)


@dataclass(frozen=True, slots=True)
class QueueState:
    """One queue: messages waiting (None: broker unreachable) and when a worker last answered for it."""

    name: str
    waiting: int | None
    last_beat: str
    seconds_ago: int | None
    alive: bool


def readiness() -> dict[str, str]:
    """Problems by part, empty when the web process can serve. Raises nothing."""
    problems = {}
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            problems["migrations"] = "Some migrations are not applied. Run manage.py migrate."
    except Exception as error:  # noqa: BLE001 - readiness reports, it does not fail
        problems["database"] = f"PostgreSQL does not answer: {type(error).__name__}."
    return problems


def _lengths() -> dict[str, int] | None:
    try:
        client = Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2)
        return {name: int(client.llen(name)) for name in QUEUES}  # type: ignore[arg-type]
    except (RedisError, OSError):
        return None


def queues() -> list[QueueState]:
    """Every queue with its length and the age of its last heartbeat."""
    lengths = _lengths()
    beats = dict(Heartbeat.objects.values_list("name", "beat_at"))
    now = clock.machine_now()
    rows = []
    for name in QUEUES:
        at = beats.get(f"queue:{name}")
        rows.append(
            QueueState(
                name=name,
                waiting=None if lengths is None else lengths[name],
                last_beat=at.isoformat() if at else "",
                seconds_ago=int((now - at).total_seconds()) if at else None,
                alive=bool(at and now - at < _LATE),
            )
        )
    return rows


def beat_age_seconds() -> int | None:
    """Seconds since the beat last ran; None when it never did."""
    at = Heartbeat.objects.filter(name="beat").values_list("beat_at", flat=True).first()
    return int((clock.machine_now() - at).total_seconds()) if at else None


def backlog() -> dict[str, dict[str, int | None]]:
    """What waits in PostgreSQL: owed events, mails and writes, with the age of the oldest in seconds."""
    now = clock.machine_now()

    def row(rows: object, field: str) -> dict[str, int | None]:
        oldest = rows.aggregate(at=Min(field))["at"]  # type: ignore[attr-defined]
        return {
            "count": rows.count(),  # type: ignore[attr-defined]
            "oldest_seconds": int((now - oldest).total_seconds()) if oldest else None,
        }

    return {
        "events": row(EventDelivery.objects.filter(state="pending"), "event__created_at"),
        "dead_events": row(EventDelivery.objects.filter(state="dead"), "event__created_at"),
        "mails": row(EmailDelivery.objects.filter(state="pending"), "created_at"),
        "dead_mails": row(EmailDelivery.objects.filter(state="dead"), "created_at"),
        "writes": row(Change.objects.filter(state__in=["approved", "sent"]), "created_at"),
        "stuck_writes": row(Change.objects.filter(state="stuck"), "created_at"),
    }
