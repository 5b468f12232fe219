"""Secrets at rest: bound to their row and field, rotated by adding a key, never in a log."""

from __future__ import annotations

import base64
import logging

import pytest

from campaigns.models import Connection
from lane.accounts.models import Organization
from lane.core import crypto, sealed_fields
from lane.core.logging import LineFormatter, SecretFilter, scrub

SECRET = "1//refresh-token-of-somebody"


def connection(label: str) -> Connection:
    organization, _ = Organization.objects.get_or_create(name="Tallow Street Agency")
    return Connection(organization=organization, platform="google_ads", environment="live", label=label)


@pytest.mark.django_db
def test_a_secret_comes_back_from_its_own_row_only():
    first, second = connection("A"), connection("B")
    for each in (first, second):
        sealed_fields.put(each, "refresh_token_sealed", SECRET)
        each.save()
    first.refresh_from_db()
    assert SECRET.encode() not in bytes(first.refresh_token_sealed)
    assert sealed_fields.reveal(first, "refresh_token_sealed") == SECRET
    first.refresh_token_sealed = second.refresh_token_sealed
    with pytest.raises(crypto.CannotUnseal, match="does not belong"):
        sealed_fields.reveal(first, "refresh_token_sealed")
    assert SECRET not in repr(first) + str(first) + str(vars(first))


def test_the_same_secret_of_another_field_or_with_one_bit_changed_does_not_open():
    blob = crypto.seal(SECRET, "table|field|row")
    assert crypto.unseal(blob, "table|field|row") == SECRET
    with pytest.raises(crypto.CannotUnseal):
        crypto.unseal(blob, "table|other|row")
    with pytest.raises(crypto.CannotUnseal):
        crypto.unseal(blob[:-1] + bytes([blob[-1] ^ 1]), "table|field|row")
    assert crypto.seal(SECRET, "table|field|row") != blob


def test_a_new_key_seals_and_the_old_one_still_opens(settings):
    old, new = (base64.urlsafe_b64encode(bytes([n]) * 32).decode().rstrip("=") for n in (1, 2))
    settings.LANE_SEAL_KEYS = f"2025:{old}"
    blob = crypto.seal(SECRET, "row")
    settings.LANE_SEAL_KEYS = f"2026:{new},2025:{old}"
    assert crypto.unseal(blob, "row") == SECRET
    assert (crypto.sealed_with(blob), crypto.sealed_with(crypto.seal(SECRET, "row"))) == ("2025", "2026")
    settings.LANE_SEAL_KEYS = f"2026:{new}"
    with pytest.raises(crypto.CannotUnseal, match="2025"):
        crypto.unseal(blob, "row")
    settings.LANE_SEAL_KEYS = ""
    with pytest.raises(crypto.CannotUnseal, match="LANE_SEAL_KEYS is empty"):
        crypto.seal(SECRET, "row")


def test_a_token_is_kept_as_a_digest_that_needs_the_pepper(settings):
    token = crypto.new_token("lane_key_")
    digest = crypto.token_digest(token)
    assert token[9:] not in digest and len(digest) == 64
    settings.LANE_TOKEN_PEPPER = "another"
    assert crypto.token_digest(token) != digest


@pytest.mark.parametrize(
    "line",
    [
        "GET /a/l/lane_link_{} HTTP/1.1",
        "GET /a/l/{} HTTP/1.1",
        "GET /join/lane_invite_{}/",
        "Authorization: Bearer {}",
        "key lane_key_{} used",
        "POST https://graph.example/v26?access_token={}&x=1",
        "refresh_token={}",
        "client_secret={}&grant_type=x",
    ],
)
def test_no_token_reaches_a_log_line(line: str):
    secret = "AbCdEf0123456789_-xyz"
    assert secret not in scrub(line.format(secret))
    record = logging.LogRecord("x", logging.INFO, "", 0, line.replace("{}", "%s"), (secret,), None)
    SecretFilter().filter(record)
    assert secret not in LineFormatter().format(record)


def test_no_token_reaches_a_logged_traceback():
    try:
        raise ValueError("failed at https://graph.example?access_token=AbCdEf0123456789")
    except ValueError as error:
        info = (ValueError, error, error.__traceback__)
    text = LineFormatter().format(logging.LogRecord("x", logging.ERROR, "", 0, "failed", (), info))
    assert "AbCdEf0123456789" not in text and "access_token=[hidden]" in text
