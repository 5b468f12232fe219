"""What campaigns does about its own events: a new account is read at once, a reconnected login catches up."""

from __future__ import annotations

from campaigns.events import AccountAdded, ConnectionMade
from campaigns.models import AdAccount, SyncRun
from campaigns.tasks.sync import sync_account, sync_if_due
from lane.core.events import handles


@handles(AccountAdded)
def read_its_history(event: AccountAdded) -> None:
    """The first sync of a new account starts without waiting for the beat."""
    account = AdAccount.objects.filter(public_id=event.account_id, source=AdAccount.Source.API).first()
    if account is not None:
        sync_account.hint(account.pk, SyncRun.Kind.HISTORY.value)


@handles(ConnectionMade)
def catch_up(event: ConnectionMade) -> None:
    """Accounts of a login that works again are read as far as they are behind."""
    for account_id in AdAccount.objects.filter(connection__public_id=event.connection_id).values_list(
        "pk", flat=True
    ):
        sync_if_due.hint(account_id)
