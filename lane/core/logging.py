"""Log lines that carry their request, task and intent, and never a secret."""

from __future__ import annotations

import logging
import re
from contextvars import ContextVar
from datetime import UTC, datetime

_context: ContextVar[dict[str, str] | None] = ContextVar("lane_log_context", default=None)
_SECRETS = re.compile(
    r"(?i)(access_token=|refresh_token=|client_secret=|appsecret_proof=|authorization:\s*bearer\s+|"
    r"lane_(?:link|key|invite)_|/a/l/)([A-Za-z0-9._~+/|-]{6,}=*)"
)


def bind(**values: str) -> None:
    """Add values to every following log line of this request or task."""
    _context.set({**(_context.get() or {}), **{k: v for k, v in values.items() if v}})


def unbind() -> None:
    """Forget what was bound."""
    _context.set(None)


def scrub(text: str) -> str:
    """Text with bearer secrets blanked."""
    return _SECRETS.sub(r"\1[hidden]", text)


class SecretFilter(logging.Filter):
    """Blanks tokens wherever a library might have logged one."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        clean = scrub(message)
        if clean != message:
            record.msg, record.args = clean, ()
        return True


class LineFormatter(logging.Formatter):
    """One line: UTC time, level, logger, message, then what was bound."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
        bound = " ".join(f"{k}={v}" for k, v in (_context.get() or {}).items())
        line = f"{at}Z {record.levelname.lower():7} {record.name} {record.getMessage()}"
        if bound:
            line = f"{line} | {bound}"
        if record.exc_info:
            line = f"{line}\n{scrub(self.formatException(record.exc_info))}"
        return line
