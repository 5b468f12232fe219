"""A file may tell spend without impressions or clicks: unknown is stored as unknown, not as zero."""

from django.db import migrations, models

_TABLES = ("campaigns_daily_performance", "campaigns_hourly_performance", "campaigns_performance_revision")
_DROP = "".join(
    f"ALTER TABLE {table} ALTER COLUMN impressions DROP NOT NULL, ALTER COLUMN clicks DROP NOT NULL;"
    for table in _TABLES
)


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0004_ledger")]

    operations = [
        migrations.RunSQL(_DROP, migrations.RunSQL.noop),
        migrations.AlterField("accountday", "impressions", models.BigIntegerField(null=True)),
        migrations.AlterField("accountday", "clicks", models.BigIntegerField(null=True)),
    ]
