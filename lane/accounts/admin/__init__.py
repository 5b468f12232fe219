"""People, tenants, keys and the audit trail in the admin."""

from lane.accounts.admin import people, tenants, trail

__all__ = ["people", "tenants", "trail"]
