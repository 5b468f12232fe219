"""The description of the API: complete, served without the internet, true to what is committed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from django.test import Client as Browser

from lane.api.problems import PROBLEMS

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def described():
    return yaml.safe_load((ROOT / "docs" / "reference" / "openapi.yaml").read_text())


def operations(described):
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            if method in ("get", "post", "patch", "put", "delete"):
                yield path, method, operation


def test_it_is_openapi_3_1_and_every_operation_says_its_rule_and_scope(described):
    assert described["openapi"].startswith("3.1")
    for path, method, operation in operations(described):
        words, _, scope = operation["description"].rpartition("Scope: ")
        assert words.strip(), (path, method)
        assert scope.strip("`") in ("read", "propose", "write", "decide", "manage"), (path, method)


def test_every_post_takes_an_idempotency_key_and_every_operation_says_how_it_refuses(described):
    for path, method, operation in operations(described):
        headers = [one["name"] for one in operation.get("parameters", []) if one["in"] == "header"]
        assert ("Idempotency-Key" in headers) == (method == "post"), (path, method)
        assert "application/problem+json" in operation["responses"]["default"]["content"], (path, method)


def test_no_internal_number_is_an_id(described):
    for name, schema in described["components"]["schemas"].items():
        identity = schema.get("properties", {}).get("id")
        assert identity is None or identity.get("format") == "uuid", name


def test_schema_and_docs_page_are_served_without_the_internet():
    browser = Browser()
    assert browser.get("/api/schema/").status_code == 200
    page = browser.get("/api/docs/").content.decode()
    assert not re.findall(r"(?:src|href)=\"https?://", page)
    assert "swagger-ui" in page


def test_every_code_of_a_refusal_has_its_meaning():
    sources = [
        *(ROOT / "lane").rglob("*.py"),
        *(ROOT / "approvals").rglob("*.py"),
        *(ROOT / "pacing").rglob("*.py"),
        *(ROOT / "campaigns" / "services").rglob("*.py"),
    ]
    used = {
        code
        for source in sources
        if "migrations" not in source.parts
        for code in re.findall(r"^.*\b(?:NotAllowed|NotVisible|InvalidInput|OutOfDate|Gone)\([^#\n]*code=\"(\w+)\"",
                               source.read_text(), re.MULTILINE)
    }  # fmt: skip
    assert used
    assert used <= set(PROBLEMS)
    answer = Browser().get("/api/problems/out_of_date")
    assert answer.json()["meaning"] == PROBLEMS["out_of_date"]
    assert Browser().get("/api/problems/nothing").status_code == 404
