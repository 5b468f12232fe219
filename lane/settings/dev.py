"""Settings of `make run`: debug pages, the dev mail page and local secrets."""

from lane.settings.base import *  # noqa: F403
from lane.settings.base import env
from lane.settings.env import local_secret

DEBUG = env.bool("LANE_DEBUG", True)
SECRET_KEY = env.str("LANE_SECRET_KEY", "") or local_secret("django")
ALLOWED_HOSTS = ["*"]
LANE_SEAL_KEYS = env.str("LANE_SEAL_KEYS", "") or f"local:{local_secret('seal')}"
LANE_TOKEN_PEPPER = env.str("LANE_TOKEN_PEPPER", "") or local_secret("pepper")
EMAIL_BACKEND = env.str("LANE_EMAIL_BACKEND", "notifications.channels.dev_mailbox.DevMailboxBackend")
INTERNAL_IPS = ["127.0.0.1"]
