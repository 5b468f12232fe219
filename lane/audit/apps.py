"""The audit trail."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """Append-only record of who did what, chained per organization."""

    name = "lane.audit"
    label = "audit"
    verbose_name = "Audit trail"
