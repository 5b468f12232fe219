"""The ledger's own columns, and the triggers that hold its rules against any code, psql included."""

from django.db import migrations, models

RULES = """
CREATE FUNCTION campaigns_change_moves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.state = 'proposed' THEN
            RETURN OLD;
        END IF;
        RAISE EXCEPTION 'change % is part of the ledger and cannot be deleted', OLD.public_id
            USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.state <> 'proposed' AND (
        OLD.change_set_id, OLD.version, OLD.organization_id, OLD.client_id, OLD.ad_account_id, OLD.field,
        OLD.budget_id, OLD.ad_campaign_id, OLD.entity_key, OLD.base_micros, OLD.target_micros,
        OLD.proposed_micros, OLD.base_status, OLD.target_status, OLD.currency, OLD.content_hash, OLD.idem_key,
        OLD.is_automatic, OLD.is_guard, OLD.approval_id, OLD.approved_hash
    ) IS DISTINCT FROM (
        NEW.change_set_id, NEW.version, NEW.organization_id, NEW.client_id, NEW.ad_account_id, NEW.field,
        NEW.budget_id, NEW.ad_campaign_id, NEW.entity_key, NEW.base_micros, NEW.target_micros,
        NEW.proposed_micros, NEW.base_status, NEW.target_status, NEW.currency, NEW.content_hash, NEW.idem_key,
        NEW.is_automatic, NEW.is_guard, NEW.approval_id, NEW.approved_hash
    ) THEN
        RAISE EXCEPTION 'change % was approved: what it writes can no longer be edited', OLD.public_id
            USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.fence < OLD.fence THEN
        RAISE EXCEPTION 'the fence of change % may only grow', OLD.public_id USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.state = OLD.state THEN
        RETURN NEW;
    END IF;
    IF NOT (CASE OLD.state
        WHEN 'proposed' THEN NEW.state IN ('approved', 'expired', 'cancelled')
        WHEN 'approved' THEN
            NEW.state IN ('sent', 'noop', 'conflict', 'refused', 'blocked', 'expired', 'cancelled')
        WHEN 'sent' THEN NEW.state IN ('approved', 'verified', 'conflict', 'refused', 'blocked', 'stuck')
        WHEN 'stuck' THEN NEW.state IN ('sent', 'cancelled')
        ELSE false
    END) THEN
        RAISE EXCEPTION 'a change cannot go from % to %', OLD.state, NEW.state
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER campaigns_change_moves BEFORE UPDATE OR DELETE ON campaigns_change
    FOR EACH ROW EXECUTE FUNCTION campaigns_change_moves();

CREATE FUNCTION campaigns_change_begins() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state <> 'proposed' THEN
        RAISE EXCEPTION 'a change begins as proposed' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER campaigns_change_begins BEFORE INSERT ON campaigns_change
    FOR EACH ROW EXECUTE FUNCTION campaigns_change_begins();

CREATE FUNCTION campaigns_write_call_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.answered_at IS NULL
        AND (OLD.change_id, OLD.fence, OLD.sent_at) = (NEW.change_id, NEW.fence, NEW.sent_at) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a write call is recorded once and never changed' USING ERRCODE = 'check_violation';
END $$;

CREATE TRIGGER campaigns_write_call_kept BEFORE UPDATE OR DELETE ON campaigns_writecall
    FOR EACH ROW EXECUTE FUNCTION campaigns_write_call_kept();
"""

NO_RULES = """
DROP TRIGGER campaigns_write_call_kept ON campaigns_writecall;
DROP FUNCTION campaigns_write_call_kept();
DROP TRIGGER campaigns_change_begins ON campaigns_change;
DROP FUNCTION campaigns_change_begins();
DROP TRIGGER campaigns_change_moves ON campaigns_change;
DROP FUNCTION campaigns_change_moves();
"""


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0003_sync_bookkeeping")]

    operations = [
        migrations.AddField(
            model_name="change",
            name="version",
            field=models.PositiveIntegerField(
                default=1, help_text="The version of the change set this row belongs to."
            ),
        ),
        migrations.AddField(
            model_name="change",
            name="proposed_micros",
            field=models.BigIntegerField(
                blank=True,
                help_text="What was proposed; an approver may lower the target towards the base, never beyond this.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="change",
            name="admitted_at",
            field=models.DateTimeField(
                blank=True,
                help_text="When the guards let it pass (business time, UTC); counts for caps.",
                null=True,
            ),
        ),
        migrations.AddIndex(
            model_name="change",
            index=models.Index(
                condition=models.Q(("is_automatic", True)),
                fields=["ad_account", "admitted_at"],
                name="campaigns_change_admitted",
            ),
        ),
        migrations.RunSQL(RULES, NO_RULES),
    ]
