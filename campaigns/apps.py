"""What exists on the ad platforms, and the only door to them."""

from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    """Accounts, entities, facts, change sets and the write ledger."""

    name = "campaigns"
    label = "campaigns"
    verbose_name = "Ad platforms"
