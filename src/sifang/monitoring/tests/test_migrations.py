"""Whether the migrations run at all."""

import pytest
from django.db import connection


@pytest.mark.django_db
def test_measures_version_is_there():
    with connection.cursor() as cursor:
        cursor.execute("SELECT version FROM monitoring_measuresversion")
        assert cursor.fetchone() == (1,)
