"""Settings of a real installation: everything secret comes from the environment."""

from lane.settings.base import *  # noqa: F403
from lane.settings.base import env

DEBUG = False
SECRET_KEY = env.str("LANE_SECRET_KEY")
LANE_SEAL_KEYS = env.str("LANE_SEAL_KEYS")
LANE_TOKEN_PEPPER = env.str("LANE_TOKEN_PEPPER")
ALLOWED_HOSTS = env.list("LANE_ALLOWED_HOSTS")

SECURE_SSL_REDIRECT = env.bool("LANE_SSL_REDIRECT", True)
SECURE_HSTS_SECONDS = 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
if env.bool("LANE_BEHIND_PROXY", False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
