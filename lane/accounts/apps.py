"""Organizations, clients and the people who may see them."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Who may do what to whose money."""

    name = "lane.accounts"
    label = "accounts"
    verbose_name = "People and clients"
