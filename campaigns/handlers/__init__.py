"""What campaigns does about events; imported once when the app is ready."""

from campaigns.handlers import ledger, sync

__all__ = ["ledger", "sync"]
