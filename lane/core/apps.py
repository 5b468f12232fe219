"""The ground: what every other app stands on."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class CoreConfig(AppConfig):
    """Registers event handlers and approval subjects of every app once all models are loaded."""

    name = "lane.core"
    label = "core"
    verbose_name = "Core"

    def ready(self) -> None:
        autodiscover_modules("handlers", "subjects")
