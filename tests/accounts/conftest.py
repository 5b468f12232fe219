"""The organizations the tests of accounts live in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.accounts.world import World


@pytest.fixture
def world(db: None) -> World:
    """Two organizations with people in every role."""
    from tests.accounts.world import build

    return build()
