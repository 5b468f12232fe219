"""Settings of the test suite: real services, cheap password hashes, mail kept in the database."""

from lane.settings.base import *  # noqa: F403
from lane.settings.base import DATABASES, env

DEBUG = False
SECRET_KEY = "test-only"
ALLOWED_HOSTS = ["*"]
LANE_SEAL_KEYS = "test:dGVzdC1vbmx5LXNlYWwta2V5LTMyLWJ5dGVzISEhISE"
LANE_TOKEN_PEPPER = "test-only-pepper"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = env.str("LANE_EMAIL_BACKEND", "django.core.mail.backends.locmem.EmailBackend")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# The browser tests read mails where people trying Lane do.
LANE_DEV_MAILBOX = env.bool("LANE_DEV_MAILBOX", False)
AXES_ENABLED = False
# Tests open and close databases; pooled connections would keep them busy.
DATABASES["default"]["OPTIONS"].pop("pool", None)
# The web server of the browser tests serves style sheets straight from the sources.
WHITENOISE_USE_FINDERS = True
