"""The web surface."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """Owns no tables."""

    name = "lane.web"
    label = "web"
