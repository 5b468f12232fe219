"""Writing the audit trail; sealing and checking it live in ``chain``."""

from lane.audit.services.trail import plain, record, recording, snapshot

__all__ = ["plain", "record", "recording", "snapshot"]
