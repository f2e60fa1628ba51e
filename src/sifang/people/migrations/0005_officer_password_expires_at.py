from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("people", "0004_live_purpose")]

    operations = [
        migrations.AddField(
            model_name="officer",
            name="password_expires_at",
            field=models.DateTimeField(
                blank=True,
                help_text="设有此时间的是一次性口令：到期作废，首次登录须更换",
                null=True,
                verbose_name="一次性口令有效至",
            ),
        ),
    ]
