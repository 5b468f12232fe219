"""Every template compiles: a typo in a page nobody opened is found here."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.template import engines

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
NAMES = sorted(str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*") if path.is_file())


@pytest.mark.parametrize("name", NAMES)
def test_a_template_compiles(name):
    engines["django"].get_template(name)
