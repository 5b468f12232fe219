"""A seeded installation and people who open the admin."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.admin.world import World


@pytest.fixture
def world(db: None) -> World:
    """One row of everything the admin shows."""
    from tests.admin.world import build

    return build()
