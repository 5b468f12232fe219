"""The trail is append-only: a trigger lets only the sealer fill the empty seal, once."""

from django.db import migrations

GUARD = """
CREATE FUNCTION audit_entry_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'audit entries are never deleted';
    END IF;
    IF OLD.seq IS NOT NULL THEN
        RAISE EXCEPTION 'a sealed audit entry never changes';
    END IF;
    IF (to_jsonb(NEW) - 'seq' - 'prev_hash' - 'hash') IS DISTINCT FROM
       (to_jsonb(OLD) - 'seq' - 'prev_hash' - 'hash') THEN
        RAISE EXCEPTION 'an audit entry never changes; only its seal may be added';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER audit_entry_guard BEFORE UPDATE OR DELETE ON audit_auditentry
    FOR EACH ROW EXECUTE FUNCTION audit_entry_guard();
"""
DROP = """
DROP TRIGGER audit_entry_guard ON audit_auditentry;
DROP FUNCTION audit_entry_guard();
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]

    operations = [migrations.RunSQL(GUARD, DROP)]
