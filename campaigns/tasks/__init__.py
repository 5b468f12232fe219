"""Background work of campaigns; Celery finds the tasks here."""

from campaigns.tasks import ledger, sync

__all__ = ["ledger", "sync"]
