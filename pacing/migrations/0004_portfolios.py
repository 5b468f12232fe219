"""Portfolios: arms that share a client's daily money, the looks at them, moves and experiments."""

from __future__ import annotations

import uuid
from decimal import Decimal

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Portfolios."""

    dependencies = [
        ("accounts", "0001_initial"),
        ("campaigns", "0005_unknown_counts"),
        ("pacing", "0003_learned"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ArmBudget",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("holds", models.BooleanField(default=True)),
                (
                    "budget",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="arm_budgets",
                        to="campaigns.budget",
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
            ],
        ),
        migrations.CreateModel(
            name="Portfolio",
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
                ("name", models.CharField(max_length=120)),
                ("currency", models.CharField(max_length=3)),
                ("timezone", models.CharField(max_length=64)),
                (
                    "goal",
                    models.CharField(
                        choices=[("value", "Conversion value"), ("conversions", "Conversions")],
                        default="value",
                        max_length=12,
                    ),
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
                (
                    "state",
                    models.CharField(
                        choices=[("running", "Running"), ("paused", "Paused"), ("stopped", "Stopped")],
                        default="running",
                        max_length=8,
                    ),
                ),
                ("state_reason", models.CharField(blank=True, max_length=300)),
                (
                    "daily_micros",
                    models.BigIntegerField(
                        blank=True, help_text="A fixed amount a day; else a plan.", null=True
                    ),
                ),
                ("look_every_minutes", models.PositiveSmallIntegerField(default=30)),
                ("min_days_between_moves", models.PositiveSmallIntegerField(default=3)),
                ("step_ratio", models.DecimalField(decimal_places=3, default=Decimal("0.200"), max_digits=4)),
                (
                    "blend_ratio",
                    models.DecimalField(
                        decimal_places=3,
                        default=Decimal("0.400"),
                        help_text="How far splits are drawn towards return-proportional ones: 0 not at all, 1 fully.",
                        max_digits=4,
                    ),
                ),
                (
                    "exploration",
                    models.CharField(
                        choices=[
                            ("none", "None"),
                            ("thompson", "Thompson sampling"),
                            ("excitation", "Small excitation"),
                        ],
                        default="none",
                        max_length=10,
                    ),
                ),
                (
                    "exploration_ratio",
                    models.DecimalField(decimal_places=3, default=Decimal("0"), max_digits=4),
                ),
                ("roas_floor", models.DecimalField(blank=True, decimal_places=3, max_digits=8, null=True)),
                (
                    "next_look_at",
                    models.DateTimeField(blank=True, help_text="Business time, UTC.", null=True),
                ),
                ("controller_state", models.JSONField(blank=True, default=dict)),
                (
                    "figures",
                    models.JSONField(
                        blank=True, default=dict, help_text="What the latest look found: curves and split."
                    ),
                ),
                ("version", models.PositiveIntegerField(default=1)),
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
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "plan",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="portfolios",
                        to="pacing.budgetplan",
                    ),
                ),
            ],
            options={
                "ordering": ["name"],
            },
        ),
        migrations.CreateModel(
            name="GroupLimit",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=80)),
                ("min_ratio", models.DecimalField(decimal_places=3, default=Decimal("0"), max_digits=4)),
                ("max_ratio", models.DecimalField(decimal_places=3, default=Decimal("1"), max_digits=4)),
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
                    "portfolio",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="groups",
                        to="pacing.portfolio",
                    ),
                ),
            ],
            options={
                "ordering": ["name"],
            },
        ),
        migrations.CreateModel(
            name="AllocationLook",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("slot", models.DateTimeField(help_text="Start of the slot, business time, UTC.")),
                ("at", models.DateTimeField(help_text="Business time, UTC.")),
                ("on_demand", models.BooleanField(default=False)),
                (
                    "decision",
                    models.CharField(
                        choices=[
                            ("hold", "Hold"),
                            ("move", "Move"),
                            ("rollback", "Roll back"),
                            ("infeasible", "Cannot be met"),
                            ("skip", "Skip"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "reasons",
                    models.JSONField(
                        default=list, help_text="Reason codes with their numbers, strongest first."
                    ),
                ),
                ("inputs", models.JSONField(default=dict, help_text="What the allocator was given.")),
                (
                    "numbers",
                    models.JSONField(
                        default=dict, help_text="Everything it found: curves, split, what would change it."
                    ),
                ),
                ("currency", models.CharField(max_length=3)),
                ("now_micros", models.BigIntegerField(help_text="All arms together, a day.", null=True)),
                ("new_micros", models.BigIntegerField(null=True)),
                (
                    "price_per_100",
                    models.FloatField(
                        help_text="Goal from the next 100 units of money, equal for all arms that may move.",
                        null=True,
                    ),
                ),
                ("gain_p10_micros", models.BigIntegerField(null=True)),
                ("gain_p50_micros", models.BigIntegerField(null=True)),
                ("gain_p90_micros", models.BigIntegerField(null=True)),
                ("horizon_days", models.PositiveSmallIntegerField(null=True)),
                (
                    "probability",
                    models.FloatField(help_text="That the move gains more than it costs.", null=True),
                ),
                (
                    "seed",
                    models.BigIntegerField(
                        help_text="Of the random draws, so that the look can be repeated.", null=True
                    ),
                ),
                (
                    "propensities",
                    models.JSONField(default=dict, help_text="By arm: how likely the draw was to favour it."),
                ),
                (
                    "proposal",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "None"),
                            ("open", "Open"),
                            ("accepted", "Accepted"),
                            ("declined", "Declined"),
                            ("expired", "Expired"),
                            ("superseded", "Superseded"),
                        ],
                        default="",
                        max_length=10,
                    ),
                ),
                ("expires_at", models.DateTimeField(blank=True, help_text="Business time, UTC.", null=True)),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                ("decided_by_label", models.CharField(blank=True, max_length=200)),
                ("decline_reason", models.CharField(blank=True, max_length=300)),
                (
                    "applied_at",
                    models.DateTimeField(blank=True, help_text="When all of it was read back.", null=True),
                ),
                (
                    "change_set",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="campaigns.changeset",
                    ),
                ),
                (
                    "client",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.client"
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
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
                    "undoes",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="undone_by",
                        to="pacing.allocationlook",
                    ),
                ),
                (
                    "portfolio",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="looks",
                        to="pacing.portfolio",
                    ),
                ),
            ],
            options={
                "ordering": ["-at", "-id"],
            },
        ),
        migrations.CreateModel(
            name="PortfolioArm",
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
                    "kind",
                    models.CharField(
                        choices=[
                            ("campaign", "Campaign"),
                            ("ad_group", "Ad group or ad set"),
                            ("creative", "Creative"),
                            ("bid_level", "Bid level"),
                            ("platform_channel", "Platform and channel"),
                        ],
                        default="campaign",
                        max_length=16,
                    ),
                ),
                ("label", models.CharField(max_length=120)),
                ("locked", models.BooleanField(default=False, help_text="A locked arm keeps its amount.")),
                ("floor_micros", models.BigIntegerField(blank=True, help_text="Least a day.", null=True)),
                ("cap_micros", models.BigIntegerField(blank=True, help_text="Most a day.", null=True)),
                (
                    "learning_until",
                    models.DateField(blank=True, help_text="Last day the platform still learns.", null=True),
                ),
                (
                    "last_moved_at",
                    models.DateTimeField(blank=True, help_text="Business time, UTC.", null=True),
                ),
                ("removed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "budgets",
                    models.ManyToManyField(
                        related_name="portfolio_arms", through="pacing.ArmBudget", to="campaigns.budget"
                    ),
                ),
                (
                    "client",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.client"
                    ),
                ),
                (
                    "group",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="arms",
                        to="pacing.grouplimit",
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
                    "portfolio",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="arms",
                        to="pacing.portfolio",
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="Experiment",
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
                        choices=[("thompson", "Thompson sampling"), ("excitation", "Small excitation")],
                        max_length=10,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("proposed", "Proposed"),
                            ("running", "Running"),
                            ("ended", "Ended"),
                            ("cancelled", "Not carried out"),
                        ],
                        default="proposed",
                        max_length=10,
                    ),
                ),
                ("currency", models.CharField(max_length=3)),
                (
                    "step_micros",
                    models.BigIntegerField(
                        help_text="Away from the best known split, a day; negative is less."
                    ),
                ),
                ("propensity", models.FloatField(null=True)),
                ("starts_on", models.DateField(blank=True, null=True)),
                ("ends_on", models.DateField(blank=True, null=True)),
                (
                    "used_micros",
                    models.BigIntegerField(blank=True, help_text="Money moved for it so far.", null=True),
                ),
                ("before", models.JSONField(default=dict, help_text="What was known of the arm before.")),
                (
                    "learned",
                    models.JSONField(blank=True, default=dict, help_text="What is known of it after."),
                ),
                (
                    "client",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.client"
                    ),
                ),
                (
                    "look",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="experiments",
                        to="pacing.allocationlook",
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
                    "portfolio",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="experiments",
                        to="pacing.portfolio",
                    ),
                ),
                (
                    "arm",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="experiments",
                        to="pacing.portfolioarm",
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.AddField(
            model_name="armbudget",
            name="arm",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="arm_budgets",
                to="pacing.portfolioarm",
            ),
        ),
        migrations.CreateModel(
            name="AllocationMove",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("currency", models.CharField(max_length=3)),
                ("now_micros", models.BigIntegerField()),
                ("new_micros", models.BigIntegerField()),
                (
                    "rows",
                    models.JSONField(
                        default=list, help_text="Per budget: public id, name, now_micros, new_micros."
                    ),
                ),
                (
                    "next_100_now",
                    models.FloatField(
                        help_text="Goal from the next 100 units at the present amount.", null=True
                    ),
                ),
                ("next_100_new", models.FloatField(null=True)),
                ("propensity", models.FloatField(null=True)),
                ("reasons", models.JSONField(default=list)),
                (
                    "outcome",
                    models.JSONField(
                        blank=True,
                        help_text="What the arm did after the move, once its days have matured.",
                        null=True,
                    ),
                ),
                (
                    "client",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.client"
                    ),
                ),
                (
                    "look",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="moves",
                        to="pacing.allocationlook",
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
                    "arm",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="moves",
                        to="pacing.portfolioarm",
                    ),
                ),
            ],
            options={
                "ordering": ["look_id", "id"],
            },
        ),
        migrations.AddIndex(
            model_name="portfolio",
            index=models.Index(
                condition=models.Q(("state", "running")),
                fields=["next_look_at", "id"],
                name="pacing_portfolio_due",
            ),
        ),
        migrations.AddIndex(
            model_name="portfolio",
            index=models.Index(fields=["organization", "client", "state"], name="pacing_portfolio_client"),
        ),
        migrations.AddConstraint(
            model_name="portfolio",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("daily_micros__isnull", True), ("plan__isnull", False)),
                    models.Q(("daily_micros__gt", 0), ("plan__isnull", True)),
                    _connector="OR",
                ),
                name="pacing_portfolio_one_source_of_money",
            ),
        ),
        migrations.AddConstraint(
            model_name="portfolio",
            constraint=models.CheckConstraint(
                condition=models.Q(("look_every_minutes__gte", 15), ("look_every_minutes__lte", 60)),
                name="pacing_portfolio_looks_every_15_to_60_minutes",
            ),
        ),
        migrations.AddConstraint(
            model_name="portfolio",
            constraint=models.CheckConstraint(
                condition=models.Q(("min_days_between_moves__gte", 1), ("min_days_between_moves__lte", 60)),
                name="pacing_portfolio_rest_sane",
            ),
        ),
        migrations.AddConstraint(
            model_name="portfolio",
            constraint=models.CheckConstraint(
                condition=models.Q(("step_ratio__gt", 0), ("step_ratio__lte", Decimal("0.5"))),
                name="pacing_portfolio_step_sane",
            ),
        ),
        migrations.AddConstraint(
            model_name="portfolio",
            constraint=models.CheckConstraint(
                condition=models.Q(("blend_ratio__gte", 0), ("blend_ratio__lte", 1)),
                name="pacing_portfolio_blend_sane",
            ),
        ),
        migrations.AddConstraint(
            model_name="portfolio",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("exploration_ratio__gte", 0),
                    ("exploration_ratio__lte", Decimal("0.05")),
                    models.Q(
                        models.Q(("exploration", "none"), ("exploration_ratio", 0)),
                        models.Q(
                            models.Q(("exploration", "none"), _negated=True), ("exploration_ratio__gt", 0)
                        ),
                        _connector="OR",
                    ),
                ),
                name="pacing_portfolio_exploration_bounded",
            ),
        ),
        migrations.AddConstraint(
            model_name="portfolio",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("roas_floor__isnull", True),
                    models.Q(("goal", "value"), ("roas_floor__gt", 0)),
                    _connector="OR",
                ),
                name="pacing_portfolio_roas_floor_sane",
            ),
        ),
        migrations.AddConstraint(
            model_name="portfolio",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "running"), _negated=True),
                    ("next_look_at__isnull", False),
                    _connector="OR",
                ),
                name="pacing_portfolio_running_is_due_some_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="grouplimit",
            constraint=models.UniqueConstraint(fields=("portfolio", "name"), name="pacing_group_named_once"),
        ),
        migrations.AddConstraint(
            model_name="grouplimit",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("max_ratio__gt", 0),
                    ("max_ratio__gte", models.F("min_ratio")),
                    ("max_ratio__lte", 1),
                    ("min_ratio__gte", 0),
                ),
                name="pacing_group_limit_in_order",
            ),
        ),
        migrations.AddIndex(
            model_name="allocationlook",
            index=models.Index(fields=["portfolio", "-at"], name="pacing_look_recent"),
        ),
        migrations.AddConstraint(
            model_name="allocationlook",
            constraint=models.UniqueConstraint(
                condition=models.Q(("on_demand", False)),
                fields=("portfolio", "slot"),
                name="pacing_look_once_per_slot",
            ),
        ),
        migrations.AddConstraint(
            model_name="allocationlook",
            constraint=models.UniqueConstraint(
                condition=models.Q(("proposal", "open")), fields=("portfolio",), name="pacing_one_open_split"
            ),
        ),
        migrations.AddConstraint(
            model_name="allocationlook",
            constraint=models.CheckConstraint(
                condition=models.Q(("proposal", ""), ("decision__in", ["move", "rollback"]), _connector="OR"),
                name="pacing_split_has_a_move",
            ),
        ),
        migrations.AddConstraint(
            model_name="allocationlook",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("decision", "rollback"), _negated=True),
                    ("undoes__isnull", False),
                    _connector="OR",
                ),
                name="pacing_rollback_names_its_move",
            ),
        ),
        migrations.AddConstraint(
            model_name="portfolioarm",
            constraint=models.UniqueConstraint(
                condition=models.Q(("removed_at", None)),
                fields=("portfolio", "label"),
                name="pacing_arm_labelled_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="portfolioarm",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("floor_micros__isnull", True), ("floor_micros__gte", 0), _connector="OR"),
                    models.Q(("cap_micros__isnull", True), ("cap_micros__gt", 0), _connector="OR"),
                    models.Q(
                        ("floor_micros__isnull", True),
                        ("cap_micros__isnull", True),
                        ("cap_micros__gte", models.F("floor_micros")),
                        _connector="OR",
                    ),
                ),
                name="pacing_arm_limits_in_order",
            ),
        ),
        migrations.AddConstraint(
            model_name="experiment",
            constraint=models.UniqueConstraint(fields=("look", "arm"), name="pacing_experiment_once_per_arm"),
        ),
        migrations.AddConstraint(
            model_name="experiment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("ends_on__isnull", True), ("ends_on__gte", models.F("starts_on")), _connector="OR"
                ),
                name="pacing_experiment_days_in_order",
            ),
        ),
        migrations.AddConstraint(
            model_name="experiment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("propensity__isnull", True),
                    models.Q(("propensity__gte", 0), ("propensity__lte", 1)),
                    _connector="OR",
                ),
                name="pacing_experiment_propensity_sane",
            ),
        ),
        migrations.AddConstraint(
            model_name="armbudget",
            constraint=models.UniqueConstraint(fields=("arm", "budget"), name="pacing_arm_budget_once"),
        ),
        migrations.AddConstraint(
            model_name="armbudget",
            constraint=models.UniqueConstraint(
                condition=models.Q(("holds", True)),
                fields=("budget",),
                name="pacing_budget_one_portfolio_at_a_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="allocationmove",
            constraint=models.UniqueConstraint(fields=("look", "arm"), name="pacing_move_once_per_arm"),
        ),
        migrations.AddConstraint(
            model_name="allocationmove",
            constraint=models.CheckConstraint(
                condition=models.Q(("new_micros__gte", 0), ("now_micros__gte", 0)),
                name="pacing_move_not_negative",
            ),
        ),
    ]
