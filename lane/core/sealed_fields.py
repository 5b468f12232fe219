"""A model field for secrets: write-only from outside, bound to its row and its name."""

from __future__ import annotations

from typing import Any

from django.db import models

from lane.core import crypto


class SealedTextField(models.BinaryField):
    """Stores sealed bytes. Use ``put`` and ``reveal``; the attribute itself is only ciphertext.

    The model must have ``public_id``: it is what binds the secret to its row.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("null", True)
        kwargs.setdefault("blank", True)
        kwargs["editable"] = False
        super().__init__(*args, **kwargs)


def _context(instance: models.Model, field: str) -> str:
    return f"{instance._meta.db_table}|{field}|{instance.public_id}"  # type: ignore[attr-defined]


def put(instance: models.Model, field: str, text: str | None) -> None:
    """Seal a secret into a field; None or empty clears it. The caller saves."""
    setattr(instance, field, crypto.seal(text, _context(instance, field)) if text else None)


def reveal(instance: models.Model, field: str) -> str:
    """The secret of a field, empty when there is none. Raises ``CannotUnseal``."""
    blob = getattr(instance, field)
    return crypto.unseal(bytes(blob), _context(instance, field)) if blob else ""
