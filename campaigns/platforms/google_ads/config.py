"""What an installation knows about Google Ads: its OAuth client, endpoint and limits."""

from __future__ import annotations

from dataclasses import dataclass

SCOPE = "https://www.googleapis.com/auth/adwords"


@dataclass(frozen=True, slots=True)
class GoogleAdsConfig:
    """Settings of one installation. ``endpoint`` is host:port; empty means Google's own.

    ``developer_token`` is optional: Google gives access to the Cloud project that owns the OAuth client.
    gRPC reads ``GRPC_DEFAULT_SSL_ROOTS_FILE_PATH`` once per process, at the first secure channel, and needs
    ``GRPC_ENABLE_FORK_SUPPORT=1`` under a prefork worker: both belong in the environment before any client.
    """

    client_id: str
    client_secret: str
    auth_uri: str = "https://accounts.google.com/o/oauth2/v2/auth"
    token_uri: str = "https://oauth2.googleapis.com/token"
    endpoint: str = ""
    api_version: str = "v26"
    developer_token: str | None = None
    read_timeout: float = 300.0
    write_timeout: float = 30.0
    auth_timeout: float = 15.0
