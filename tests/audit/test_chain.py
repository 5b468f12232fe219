"""The chain: gapless, per organization, and every kind of tampering shows."""

from __future__ import annotations

import json
import os
from io import StringIO

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction

from lane.audit.models import AuditEntry, AuditHead
from lane.audit.selectors import chain_status
from lane.audit.services import chain, record
from lane.core.actors import Actor, ActorKind

LENA = Actor(ActorKind.PERSON, 1, user_id=7, label="Lena Brandt", via="web")


def write(count: int, *, actor: Actor = LENA) -> None:
    for number in range(count):
        record(
            "tests.thing.renamed", actor=actor, object_type="tests.thing", object_id=str(number),
            before={"name": "old", "ratio": 0.1}, after={"name": f"néw {number}", "ratio": 1e21}, reason="why not",
        )  # fmt: skip


def tamper(statement: str) -> None:
    """Do what only somebody with the database's superuser could."""
    with psycopg.connect(os.environ["DATABASE_ADMIN_URL"], autocommit=True) as admin:
        admin.execute("SET session_replication_role = replica")
        admin.execute(statement)


@pytest.mark.django_db
def test_entries_are_numbered_without_gaps_per_organization():
    write(3)
    write(2, actor=Actor.system(2, "sync"))
    assert chain.seal() == 5
    write(1)
    assert chain.seal(1) == 1
    assert list(AuditEntry.objects.filter(organization_id=1).order_by("id").values_list("seq", flat=True)) == [
        1, 2, 3, 4,
    ]  # fmt: skip
    assert AuditHead.objects.get(pk=2).seq == 2
    assert chain.seal() == 0
    assert chain.verify(1).ok
    assert chain.verify(2).ok


@pytest.mark.django_db
def test_more_entries_than_one_batch_are_sealed(monkeypatch):
    monkeypatch.setattr(chain, "BATCH", 2)
    write(5)
    assert chain.seal() == 5
    assert chain.verify(1).entries == 5


@pytest.mark.django_db
def test_the_status_says_how_far_the_chain_is_sealed_and_checked():
    assert chain_status(1).verified_ok is None
    write(2)
    chain.seal()
    write(1)
    chain.verify(1)
    status = chain_status(1)
    assert (status.sealed_to, status.unsealed, status.verified_ok) == (2, 1, True)
    assert status.verified_at is not None


@pytest.mark.django_db
@pytest.mark.parametrize("sealed", [False, True])
def test_the_application_can_neither_change_nor_delete_an_entry(sealed):
    write(1)
    if sealed:
        chain.seal()
    with pytest.raises(DatabaseError), transaction.atomic():
        AuditEntry.objects.update(reason="something else")
    with pytest.raises(DatabaseError), transaction.atomic():
        AuditEntry.objects.all().delete()
    assert AuditEntry.objects.get().reason == "why not"


@pytest.mark.django_db(transaction=True)
def test_every_kind_of_tampering_is_found():
    write(6)
    chain.seal()
    entry = "audit_auditentry"
    kinds = [
        (f"UPDATE {entry} SET reason = 'x' WHERE seq = 2", "Entry 2 (tests.thing.renamed) was changed"),
        (f"""UPDATE {entry} SET after = '{{"name": "x"}}' WHERE seq = 3""", "Entry 3"),
        (f"UPDATE {entry} SET actor_id = 8 WHERE seq = 4", "Entry 4"),
        (f"DELETE FROM {entry} WHERE seq = 3", "Entry 3 missing."),
        (f"DELETE FROM {entry} WHERE seq > 4", "Entries 5 to 6 were cut off the end."),
        (f"DELETE FROM {entry} WHERE seq = 1", "Entry 1 missing."),
        (
            (
                f"UPDATE {entry} SET seq = NULL WHERE seq = 2; UPDATE {entry} SET seq = 2 WHERE seq = 3;"
                f" UPDATE {entry} SET seq = 3 WHERE seq IS NULL"
            ),
            "Entry 2 does not follow entry 1: the order was changed.",
        ),
        ("UPDATE audit_audithead SET seq = 5", "The head of the chain lies before its last entry"),
        ("DELETE FROM audit_audithead", "The head of the chain is missing."),
        ("UPDATE audit_audithead SET hash = repeat('0', 64)", "does not match its last entry"),
    ]
    tamper(f"CREATE TABLE kept_entry AS TABLE {entry}; CREATE TABLE kept_head AS TABLE audit_audithead")
    for statement, found in kinds:
        tamper(statement)
        result = chain.verify(1)
        assert not result.ok, statement
        assert any(found in problem for problem in result.problems), (statement, result.problems)
        tamper(
            f"TRUNCATE {entry}, audit_audithead;"
            f" INSERT INTO {entry} TABLE kept_entry; INSERT INTO audit_audithead TABLE kept_head"
        )
        assert chain.verify(1).ok, f"restored after: {statement}"


@pytest.mark.django_db(transaction=True)
def test_the_command_fails_on_a_broken_chain_and_a_kept_head_shows_a_cut_that_was_covered_up(tmp_path):
    write(4)
    out = StringIO()
    call_command("audit", "verify", stdout=out)
    assert "4 entries, whole" in out.getvalue()
    heads = StringIO()
    call_command("audit", "head", stdout=heads)
    kept = tmp_path / "heads.jsonl"
    kept.write_text(heads.getvalue())

    tamper(
        "DELETE FROM audit_auditentry WHERE seq = 4;"
        " UPDATE audit_audithead SET seq = 3, hash = (SELECT hash FROM audit_auditentry WHERE seq = 3)"
    )
    call_command("audit", "verify", stdout=StringIO())
    with pytest.raises(CommandError, match="tampered"):
        call_command("audit", "verify", "--against", str(kept), stdout=StringIO())

    tamper("UPDATE audit_auditentry SET actor_label = 'Somebody else' WHERE seq = 1")
    told = StringIO()
    with pytest.raises(CommandError):
        call_command("audit", "verify", "--json", stdout=told)
    report = json.loads(told.getvalue())
    assert report["ok"] is False
    assert "Entry 1" in report["chains"][0]["problems"][0]
