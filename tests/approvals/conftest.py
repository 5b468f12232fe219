"""The small agency the tests of approvals live in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.approvals.world import World


@pytest.fixture
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """The agency; committed when the test asks for ``transactional_db``."""
    from lane.core import clock, subjects
    from tests.approvals.world import build

    request.getfixturevalue("transactional_db" if "transactional_db" in request.fixturenames else "db")
    before = dict(subjects._SUBJECTS)
    clock.forget()
    yield build()
    clock.forget()
    subjects._SUBJECTS.clear()
    subjects._SUBJECTS.update(before)
