"""What an installation knows about Meta: its app, where Graph is and how long to wait."""

from __future__ import annotations

from dataclasses import dataclass

SCOPES = ("ads_management", "ads_read", "business_management")


@dataclass(frozen=True, slots=True)
class MetaConfig:
    """Settings of one installation. ``conversion_actions``: the first one an ad reports is its conversions."""

    app_id: str
    app_secret: str
    graph_url: str = "https://graph.facebook.com"
    auth_uri: str = "https://www.facebook.com/v26.0/dialog/oauth"
    token_uri: str = "https://graph.facebook.com/v26.0/oauth/access_token"
    api_version: str = "v26.0"
    read_timeout: float = 60.0
    write_timeout: float = 30.0
    report_timeout: float = 300.0
    page_size: int = 200
    insights_page_size: int = 500
    conversion_actions: tuple[str, ...] = (
        "omni_purchase",
        "purchase",
        "offsite_conversion.fb_pixel_purchase",
    )
