"""When a request opened, in business time."""

import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("approvals", "0002_decisions_are_kept"),
    ]

    operations = [
        migrations.AddField(
            model_name="approvalrequest",
            name="opened_at",
            field=models.DateTimeField(default=django.utils.timezone.now, help_text="Business time, UTC."),
        ),
    ]
