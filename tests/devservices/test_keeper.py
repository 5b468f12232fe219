"""The services that test sessions share."""

from __future__ import annotations

import pytest
from django.db import connection


@pytest.mark.django_db
def test_tests_connect_as_the_plain_role_without_bypassing_row_security():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_user, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user"
        )
        assert cursor.fetchone() == ("lane_app", False, False)
