"""The product as its user meets it: a browser, a web server, a worker and the sandbox, nothing replaced."""

from __future__ import annotations

import os
from typing import Any

import pytest

from tests.e2e.desk import Desk

# Read by the web server and the worker, which start later; the tests' own process sends no mail.
os.environ["LANE_EMAIL_BACKEND"] = "notifications.channels.dev_mailbox.DevMailboxBackend"
os.environ["LANE_DEV_MAILBOX"] = "1"


@pytest.fixture
def desk(
    transactional_db: None,
    sandbox_reset: dict[str, Any],
    celery_worker_process: Any,
    web_server: str,
    browser: Any,
) -> Any:
    """The agency's people, each able to open a browser of their own."""
    from lane.ops.demo import people

    opened = Desk(browser, web_server, people.make(), sandbox_reset)
    yield opened
    opened.close()
