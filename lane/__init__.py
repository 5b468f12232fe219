"""Lane keeps paid-media budgets on plan."""

from lane.celery import app as celery_app

__all__ = ["celery_app"]
