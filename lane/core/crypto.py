"""Secrets at rest: AES-256-GCM bound to the row and field that hold them, with the key's id stored along.

Stored form: ``key id, 0x00, 12-byte nonce, ciphertext``. Moving a ciphertext to another row or field makes it
unreadable, because both are part of the authenticated data.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings


class CannotUnseal(Exception):
    """The ciphertext is not of this row and field, or its key is gone."""


@lru_cache(maxsize=4)
def _key_ring(source: str) -> dict[str, bytes]:
    ring: dict[str, bytes] = {}
    for item in filter(None, source.split(",")):
        key_id, _, encoded = item.partition(":")
        raw = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
        ring[key_id.strip()] = raw if len(raw) == 32 else hashlib.sha256(raw).digest()
    if not ring:
        raise CannotUnseal("LANE_SEAL_KEYS is empty: set it to name:base64key.")
    return ring


def seal(text: str, context: str) -> bytes:
    """Encrypt text for one row and field; ``context`` names both."""
    ring = _key_ring(settings.LANE_SEAL_KEYS)
    key_id = next(iter(ring))
    nonce = os.urandom(12)
    return (
        key_id.encode() + b"\0" + nonce + AESGCM(ring[key_id]).encrypt(nonce, text.encode(), context.encode())
    )


def unseal(blob: bytes, context: str) -> str:
    """Decrypt what ``seal`` made for the same row and field. Raises ``CannotUnseal``."""
    key_id, _, rest = bytes(blob).partition(b"\0")
    key = _key_ring(settings.LANE_SEAL_KEYS).get(key_id.decode(errors="replace"))
    if key is None:
        raise CannotUnseal(f"The key {key_id!r} is not in LANE_SEAL_KEYS.")
    try:
        return AESGCM(key).decrypt(rest[:12], rest[12:], context.encode()).decode()
    except InvalidTag:
        raise CannotUnseal("The secret does not belong to this row and field.") from None


def sealed_with(blob: bytes) -> str:
    """The id of the key that sealed a blob."""
    return bytes(blob).partition(b"\0")[0].decode(errors="replace")


def new_token(prefix: str) -> str:
    """A random bearer token; the prefix lets secret scanners recognise it."""
    return f"{prefix}{secrets.token_urlsafe(32)}"


def token_digest(token: str) -> str:
    """What is stored of a bearer token: an HMAC with the installation's pepper, in hex."""
    return hmac.new(settings.LANE_TOKEN_PEPPER.encode(), token.encode(), hashlib.sha256).hexdigest()
