"""No secret in a text that a person or a log may see."""

from __future__ import annotations

import pytest

from campaigns.platforms.scrubbing import scrub


@pytest.mark.parametrize(
    "text",
    [
        "GET /me?access_token=EAAB123secret&fields=id failed",
        '{"access_token": "EAAB123secret"}',
        "Authorization: Bearer EAAB123secret",
        "client_secret=EAAB123secret",
        "refresh_token='EAAB123secret'",
        "the request with EAAB123secret was refused",
    ],
)
def test_a_secret_is_hidden_wherever_it_stands(text: str) -> None:
    assert "EAAB123secret" not in scrub(text, "EAAB123secret")


def test_an_error_code_is_no_secret() -> None:
    assert scrub("failed with code: 100") == "failed with code: 100"


def test_a_text_is_one_line_of_bounded_length() -> None:
    clean = scrub("a\nb " + "x" * 2_000)
    assert clean.startswith("a b x")
    assert len(clean) == 500
