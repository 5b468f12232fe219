"""What should change."""

from django.apps import AppConfig


class PacingConfig(AppConfig):
    """Budget plans, pacing runs and recommendations."""

    name = "pacing"
    label = "pacing"
    verbose_name = "Pacing"
