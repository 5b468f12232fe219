"""The approved-budget ledger, amendments, series and exchange rates, with the triggers that keep the ledger true."""

import uuid
from decimal import Decimal

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# Plans from before the ledger: their amount becomes the base, taken over without an approver.
TAKE_OVER = """
INSERT INTO pacing_ledgerentry (
    public_id, organization_id, client_id, plan_id, kind, amount_micros, currency, effective_on, starts_on, ends_on,
    reason, asked_by_id, asked_label, approved_label, via, approval_id, link_id, is_provisional, at
)
SELECT gen_random_uuid(), p.organization_id, p.client_id, p.id, 'base', p.amount_micros, p.currency, p.starts_on,
       p.starts_on, p.ends_on, 'Amount of the plan when the ledger began', p.owner_id,
       coalesce(nullif(u.name, ''), u.email, 'Lane'), '', 'record', '', '', false, p.created_at
FROM pacing_budgetplan p LEFT JOIN accounts_user u ON u.id = p.owner_id
ORDER BY p.id;
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
"""

RULES = """
CREATE FUNCTION pacing_ledger_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'ledger entry % is kept as it is: a correction is a further entry', OLD.public_id
        USING ERRCODE = 'check_violation';
END $$;

CREATE TRIGGER pacing_ledger_kept BEFORE UPDATE OR DELETE ON pacing_ledgerentry
    FOR EACH ROW EXECUTE FUNCTION pacing_ledger_kept();

CREATE FUNCTION pacing_ledger_adds_up() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    plan bigint := CASE TG_TABLE_NAME WHEN 'pacing_budgetplan' THEN NEW.id ELSE (to_jsonb(NEW) ->> 'plan_id')::bigint END;
    amount bigint;
    money text;
    entries numeric;
    foreign_money boolean;
BEGIN
    SELECT p.amount_micros, p.currency INTO amount, money FROM pacing_budgetplan p WHERE p.id = plan;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    SELECT coalesce(sum(e.amount_micros), 0), coalesce(bool_or(e.currency <> money), false)
    INTO entries, foreign_money FROM pacing_ledgerentry e WHERE e.plan_id = plan;
    IF entries <> amount OR foreign_money THEN
        RAISE EXCEPTION 'the ledger of plan % adds up to %, its amount is % %', plan, entries, amount, money
            USING ERRCODE = 'check_violation', CONSTRAINT = 'pacing_ledger_adds_up';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER pacing_ledger_adds_up AFTER INSERT ON pacing_ledgerentry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION pacing_ledger_adds_up();
CREATE CONSTRAINT TRIGGER pacing_plan_begins_with_entry AFTER INSERT ON pacing_budgetplan
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION pacing_ledger_adds_up();
CREATE CONSTRAINT TRIGGER pacing_plan_amount_in_ledger AFTER UPDATE OF amount_micros, currency ON pacing_budgetplan
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (OLD.amount_micros IS DISTINCT FROM NEW.amount_micros OR OLD.currency IS DISTINCT FROM NEW.currency)
    EXECUTE FUNCTION pacing_ledger_adds_up();
"""

NO_RULES = """
DROP TRIGGER pacing_plan_amount_in_ledger ON pacing_budgetplan;
DROP TRIGGER pacing_plan_begins_with_entry ON pacing_budgetplan;
DROP TRIGGER pacing_ledger_adds_up ON pacing_ledgerentry;
DROP FUNCTION pacing_ledger_adds_up();
DROP TRIGGER pacing_ledger_kept ON pacing_ledgerentry;
DROP FUNCTION pacing_ledger_kept();
"""


class Migration(migrations.Migration):
    """The approved-budget ledger."""

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("accounts", "0001_initial"),
        ("campaigns", "0005_unknown_counts"),
        ("pacing", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="budgetplan",
            name="amount_rule",
            field=models.CharField(
                choices=[
                    ("open", "Editors change it directly"),
                    ("policy", "Admins directly, editors as far as the approval policy lets them"),
                    ("approval", "Always by approval"),
                ],
                db_default="policy",
                default="policy",
                help_text="Who may change the approved amount and the dates once the plan runs.",
                max_length=8,
            ),
        ),
        migrations.AddField(
            model_name="budgetplan",
            name="cycle_on",
            field=models.DateField(
                blank=True,
                help_text="First day of its cycle by the series, whatever its own dates say.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="budgetplan",
            name="rollover",
            field=models.CharField(
                choices=[
                    ("none", "Nothing"),
                    ("underspend", "Money left over"),
                    ("overspend", "Money overspent"),
                    ("both", "Both"),
                ],
                db_default="none",
                default="none",
                help_text="What of this cycle's difference goes into the next one.",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="budgetplan",
            name="rollover_cap_ratio",
            field=models.DecimalField(
                db_default=Decimal("0.10"),
                decimal_places=4,
                default=Decimal("0.10"),
                help_text="At most this share of the ended cycle's amount rolls over.",
                max_digits=5,
            ),
        ),
        migrations.CreateModel(
            name="FxRate",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("base", models.CharField(max_length=3)),
                ("quote", models.CharField(max_length=3)),
                ("on", models.DateField()),
                ("rate", models.DecimalField(decimal_places=8, max_digits=18)),
                (
                    "source",
                    models.CharField(
                        choices=[("entered", "Entered"), ("csv", "Imported from CSV")],
                        default="entered",
                        max_length=8,
                    ),
                ),
                ("entered_label", models.CharField(max_length=200)),
                (
                    "entered_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.organization",
                    ),
                ),
            ],
            options={
                "verbose_name": "exchange rate",
                "ordering": ["-on", "base", "quote"],
            },
        ),
        migrations.CreateModel(
            name="LedgerEntry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("base", "Base"),
                            ("amendment", "Amendment"),
                            ("rollover", "Rollover"),
                            ("reversal", "Reversal"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "amount_micros",
                    models.BigIntegerField(help_text="Signed: what this entry adds or takes away."),
                ),
                ("currency", models.CharField(max_length=3)),
                ("effective_on", models.DateField()),
                ("starts_on", models.DateField(help_text="First day of the flight as of this entry.")),
                ("ends_on", models.DateField(help_text="Last day of the flight as of this entry.")),
                ("reason", models.CharField(blank=True, max_length=500)),
                ("asked_label", models.CharField(max_length=200)),
                ("approved_label", models.CharField(blank=True, max_length=200)),
                (
                    "via",
                    models.CharField(
                        choices=[
                            ("direct", "Entered directly"),
                            ("link", "Approved by emailed link"),
                            ("login", "Approved in Lane"),
                            ("api_key", "Approved by API"),
                            ("policy", "Approved by policy"),
                            ("series", "Made by its series"),
                            ("record", "Taken over"),
                        ],
                        max_length=8,
                    ),
                ),
                (
                    "approval_id",
                    models.CharField(
                        blank=True, help_text="The approval request's public id.", max_length=64
                    ),
                ),
                (
                    "link_id",
                    models.CharField(
                        blank=True,
                        help_text="The emailed link's public id, where one decided.",
                        max_length=64,
                    ),
                ),
                (
                    "is_provisional",
                    models.BooleanField(
                        default=False,
                        help_text="Made before the spend it rests on was final; a later entry corrects it.",
                    ),
                ),
                ("at", models.DateTimeField(help_text="Business time, UTC.")),
                (
                    "approved_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "asked_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "client",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.client"
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.organization",
                    ),
                ),
                (
                    "plan",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="entries",
                        to="pacing.budgetplan",
                    ),
                ),
                (
                    "reverses",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reversed_by",
                        to="pacing.ledgerentry",
                    ),
                ),
                (
                    "rolled_from",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rolled_into",
                        to="pacing.budgetplan",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "ledger entries",
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="PlanAmendment",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("proposed", "Waiting for approval"),
                            ("approved", "Approved"),
                            ("declined", "Declined"),
                            ("withdrawn", "Withdrawn"),
                            ("expired", "Expired"),
                            ("lapsed", "Could not take effect"),
                        ],
                        default="proposed",
                        max_length=10,
                    ),
                ),
                ("version", models.PositiveIntegerField(default=1)),
                ("content_hash", models.CharField(max_length=64)),
                ("base_amount_micros", models.BigIntegerField()),
                ("base_starts_on", models.DateField()),
                ("base_ends_on", models.DateField()),
                ("new_amount_micros", models.BigIntegerField()),
                ("new_starts_on", models.DateField()),
                ("new_ends_on", models.DateField()),
                (
                    "approved_amount_micros",
                    models.BigIntegerField(
                        blank=True,
                        help_text="Between base and proposed amount; lower when the approver said less.",
                        null=True,
                    ),
                ),
                ("currency", models.CharField(max_length=3)),
                ("effective_on", models.DateField(help_text="Account-local day from which it counts.")),
                (
                    "reverts_at_cycle_end",
                    models.BooleanField(
                        default=True,
                        help_text="Only this cycle; otherwise the series goes on with the new amount.",
                    ),
                ),
                ("reason", models.CharField(max_length=500)),
                ("asked_kind", models.CharField(max_length=12)),
                ("asked_label", models.CharField(max_length=200)),
                ("approval_id", models.CharField(blank=True, max_length=64)),
                ("decided_at", models.DateTimeField(blank=True, help_text="Business time, UTC.", null=True)),
                ("outcome_reason", models.CharField(blank=True, max_length=500)),
                (
                    "took_effect_at",
                    models.DateTimeField(blank=True, help_text="Business time, UTC.", null=True),
                ),
                ("expires_at", models.DateTimeField(help_text="Business time, UTC.")),
                (
                    "asked_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "client",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.client"
                    ),
                ),
                (
                    "edited_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.organization",
                    ),
                ),
                (
                    "plan",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="amendments",
                        to="pacing.budgetplan",
                    ),
                ),
                (
                    "reverses",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="pacing.ledgerentry",
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.AddField(
            model_name="ledgerentry",
            name="amendment",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="entries",
                to="pacing.planamendment",
            ),
        ),
        migrations.CreateModel(
            name="PlanSeries",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("name", models.CharField(max_length=100)),
                ("currency", models.CharField(max_length=3)),
                ("timezone", models.CharField(max_length=64)),
                (
                    "cadence",
                    models.CharField(
                        choices=[
                            ("week", "Every week"),
                            ("month", "Every month"),
                            ("quarter", "Every quarter"),
                            ("custom", "Every so many days"),
                        ],
                        default="month",
                        max_length=8,
                    ),
                ),
                (
                    "cycle_days",
                    models.PositiveSmallIntegerField(
                        blank=True, help_text="Length of a custom cycle.", null=True
                    ),
                ),
                (
                    "anchor_on",
                    models.DateField(help_text="First day of the first cycle; later cycles keep its day."),
                ),
                (
                    "last_on",
                    models.DateField(blank=True, help_text="No cycle begins after this day.", null=True),
                ),
                ("amount_micros", models.BigIntegerField(help_text="Base amount of every cycle.")),
                (
                    "strategy",
                    models.CharField(
                        choices=[
                            ("adaptive", "Adaptive"),
                            ("linear", "Linear"),
                            ("accelerated", "Accelerated"),
                            ("conservative", "Conservative"),
                        ],
                        default="adaptive",
                        max_length=12,
                    ),
                ),
                (
                    "landing",
                    models.CharField(
                        choices=[("none", "None"), ("soft", "Soft"), ("precise", "Precise")],
                        default="soft",
                        max_length=8,
                    ),
                ),
                (
                    "tolerance_ratio",
                    models.DecimalField(decimal_places=4, default=Decimal("0.05"), max_digits=5),
                ),
                (
                    "mode",
                    models.CharField(
                        choices=[
                            ("observe", "Observe only"),
                            ("recommend", "Recommend"),
                            ("auto", "Act within limits"),
                        ],
                        default="recommend",
                        max_length=10,
                    ),
                ),
                ("pause_at_target", models.BooleanField(default=True)),
                (
                    "amount_rule",
                    models.CharField(
                        choices=[
                            ("open", "Editors change it directly"),
                            ("policy", "Admins directly, editors as far as the approval policy lets them"),
                            ("approval", "Always by approval"),
                        ],
                        default="policy",
                        max_length=8,
                    ),
                ),
                (
                    "rollover",
                    models.CharField(
                        choices=[
                            ("none", "Nothing"),
                            ("underspend", "Money left over"),
                            ("overspend", "Money overspent"),
                            ("both", "Both"),
                        ],
                        default="none",
                        max_length=10,
                    ),
                ),
                (
                    "rollover_cap_ratio",
                    models.DecimalField(decimal_places=4, default=Decimal("0.10"), max_digits=5),
                ),
                (
                    "make_ahead_days",
                    models.PositiveSmallIntegerField(
                        default=3, help_text="How long before its first day a cycle's plan is made."
                    ),
                ),
                ("is_active", models.BooleanField(default=True)),
                (
                    "problem",
                    models.CharField(
                        blank=True,
                        help_text="Why the next plan could not be made; empty when it could.",
                        max_length=500,
                    ),
                ),
                ("version", models.PositiveIntegerField(default=1)),
                ("budgets", models.ManyToManyField(related_name="plan_series", to="campaigns.budget")),
                (
                    "client",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.client"
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.organization",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "plan series",
                "ordering": ["name"],
            },
        ),
        migrations.AddField(
            model_name="budgetplan",
            name="series",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="plans",
                to="pacing.planseries",
            ),
        ),
        migrations.AddConstraint(
            model_name="budgetplan",
            constraint=models.CheckConstraint(
                condition=models.Q(("rollover_cap_ratio__gte", 0), ("rollover_cap_ratio__lte", 1)),
                name="pacing_plan_rollover_cap_sane",
            ),
        ),
        migrations.AddConstraint(
            model_name="budgetplan",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("cycle_on__isnull", True), ("series__isnull", True)),
                    models.Q(("cycle_on__isnull", False), ("series__isnull", False)),
                    _connector="OR",
                ),
                name="pacing_plan_cycle_with_series",
            ),
        ),
        migrations.AddConstraint(
            model_name="budgetplan",
            constraint=models.UniqueConstraint(
                condition=models.Q(("series__isnull", False)),
                fields=("series", "cycle_on"),
                name="pacing_plan_one_per_cycle",
            ),
        ),
        migrations.AddConstraint(
            model_name="fxrate",
            constraint=models.UniqueConstraint(
                fields=("organization", "base", "quote", "on"), name="pacing_fx_once_a_day"
            ),
        ),
        migrations.AddConstraint(
            model_name="fxrate",
            constraint=models.CheckConstraint(
                condition=models.Q(("rate__gt", 0)), name="pacing_fx_rate_positive"
            ),
        ),
        migrations.AddConstraint(
            model_name="fxrate",
            constraint=models.CheckConstraint(
                condition=models.Q(("base", models.F("quote")), _negated=True),
                name="pacing_fx_two_currencies",
            ),
        ),
        migrations.AddIndex(
            model_name="planamendment",
            index=models.Index(
                condition=models.Q(("state", "approved"), ("took_effect_at__isnull", True)),
                fields=["effective_on"],
                name="pacing_amendment_due",
            ),
        ),
        migrations.AddConstraint(
            model_name="planamendment",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "proposed")), fields=("plan",), name="pacing_one_open_amendment"
            ),
        ),
        migrations.AddConstraint(
            model_name="planamendment",
            constraint=models.CheckConstraint(
                condition=models.Q(("new_amount_micros__gt", 0)), name="pacing_amendment_amount_positive"
            ),
        ),
        migrations.AddConstraint(
            model_name="planamendment",
            constraint=models.CheckConstraint(
                condition=models.Q(("new_ends_on__gte", models.F("new_starts_on"))),
                name="pacing_amendment_flight_in_order",
            ),
        ),
        migrations.AddIndex(
            model_name="ledgerentry",
            index=models.Index(fields=["plan", "id"], name="pacing_ledger_of_plan"),
        ),
        migrations.AddConstraint(
            model_name="ledgerentry",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kind", "base")), fields=("plan",), name="pacing_ledger_one_base"
            ),
        ),
        migrations.AddConstraint(
            model_name="ledgerentry",
            constraint=models.UniqueConstraint(
                condition=models.Q(("amendment__isnull", False)),
                fields=("amendment",),
                name="pacing_ledger_amendment_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="ledgerentry",
            constraint=models.UniqueConstraint(
                condition=models.Q(("reverses__isnull", False)),
                fields=("reverses",),
                name="pacing_ledger_reversed_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="ledgerentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "rollover"), ("rolled_from__isnull", False)),
                    models.Q(
                        models.Q(("kind", "rollover"), _negated=True),
                        ("is_provisional", False),
                        ("rolled_from__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="pacing_ledger_rollover_names_its_source",
            ),
        ),
        migrations.AddConstraint(
            model_name="planseries",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount_micros__gt", 0)), name="pacing_series_amount_positive"
            ),
        ),
        migrations.AddConstraint(
            model_name="planseries",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("cadence", "custom"), ("cycle_days__gte", 1), ("cycle_days__lte", 366)),
                    models.Q(models.Q(("cadence", "custom"), _negated=True), ("cycle_days__isnull", True)),
                    _connector="OR",
                ),
                name="pacing_series_custom_has_days",
            ),
        ),
        migrations.AddConstraint(
            model_name="planseries",
            constraint=models.CheckConstraint(
                condition=models.Q(("rollover_cap_ratio__gte", 0), ("rollover_cap_ratio__lte", 1)),
                name="pacing_series_rollover_cap_sane",
            ),
        ),
        migrations.AddConstraint(
            model_name="planseries",
            constraint=models.CheckConstraint(
                condition=models.Q(("make_ahead_days__lte", 31)), name="pacing_series_make_ahead_sane"
            ),
        ),
        migrations.RunSQL(TAKE_OVER, migrations.RunSQL.noop),
        migrations.RunSQL(RULES, NO_RULES),
    ]
