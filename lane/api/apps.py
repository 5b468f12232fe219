"""The api surface."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """Owns no tables."""

    name = "lane.api"
    label = "api"
