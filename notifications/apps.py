"""Who is told."""

from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    """In-app notices and e-mail deliveries."""

    name = "notifications"
    label = "notifications"
    verbose_name = "Notifications"
