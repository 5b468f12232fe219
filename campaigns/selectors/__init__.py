"""What people may see of campaigns, and the facts behind it."""

from campaigns.selectors import facts
from campaigns.selectors.accounts import accounts_for, freshness_of
from campaigns.selectors.connections import connections_for
from campaigns.selectors.entities import ad_campaigns_for, ad_groups_for, budgets_for
from campaigns.selectors.imports import imports_for
from campaigns.selectors.syncs import drifts_for, sync_runs_for

__all__ = [
    "accounts_for",
    "ad_campaigns_for",
    "ad_groups_for",
    "budgets_for",
    "connections_for",
    "drifts_for",
    "facts",
    "freshness_of",
    "imports_for",
    "sync_runs_for",
]
