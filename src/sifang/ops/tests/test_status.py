"""What `sifang status` counts comes from the database, through a function that shows no row."""

import json
import os

import psycopg
import pytest
from django.db import connections

from sifang.monitoring.intake.checks import REASONS
from sifang.ops.status import REFUSED


@pytest.mark.django_db(transaction=True, databases="__all__")
def test_the_counts_are_those_of_the_database_though_the_rows_stay_hidden():
    name = connections["default"].settings_dict["NAME"]
    with psycopg.connect(os.environ["SIFANG_TEST_CLUSTER"], dbname=name) as admin:
        admin.execute("SET session_replication_role = replica")
        for fixes in (3, 4):
            admin.execute(
                "INSERT INTO monitoring_journalblock (written_at, key_hour, measures_version, fixes,"
                " taken_from, taken_to, measures, body)"
                " VALUES (now(), '2026112300', 1, %s, now(), now(), '{1}', '')",
                [fixes],
            )
        admin.execute(
            "INSERT INTO monitoring_journalhour (hour, state, reason, blocks, fixes, stored, absorbed,"
            " dropped, chunks, head, tried_at, compacted_at)"
            " VALUES ('2026112299', 'compacted', '', 1, 100, 99, 1, 0, 1, '', now(), now())"
        )
        admin.execute(
            "INSERT INTO monitoring_refusedfixes (id, hour, reason, gateway, device_hash, count)"
            " VALUES (gen_random_uuid(), now(), 'no_live_measure', 'jt808', 'x', 5)"
        )
    with connections["jobs"].cursor() as cursor:
        cursor.execute("SELECT sifang_counts()")
        (counts,) = cursor.fetchone()
        cursor.execute("SELECT count(*) FROM monitoring_journalblock")
        assert cursor.fetchone() == (0,)
        cursor.execute("SELECT coalesce(current_setting('sifang.system_purpose', true), '')")
        assert cursor.fetchone() == ("",)
    counts = json.loads(counts) if isinstance(counts, str) else counts
    assert counts == {"acknowledged": 107, "refused": {"no_live_measure": 5}, "open": 0, "raised": 0}


def test_every_reason_of_a_refusal_has_words():
    assert set(REASONS.values()) <= REFUSED.keys()


@pytest.mark.django_db(databases="__all__")
def test_watch_and_reader_may_not_ask():
    with connections["reader"].cursor() as cursor, pytest.raises(Exception, match="permission denied"):
        cursor.execute("SELECT sifang_counts()")
