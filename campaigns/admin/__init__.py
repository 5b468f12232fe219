"""Connections, entities, syncs, facts and the write ledger in the admin."""

from campaigns.admin import accounts, entities, facts, ledger, syncs

__all__ = ["accounts", "entities", "facts", "ledger", "syncs"]
