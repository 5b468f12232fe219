"""In-app notices, e-mail deliveries, and the dev mailbox."""

from notifications.models.delivery import DevMail, EmailDelivery
from notifications.models.notification import Notification

__all__ = ["DevMail", "EmailDelivery", "Notification"]
