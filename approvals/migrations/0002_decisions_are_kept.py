"""A decision is written once: no code, psql included, changes or removes it."""

from django.db import migrations

RULES = """
CREATE FUNCTION approvals_decision_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a decision is recorded once and never changed' USING ERRCODE = 'check_violation';
END $$;

CREATE TRIGGER approvals_decision_kept BEFORE UPDATE OR DELETE ON approvals_decision
    FOR EACH ROW EXECUTE FUNCTION approvals_decision_kept();
"""

NO_RULES = """
DROP TRIGGER approvals_decision_kept ON approvals_decision;
DROP FUNCTION approvals_decision_kept();
"""


class Migration(migrations.Migration):
    dependencies = [("approvals", "0001_initial")]

    operations = [migrations.RunSQL(RULES, NO_RULES)]
