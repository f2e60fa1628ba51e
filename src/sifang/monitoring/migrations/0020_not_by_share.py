"""A share opens no position: measures, alarms and tracks stay with those who cover the person (E4).

Since people 0010 a person may be lent to another agency for one matter. What hangs on the person here asks
for the older sight (county, office, own file) and not merely whether the person is visible.
"""

from django.db import migrations

COVERED = """EXISTS (SELECT 1 FROM people_person p WHERE p.id = person_id AND (
    p.county_code = ANY ((SELECT sifang_visible_counties())::text[])
    OR p.office_id = ANY ((SELECT sifang_visible_offices())::uuid[])
    OR p.id = (SELECT sifang_own_person())))"""
SEEN = "EXISTS (SELECT 1 FROM people_person p WHERE p.id = person_id)"
WRITTEN = {
    "monitoring_measure": ("INSERT", "UPDATE"),
    "monitoring_proof": ("INSERT",),
    "monitoring_clause": ("INSERT", "UPDATE"),
    "monitoring_alarm": ("UPDATE",),
}


def _policies(condition: str) -> str:
    lines = []
    for table, verbs in WRITTEN.items():
        lines.append(f"ALTER POLICY officer_select ON {table} USING ({condition});\n")
        both = f"({condition} AND (SELECT monitoring_justice()))"
        for verb in verbs:
            using = f"USING {both} " if verb == "UPDATE" else ""
            lines.append(f"ALTER POLICY officer_{verb.lower()} ON {table} {using}WITH CHECK {both};\n")
    return "".join(lines)


def _exports(condition: str) -> str:
    return f"""
ALTER POLICY officer_select ON monitoring_trackexport
  USING ((SELECT sifang_seeing_agency()) IS NOT NULL AND {condition});
ALTER POLICY officer_insert ON monitoring_trackexport WITH CHECK (
  officer_id = (SELECT sifang_officer()) AND agency_id IS NOT DISTINCT FROM (SELECT sifang_agency())
  AND purpose = (SELECT sifang_context('purpose')) AND {condition});
"""


class Migration(migrations.Migration):

    dependencies = [("monitoring", "0019_numbers_beyond_2_31"), ("people", "0010_shares")]

    operations = [
        migrations.RunSQL(_policies(COVERED) + _exports(COVERED), _policies(SEEN) + _exports(SEEN)),
    ]
