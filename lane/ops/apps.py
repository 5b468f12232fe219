"""The ops surface."""

from django.apps import AppConfig


class OpsConfig(AppConfig):
    """Owns no tables."""

    name = "lane.ops"
    label = "ops"
