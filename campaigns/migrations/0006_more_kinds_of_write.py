"""Spend caps, lifetime totals and bid targets in the ledger; why something cannot spend; paused automation."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


RULES = """
CREATE OR REPLACE FUNCTION campaigns_change_moves() RETURNS trigger LANGUAGE plpgsql AS $$
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
        OLD.budget_id, OLD.ad_campaign_id, OLD.ad_group_id, OLD.kind, OLD.base_millis, OLD.target_millis,
        OLD.entity_key, OLD.base_micros, OLD.target_micros,
        OLD.proposed_micros, OLD.base_status, OLD.target_status, OLD.currency, OLD.content_hash, OLD.idem_key,
        OLD.is_automatic, OLD.is_guard, OLD.approval_id, OLD.approved_hash
    ) IS DISTINCT FROM (
        NEW.change_set_id, NEW.version, NEW.organization_id, NEW.client_id, NEW.ad_account_id, NEW.field,
        NEW.budget_id, NEW.ad_campaign_id, NEW.ad_group_id, NEW.kind, NEW.base_millis, NEW.target_millis,
        NEW.entity_key, NEW.base_micros, NEW.target_micros,
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
"""

EARLIER_RULES = """
CREATE OR REPLACE FUNCTION campaigns_change_moves() RETURNS trigger LANGUAGE plpgsql AS $$
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
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_saved_views"),
        ("campaigns", "0005_unknown_counts"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="change",
            name="campaigns_change_is_complete",
        ),
        migrations.RemoveConstraint(
            model_name="drift",
            name="campaigns_one_open_drift",
        ),
        migrations.AddField(
            model_name="ad",
            name="hindrances",
            field=models.JSONField(
                blank=True,
                db_default=models.Value([], models.JSONField()),
                default=list,
                help_text="Why it spends less or nothing: code, words, the platform's own, since when Lane sees it.",
            ),
        ),
        migrations.AddField(
            model_name="adaccount",
            name="automation_resumed_at",
            field=models.DateTimeField(
                blank=True,
                help_text="Disturbances before this no longer count against automation.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="adaccount",
            name="hindrances",
            field=models.JSONField(
                blank=True,
                db_default=models.Value([], models.JSONField()),
                default=list,
                help_text="Why the whole account cannot spend.",
            ),
        ),
        migrations.AddField(
            model_name="adaccount",
            name="recommend_only_since",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="adcampaign",
            name="bid_kind",
            field=models.CharField(
                blank=True,
                choices=[
                    ("target_cpa", "Target CPA"),
                    ("target_roas", "Target ROAS"),
                    ("bid_cap", "Bid cap"),
                ],
                db_default="",
                default="",
                max_length=12,
            ),
        ),
        migrations.AddField(
            model_name="adcampaign",
            name="bid_micros",
            field=models.BigIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="adcampaign",
            name="bid_millis",
            field=models.BigIntegerField(
                blank=True, help_text="A return on ad spend in thousandths: 4000 is 4.0.", null=True
            ),
        ),
        migrations.AddField(
            model_name="adcampaign",
            name="bid_strategy",
            field=models.CharField(
                blank=True, db_default="", default="", help_text="In the platform's words.", max_length=40
            ),
        ),
        migrations.AddField(
            model_name="adcampaign",
            name="cap_verified_at",
            field=models.DateTimeField(
                blank=True,
                help_text="When Lane wrote a spend cap or removed it; empty when never.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="adcampaign",
            name="hindrances",
            field=models.JSONField(
                blank=True,
                db_default=models.Value([], models.JSONField()),
                default=list,
                help_text="Why it spends less or nothing: code, words, the platform's own, since when Lane sees it.",
            ),
        ),
        migrations.AddField(
            model_name="adcampaign",
            name="lifetime_spend_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="adcampaign",
            name="lifetime_spend_micros",
            field=models.BigIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="adcampaign",
            name="spend_cap_micros",
            field=models.BigIntegerField(
                blank=True,
                help_text="The most the platform lets it spend in its life; empty without one.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="adcampaign",
            name="verified_cap_micros",
            field=models.BigIntegerField(
                blank=True, help_text="The spend cap Lane last wrote and read back.", null=True
            ),
        ),
        migrations.AddField(
            model_name="adgroup",
            name="bid_kind",
            field=models.CharField(
                blank=True,
                choices=[
                    ("target_cpa", "Target CPA"),
                    ("target_roas", "Target ROAS"),
                    ("bid_cap", "Bid cap"),
                ],
                db_default="",
                default="",
                max_length=12,
            ),
        ),
        migrations.AddField(
            model_name="adgroup",
            name="bid_micros",
            field=models.BigIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="adgroup",
            name="bid_millis",
            field=models.BigIntegerField(
                blank=True, help_text="A return on ad spend in thousandths: 4000 is 4.0.", null=True
            ),
        ),
        migrations.AddField(
            model_name="adgroup",
            name="bid_strategy",
            field=models.CharField(
                blank=True, db_default="", default="", help_text="In the platform's words.", max_length=40
            ),
        ),
        migrations.AddField(
            model_name="adgroup",
            name="hindrances",
            field=models.JSONField(
                blank=True,
                db_default=models.Value([], models.JSONField()),
                default=list,
                help_text="Why it spends less or nothing: code, words, the platform's own, since when Lane sees it.",
            ),
        ),
        migrations.AddField(
            model_name="adgroup",
            name="lifetime_spend_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="adgroup",
            name="lifetime_spend_micros",
            field=models.BigIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="budget",
            name="recommend_only_reason",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="Why automation only recommends here; empty when it may act.",
                max_length=200,
            ),
        ),
        migrations.AddField(
            model_name="budget",
            name="recommend_only_since",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="change",
            name="ad_group",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="changes",
                to="campaigns.adgroup",
            ),
        ),
        migrations.AddField(
            model_name="change",
            name="base_millis",
            field=models.BigIntegerField(
                blank=True, help_text="A return on ad spend in thousandths: 4000 is 4.0.", null=True
            ),
        ),
        migrations.AddField(
            model_name="change",
            name="kind",
            field=models.CharField(
                blank=True,
                choices=[
                    ("lifetime", "Lifetime"),
                    ("target_cpa", "Target CPA"),
                    ("target_roas", "Target ROAS"),
                    ("bid_cap", "Bid cap"),
                ],
                help_text="What the number is for; empty is per day.",
                max_length=12,
            ),
        ),
        migrations.AddField(
            model_name="change",
            name="target_millis",
            field=models.BigIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="drift",
            name="ad_campaign",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="drifts",
                to="campaigns.adcampaign",
            ),
        ),
        migrations.AddField(
            model_name="drift",
            name="field",
            field=models.CharField(
                choices=[("budget", "Budget"), ("spend_cap", "Spend cap")], default="budget", max_length=10
            ),
        ),
        migrations.AlterField(
            model_name="change",
            name="entity_key",
            field=models.CharField(
                help_text="budget:, campaign:, cap: or bid: and the key of the row; writes are serial per key.",
                max_length=80,
            ),
        ),
        migrations.AlterField(
            model_name="change",
            name="field",
            field=models.CharField(
                choices=[
                    ("budget", "Budget"),
                    ("status", "Status"),
                    ("spend_cap", "Spend cap"),
                    ("bid_target", "Bid target"),
                ],
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="drift",
            name="expected_micros",
            field=models.BigIntegerField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name="drift",
            name="observed_micros",
            field=models.BigIntegerField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name="drift",
            name="state",
            field=models.CharField(
                choices=[
                    ("open", "Open"),
                    ("adopted", "Adopted"),
                    ("reapplied", "Proposed again"),
                    ("left", "Left as it is"),
                    ("paused", "Automation paused"),
                    ("superseded", "Superseded"),
                ],
                default="open",
                max_length=12,
            ),
        ),
        migrations.AddConstraint(
            model_name="change",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("budget__isnull", False), ("field", "budget"), ("target_micros__gt", 0)),
                    models.Q(
                        ("ad_campaign__isnull", False),
                        ("field", "status"),
                        ("target_status__in", ["active", "paused"]),
                    ),
                    models.Q(
                        ("ad_campaign__isnull", False),
                        ("field", "spend_cap"),
                        ("kind", ""),
                        models.Q(("target_micros__isnull", True), ("target_micros__gt", 0), _connector="OR"),
                    ),
                    models.Q(
                        ("field", "bid_target"),
                        models.Q(
                            ("ad_campaign__isnull", False), ("ad_group__isnull", False), _connector="OR"
                        ),
                        models.Q(
                            models.Q(("kind__in", ["target_cpa", "bid_cap"]), ("target_micros__gt", 0)),
                            models.Q(("kind", "target_roas"), ("target_millis__gt", 0)),
                            _connector="OR",
                        ),
                    ),
                    _connector="OR",
                ),
                name="campaigns_change_is_complete",
            ),
        ),
        migrations.AddConstraint(
            model_name="drift",
            constraint=models.UniqueConstraint(
                condition=models.Q(("field", "budget"), ("state", "open")),
                fields=("budget",),
                name="campaigns_one_open_drift",
            ),
        ),
        migrations.AddConstraint(
            model_name="drift",
            constraint=models.UniqueConstraint(
                condition=models.Q(("field", "spend_cap"), ("state", "open")),
                fields=("ad_campaign",),
                name="campaigns_one_open_cap_drift",
            ),
        ),
        migrations.AddConstraint(
            model_name="drift",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("expected_micros__isnull", False),
                        ("field", "budget"),
                        ("observed_micros__isnull", False),
                    ),
                    models.Q(("ad_campaign__isnull", False), ("field", "spend_cap")),
                    _connector="OR",
                ),
                name="campaigns_drift_is_complete",
            ),
        ),
        migrations.RunSQL(RULES, EARLIER_RULES),
    ]
