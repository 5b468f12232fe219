"""Settings shared by development, tests and production."""

from __future__ import annotations

import os
from typing import Any

from csp.constants import NONCE, SELF
from environs import Env
from kombu import Queue

from lane.settings import env as source

env = Env()
BASE_DIR = source.BASE_DIR
STATE_DIR = source.STATE_DIR

DEBUG = False
ALLOWED_HOSTS: list[str] = env.list("LANE_ALLOWED_HOSTS", [])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("LANE_TRUSTED_ORIGINS", [])
LANE_BASE_URL: str = env.str("LANE_BASE_URL", "http://127.0.0.1:8000").rstrip("/")
LANE_VERSION = "0.1.0"

INSTALLED_APPS = [
    "lane.core",
    "lane.audit",
    "lane.accounts",
    "campaigns",
    "approvals",
    "pacing",
    "notifications",
    "lane.web",
    "lane.api",
    "lane.ops",
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "django.forms",
    "guardian",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "axes",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "drf_standardized_errors",
    "django_celery_beat",
    "channels",
    "django_cotton.apps.SimpleAppConfig",
    "django_htmx",
    "csp",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "lane.core.middleware.RequestContextMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "lane.accounts.middleware.ActorMiddleware",
    "lane.web.middleware.RefusalMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "lane.urls"
ASGI_APPLICATION = "lane.asgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    [
                        "django_cotton.cotton_loader.Loader",
                        "django.template.loaders.filesystem.Loader",
                        "django.template.loaders.app_directories.Loader",
                    ],
                )
            ],
            "builtins": ["django_cotton.templatetags.cotton", "lane.web.templatetags.lane_ui"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "lane.web.navigation.shell",
            ],
        },
    }
]
COTTON_DIR = "components"
FORM_RENDERER = "lane.web.forms.LaneFormRenderer"

# --- database: one PostgreSQL, two roles -------------------------------------------------------------
DB_ROLE = os.environ.get("LANE_DB_ROLE", "app")
DATABASES = {"default": Env().dj_db_url("LANE_NO_SUCH_VARIABLE", default=source.database_url(DB_ROLE))}
DATABASES["default"]["ENGINE"] = "django.db.backends.postgresql"
DATABASES["default"]["CONN_MAX_AGE"] = 0
DATABASES["default"]["OPTIONS"] = {
    "pool": {"min_size": 1, "max_size": 12, "timeout": 10},
    "options": "-c jit=off -c statement_timeout=120000 -c idle_in_transaction_session_timeout=120000",
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Redis protocol ----------------------------------------------------------------------------------
REDIS_URL = source.redis_url()
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}
# redis-py 8 closes idle consumers after 5 s unless the dict form says otherwise.
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.core.RedisChannelLayer",
        "CONFIG": {"hosts": [{"address": REDIS_URL, "socket_timeout": None, "max_connections": 2000}]},
    }
}

# --- Celery ------------------------------------------------------------------------------------------
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_QUEUES = [
    Queue(name) for name in ("default", "sync", "pacing", "ledger", "analytics", "solver", "notify")
]
CELERY_TASK_CREATE_MISSING_QUEUES = False
# Which queue a task waits in; whatever is not named waits in "default".
CELERY_TASK_ROUTES = {
    "campaigns.sync_*": {"queue": "sync"},
    "campaigns.apply_change": {"queue": "ledger"},
    "campaigns.sweep_ledger": {"queue": "ledger"},
    "chaos.*": {"queue": "ledger"},
    "pacing.*": {"queue": "pacing"},
    "notifications.*": {"queue": "notify"},
}
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_SOFT_TIME_LIMIT = 480
CELERY_TASK_TIME_LIMIT = 540
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 30
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 900,
    "socket_timeout": 5,
    "socket_connect_timeout": 3,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_TIMEZONE = "UTC"

# --- people ------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "lane.accounts.backends.RoleBackend",
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_ADAPTER = "lane.accounts.adapter.LaneAccountAdapter"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_LOGOUT_ON_GET = False
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ANONYMOUS_USER_NAME = None
GUARDIAN_RAISE_403 = False
AXES_FAILURE_LIMIT = 8
AXES_COOLOFF_TIME = 1
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_USERNAME_FORM_FIELD = "login"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "lane.web.views.errors.csrf_failure"

# --- content security: nothing inline, nothing from elsewhere ----------------------------------------
CONTENT_SECURITY_POLICY: dict[str, Any] = {
    "EXCLUDE_URL_PREFIXES": ["/admin/", "/api/docs"],
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "frame-ancestors": ["'none'"],
        "form-action": [SELF],
        "base-uri": ["'none'"],
        "object-src": ["'none'"],
    },
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# --- API ---------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "lane.api.authentication.ApiKeyAuthentication",
        "lane.api.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["lane.api.permissions.ScopedAccess"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_PAGINATION_CLASS": "lane.api.pagination.LaneCursorPagination",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "lane.api.schema.LaneAutoSchema",
    "DEFAULT_THROTTLE_CLASSES": ["lane.api.throttles.KeyThrottle"],
    "DEFAULT_THROTTLE_RATES": {"key": "600/min"},
    "EXCEPTION_HANDLER": "lane.api.errors.problem_handler",
    "UNAUTHENTICATED_USER": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Lane API",
    "DESCRIPTION": "Budgets on plan across ad platforms. Money is integer micros plus ISO currency.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "SORT_OPERATIONS": True,
    "ENUM_NAME_OVERRIDES": {
        "SyncKind": "campaigns.models.SyncRun.Kind",
        "BudgetKind": "campaigns.models.Budget.Kind",
        "DecisionKind": "approvals.models.Decision.Kind",
        "SyncState": "campaigns.models.SyncRun.State",
        "DriftState": "campaigns.models.Drift.State",
        "DriftField": "campaigns.models.Drift.Field",
        "ChangeField": "campaigns.models.Change.Field",
        "ChangeKind": "campaigns.models.Change.Kind",
        "BidKind": "campaigns.models.AdCampaign.BidKind",
        "ImportState": "campaigns.models.CsvImport.State",
        "ChangeSetState": "campaigns.models.ChangeSet.State",
        "ChangeState": "campaigns.models.Change.State",
        "RecommendationState": "pacing.models.Recommendation.State",
        "LedgerEntryKind": "pacing.models.LedgerEntry.Kind",
        "ArmKind": "pacing.models.PortfolioArm.Kind",
        "PlannedEventKind": "pacing.models.PlannedEvent.Kind",
        "ExplanationKind": "pacing.models.Explanation.Kind",
        "OfferKind": "pacing.models.Offer.Kind",
        "AmendmentState": "pacing.models.PlanAmendment.State",
        "RequestState": "approvals.models.ApprovalRequest.State",
        "JobState": "lane.core.models.Job.State",
        "ConnectionStatus": "campaigns.models.Connection.Status",
        "AdAccountStatus": "campaigns.models.AdAccount.Status",
        "EntityStatus": "campaigns.models.EntityStatus",
        "PlanStatus": "pacing.models.BudgetPlan.Status",
        "PlanHealth": "pacing.models.PlanHealth",
    },
}

# --- mail --------------------------------------------------------------------------------------------
EMAIL_BACKEND = env.str("LANE_EMAIL_BACKEND", "django.core.mail.backends.smtp.EmailBackend")
EMAIL_TIMEOUT = 15
DEFAULT_FROM_EMAIL = env.str("LANE_FROM_EMAIL", "Lane <decisions@lane.localhost>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# --- static ------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = STATE_DIR / "static"

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True
SILENCED_SYSTEM_CHECKS = ["guardian.W001"]

# --- secrets -----------------------------------------------------------------------------------------
# LANE_SEAL_KEYS="newest:base64key,older:base64key": the first seals, all unseal.
# How many days an exchange rate counts when no later one is entered.
LANE_FX_MAX_AGE_DAYS: int = env.int("LANE_FX_MAX_AGE_DAYS", 31)
LANE_SEAL_KEYS: str = env.str("LANE_SEAL_KEYS", "")
LANE_TOKEN_PEPPER: str = env.str("LANE_TOKEN_PEPPER", "")

# --- ad platforms ------------------------------------------------------------------------------------
# The same settings serve real accounts and the sandbox: real ones come from the environment, and where
# those are absent the running sandbox fills them in.
SANDBOX = source.sandbox()
_google_oauth = SANDBOX.get("google_oauth", {})
_meta_oauth = SANDBOX.get("meta_oauth", {})
GOOGLE_ADS = {
    "api_version": env.str("GOOGLE_ADS_API_VERSION", "v26"),
    "client_id": env.str("GOOGLE_ADS_CLIENT_ID", _google_oauth.get("client_id", "")),
    "client_secret": env.str("GOOGLE_ADS_CLIENT_SECRET", _google_oauth.get("client_secret", "")),
    "auth_uri": env.str(
        "GOOGLE_ADS_AUTH_URI",
        _google_oauth.get("auth_uri", "https://accounts.google.com/o/oauth2/v2/auth"),
    ),
    "token_uri": env.str(
        "GOOGLE_ADS_TOKEN_URI", _google_oauth.get("token_uri", "https://oauth2.googleapis.com/token")
    ),
    "endpoint": env.str("GOOGLE_ADS_ENDPOINT", SANDBOX.get("google_endpoint", "")),
    "developer_token": env.str("GOOGLE_ADS_DEVELOPER_TOKEN", ""),
}
META_ADS = {
    "api_version": env.str("META_API_VERSION", "v26.0"),
    "app_id": env.str("META_APP_ID", _meta_oauth.get("app_id", "")),
    "app_secret": env.str("META_APP_SECRET", _meta_oauth.get("app_secret", "")),
    "auth_uri": env.str(
        "META_AUTH_URI", _meta_oauth.get("auth_uri", "https://www.facebook.com/v26.0/dialog/oauth")
    ),
    "token_uri": env.str(
        "META_TOKEN_URI",
        _meta_oauth.get("token_uri", "https://graph.facebook.com/v26.0/oauth/access_token"),
    ),
    "graph_url": env.str("META_GRAPH_URL", SANDBOX.get("meta_graph", "https://graph.facebook.com")),
}
# The write ledger: seconds of each step. call + margin < lease always; None lets each platform say how long
# an unanswered write may still land there.
LANE_LEDGER_LEASE_SECONDS: float = env.float("LANE_LEDGER_LEASE_SECONDS", 120.0)
LANE_LEDGER_CALL_SECONDS: float = env.float("LANE_LEDGER_CALL_SECONDS", 30.0)
LANE_LEDGER_MARGIN_SECONDS: float = env.float("LANE_LEDGER_MARGIN_SECONDS", 10.0)
LANE_LEDGER_QUIET_SECONDS: float | None = env.float("LANE_LEDGER_QUIET_SECONDS", None)
LANE_LEDGER_LOOK_AGAIN_SECONDS: tuple[float, ...] = tuple(
    float(seconds) for seconds in env.list("LANE_LEDGER_LOOK_AGAIN_SECONDS", ["5", "30"])
)
# Off: events wait for the sweep. Only fault runs and benchmarks turn it off.
LANE_OUTBOX_HINTS: bool = env.bool("LANE_OUTBOX_HINTS", True)
# Days without an automatic step after a start or a change above 20 %; 0 switches the protection off.
LANE_LEARNING_DAYS: int = env.int("LANE_LEARNING_DAYS", 7)
# So many conflicts and drifts of an account in seven days pause automation there; 0 never does.
LANE_AUTOMATION_DISTURBANCES: int = env.int("LANE_AUTOMATION_DISTURBANCES", 3)
# Which proposals carry backstops at the platform (spend caps, lifetime totals): auto is those of plans that act on
# their own; always or never are the others.
LANE_BACKSTOPS: str = env.str("LANE_BACKSTOPS", "auto")
# Most that increases nobody approved may add to one account's daily budgets in one day.
LANE_ACCOUNT_DAY_INCREASE_RATIO: str = env.str("LANE_ACCOUNT_DAY_INCREASE_RATIO", "0.30")

# gRPC reads these once per process, at its first channel: they must stand before any client is made.
if SANDBOX.get("ca_bundle"):
    # Set over whatever the machine says: its own list of roots cannot know the sandbox.
    os.environ["GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"] = str(SANDBOX["ca_bundle"])
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "1")

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"secrets": {"()": "lane.core.logging.SecretFilter"}},
    "formatters": {"line": {"()": "lane.core.logging.LineFormatter"}},
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["secrets"]},
    },
    "root": {"handlers": ["console"], "level": env.str("LANE_LOG_LEVEL", "INFO")},
    "loggers": {
        "django.request": {"level": "ERROR"},
        "httpx2": {"level": "WARNING"},
        "google.ads": {"level": "ERROR"},
        "axes": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
    },
}

# --- admin -------------------------------------------------------------------------------------------
UNFOLD = {
    "SITE_TITLE": "Lane admin",
    "SITE_HEADER": "Lane",
    "SITE_SYMBOL": "monitoring",
    "SHOW_HISTORY": False,
    "ENVIRONMENT": "lane.ops.admin_site.environment_badge",
    "DASHBOARD_CALLBACK": "lane.ops.admin_site.dashboard",
    # The product's accent, lighter and darker.
    "COLORS": {
        "primary": {
            "50": "#F3F7FD",
            "100": "#E7EFFB",
            "200": "#C7DAF5",
            "300": "#9BBDEC",
            "400": "#6396DD",
            "500": "#3A74CA",
            "600": "#1B56B0",
            "700": "#16468F",
            "800": "#123873",
            "900": "#0E2B58",
            "950": "#091B38",
        }
    },
}
