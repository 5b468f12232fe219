"""Who must say yes."""

from django.apps import AppConfig


class ApprovalsConfig(AppConfig):
    """Policies, requests, decisions and one-time links."""

    name = "approvals"
    label = "approvals"
    verbose_name = "Approvals"
