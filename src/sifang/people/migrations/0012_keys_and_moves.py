"""What a person is found by, guardians, and moving: the new county receives, in one statement (E17).

The keys are kept in collation C and compared with operators that row security trusts (leakproof), so that a
search walks an index also under row security. Reversed numbers find by the last digits.
"""

import django.db.models.deletion
import sifang.kernel.ids
from django.db import migrations, models

REVERSED = """
CREATE FUNCTION people_number_reversed() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN NEW.number_reversed := reverse(NEW.number); RETURN NEW; END $$;
CREATE TRIGGER a_reversed BEFORE INSERT OR UPDATE ON people_person
  FOR EACH ROW EXECUTE FUNCTION people_number_reversed();
CREATE FUNCTION people_document_reversed() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN NEW.document_reversed := reverse(NEW.document_no); RETURN NEW; END $$;
CREATE TRIGGER a_reversed BEFORE INSERT OR UPDATE ON people_order
  FOR EACH ROW EXECUTE FUNCTION people_document_reversed();
"""
REVERSED_BACK = """
DROP TRIGGER a_reversed ON people_order; DROP TRIGGER a_reversed ON people_person;
DROP FUNCTION people_document_reversed(), people_number_reversed();
"""

STANDS = """
CREATE OR REPLACE FUNCTION sifang_order_stands() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  may text[] := '{ended_at,term_end,prohibition_until}';
  paper text[] := '{type,decided_by_id,document_no,document_reversed,document_date,effective_on,term_start,
                    term_end,prohibition,prohibition_until,term_facts,term_check,sentence_months}';
  is_draft boolean := OLD.received_on IS NULL AND NEW.received_on IS NULL;
  is_new_paper boolean := false;
BEGIN
  IF is_draft AND OLD.entered_by_id = sifang_entering_agency() AND NEW.decided_by_id = OLD.decided_by_id THEN
    may := may || paper; is_new_paper := true;  -- who entered it corrects its own draft
  ELSIF OLD.papers_pending AND NOT NEW.papers_pending THEN
    may := may || paper || '{papers_pending}'; is_new_paper := true;  -- 办法16条: the papers have come
  END IF;
  IF OLD.received_on IS NULL AND NEW.received_on IS NOT NULL THEN may := may || '{received_on}'; END IF;
  IF OLD.document_reversed = '' AND NEW.document_no = OLD.document_no THEN
    may := may || '{document_reversed}';  -- rows older than this column
  END IF;
  IF to_jsonb(NEW) - may IS DISTINCT FROM to_jsonb(OLD) - may THEN
    RAISE EXCEPTION '已登记的决定不得改动（社区矫正法22条）' USING ERRCODE = 'check_violation',
      CONSTRAINT = 'order_stands';
  END IF;
  IF COALESCE(NEW.ended_at, 'infinity') > COALESCE(OLD.ended_at, 'infinity')
     OR (NOT is_new_paper AND (NEW.term_end > OLD.term_end
         OR COALESCE(NEW.prohibition_until, 'infinity') > COALESCE(OLD.prohibition_until, 'infinity'))) THEN
    RAISE EXCEPTION '期限只能依新的文书延长（社区矫正法44条）' USING ERRCODE = 'check_violation',
      CONSTRAINT = 'order_stands';
  END IF;
  RETURN NEW;
END $$;
"""

FORWARD = """
-- the persons shared to this officer's agency now for one matter
CREATE FUNCTION sifang_persons_shared_for(what text) RETURNS uuid[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT coalesce(array_agg(DISTINCT s.person_id), '{}') FROM people_share s
  WHERE s.agency_id = sifang_sharing_agency() AND s.matter = what
    AND s.valid_from <= statement_timestamp()
    AND (s.valid_to IS NULL OR s.valid_to > statement_timestamp()) $$;
-- the new county takes over a person whose move it examined: old row by the share, new row by its county
CREATE POLICY new_county_receives ON people_person FOR UPDATE TO sifang_app
  USING (id = ANY ((SELECT sifang_persons_shared_for('move'))::uuid[]) AND (SELECT sifang_justice_bureau()))
  WITH CHECK (county_code = ANY ((SELECT sifang_visible_counties())::text[]));

CREATE FUNCTION people_person_place() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM people_agency a WHERE a.id = NEW.county_agency_id AND a.kind = 'justice_bureau'
                  AND a.level = 'county' AND a.area_code = NEW.county_code)
     OR (NEW.office_id IS NOT NULL AND NOT EXISTS (
         SELECT 1 FROM people_agency o WHERE o.id = NEW.office_id AND o.kind = 'justice_office'
            AND o.parent_id = NEW.county_agency_id)) THEN
    RAISE EXCEPTION '执行地须是县级社区矫正机构及其司法所（社区矫正法17条）'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'person_place';
  END IF;
  IF TG_OP = 'INSERT' OR sifang_system('migration') THEN RETURN NEW; END IF;
  IF (NEW.county_code, NEW.county_agency_id) IS DISTINCT FROM (OLD.county_code, OLD.county_agency_id) THEN
    IF NEW.county_agency_id IS DISTINCT FROM sifang_agency() OR NOT sifang_holds('{county_officer}')
       OR NOT sifang_shared_for(NEW.id, 'move') THEN
      RAISE EXCEPTION '执行地变更由新执行地县级社区矫正机构在报到时登记（办法31条）'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'person_moves_by_arrival';
    END IF;
  ELSIF NEW.office_id IS DISTINCT FROM OLD.office_id
        AND (NEW.county_agency_id IS DISTINCT FROM sifang_agency() OR NOT sifang_holds('{county_officer}')) THEN
    RAISE EXCEPTION '由县级社区矫正机构确定司法所（社区矫正法9条）'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'person_office_by_county';
  END IF;
  IF NEW.entered_by_id IS DISTINCT FROM OLD.entered_by_id OR (OLD.is_minor AND NOT NEW.is_minor) THEN
    RAISE EXCEPTION '未成年人的规定适用到矫正期满（社区矫正法58条）'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'person_minor_stands';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER person_place BEFORE INSERT OR UPDATE ON people_person
  FOR EACH ROW EXECUTE FUNCTION people_person_place();
""" + "".join(
    f"""
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY officer_reads ON {table} FOR SELECT TO sifang_app, sifang_reader USING (
  EXISTS (SELECT 1 FROM people_person p WHERE p.id = person_id));
CREATE POLICY officer_adds ON {table} FOR INSERT TO sifang_app WITH CHECK (
  sifang_covers(person_id) AND (SELECT sifang_justice()));
CREATE POLICY officer_changes ON {table} FOR UPDATE TO sifang_app USING (
  sifang_covers(person_id) AND (SELECT sifang_justice()));
CREATE POLICY migration ON {table} TO sifang_owner
  USING ((SELECT sifang_system('migration'))) WITH CHECK ((SELECT sifang_system('migration')));
CREATE POLICY jobs_read ON {table} FOR SELECT TO sifang_jobs USING ((SELECT sifang_job()));
"""
    for table in ("people_guardian", "people_alias")
)

BACKFILL = """
SELECT set_config('sifang.system_purpose', 'migration', true);
UPDATE people_order SET document_reversed = reverse(document_no);
UPDATE people_person p SET number_reversed = reverse(number), is_minor = is_minor OR EXISTS (
  SELECT 1 FROM people_order o WHERE o.person_id = p.id
     AND o.effective_on <= p.birth_date + interval '18 years');
SELECT set_config('sifang.system_purpose', '', true);
"""


def keys(apps, schema_editor):
    """Fill pinyin and initials of who is in the register already."""
    from sifang.people.names import search_keys

    person = apps.get_model("people", "Person")
    using = schema_editor.connection.alias
    schema_editor.execute("SELECT set_config('sifang.system_purpose', 'migration', true)")
    batch = []
    for one in person.objects.using(using).filter(pinyin="").only("id", "name").iterator(chunk_size=2000):
        found = search_keys(one.name)
        one.pinyin, one.initials = found.pinyin, found.initials
        batch.append(one)
        if len(batch) == 2000:
            person.objects.using(using).bulk_update(batch, ["pinyin", "initials"])
            batch.clear()
    if batch:
        person.objects.using(using).bulk_update(batch, ["pinyin", "initials"])
    schema_editor.execute("SELECT set_config('sifang.system_purpose', '', true)")


BACK = """
DROP TRIGGER person_place ON people_person;
DROP FUNCTION people_person_place();
DROP POLICY new_county_receives ON people_person;
DROP FUNCTION sifang_persons_shared_for(text);
"""


class Migration(migrations.Migration):

    dependencies = [("people", "0011_handover")]

    operations = [
        migrations.AlterField(
            model_name='share',
            name='matter',
            field=models.CharField(choices=[('decided', '本机关作出的决定'), ('custody', '移送交接'), ('move', '变更执行地'), ('handed_on', '变更执行地后的移交'), ('destination', '外出目的地协助'), ('search', '协助查找'), ('exit_control', '出境报备'), ('penalty', '治安管理处罚'), ('coercive', '强制措施')], max_length=12, verbose_name='事项'),
        ),
        migrations.CreateModel(
            name='Alias',
            fields=[
                ('id', models.UUIDField(default=sifang.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(db_collation='C', max_length=60, verbose_name='姓名')),
                ('pinyin', models.CharField(blank=True, db_collation='C', max_length=200, verbose_name='拼音')),
                ('initials', models.CharField(blank=True, db_collation='C', max_length=40, verbose_name='拼音首字母')),
            ],
            options={
                'verbose_name': '别名',
            },
        ),
        migrations.CreateModel(
            name='Guardian',
            fields=[
                ('id', models.UUIDField(default=sifang.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=60, verbose_name='姓名')),
                ('relation', models.CharField(help_text='父亲、母亲、祖父 …', max_length=20, verbose_name='关系')),
                ('phone', models.CharField(blank=True, max_length=20, verbose_name='联系电话')),
                ('told_on', models.DateField(blank=True, null=True, verbose_name='告知监护职责日')),
                ('until', models.DateField(blank=True, help_text='空 = 仍是监护人', null=True, verbose_name='至（含）')),
            ],
            options={
                'verbose_name': '监护人',
            },
        ),
        migrations.RemoveIndex(
            model_name='person',
            name='people_pers_county__031641_idx',
        ),
        migrations.RemoveIndex(
            model_name='person',
            name='people_pers_office__dd53da_idx',
        ),
        migrations.AddField(
            model_name='order',
            name='document_reversed',
            field=models.CharField(db_collation='C', default='', editable=False, help_text='由数据库填写', max_length=80),
        ),
        migrations.AddField(
            model_name='order',
            name='sentence_months',
            field=models.PositiveSmallIntegerField(blank=True, help_text='空 = 不详；无期徒刑写 9999', null=True, verbose_name='判处刑期（月）'),
        ),
        migrations.AddField(
            model_name='person',
            name='id_number',
            field=models.CharField(blank=True, db_collation='C', max_length=18, verbose_name='公民身份号码'),
        ),
        migrations.AddField(
            model_name='person',
            name='initials',
            field=models.CharField(blank=True, db_collation='C', help_text='zs', max_length=40, verbose_name='拼音首字母'),
        ),
        migrations.AddField(
            model_name='person',
            name='is_minor',
            field=models.BooleanField(default=False, help_text='到矫正期满为止（社区矫正法58条）', verbose_name='未成年人'),
        ),
        migrations.AddField(
            model_name='person',
            name='nationality',
            field=models.CharField(blank=True, default='中国', max_length=30, verbose_name='国籍'),
        ),
        migrations.AddField(
            model_name='person',
            name='number_reversed',
            field=models.CharField(db_collation='C', default='', editable=False, help_text='由数据库填写，供按末几位查找', max_length=40),
        ),
        migrations.AddField(
            model_name='person',
            name='occupation',
            field=models.CharField(blank=True, max_length=60, verbose_name='职业'),
        ),
        migrations.AddField(
            model_name='person',
            name='pinyin',
            field=models.CharField(blank=True, db_collation='C', help_text='zhangsan', max_length=200, verbose_name='拼音'),
        ),
        migrations.AlterField(
            model_name='order',
            name='document_no',
            field=models.CharField(db_collation='C', max_length=80, verbose_name='文书号'),
        ),
        migrations.AlterField(
            model_name='person',
            name='name',
            field=models.CharField(db_collation='C', max_length=60, verbose_name='姓名'),
        ),
        migrations.AlterField(
            model_name='person',
            name='number',
            field=models.CharField(db_collation='C', help_text='如 历下-2026-0417', max_length=40, unique=True, verbose_name='矫正编号'),
        ),
        migrations.AddIndex(
            model_name='order',
            index=models.Index(fields=['document_no'], name='order_by_document'),
        ),
        migrations.AddIndex(
            model_name='order',
            index=models.Index(fields=['document_reversed'], name='order_by_document_end'),
        ),
        migrations.AddIndex(
            model_name='person',
            index=models.Index(fields=['county_code', 'number'], name='person_of_county'),
        ),
        migrations.AddIndex(
            model_name='person',
            index=models.Index(fields=['office', 'number'], name='person_of_office'),
        ),
        migrations.AddIndex(
            model_name='person',
            index=models.Index(fields=['name'], name='person_by_name'),
        ),
        migrations.AddIndex(
            model_name='person',
            index=models.Index(fields=['pinyin'], name='person_by_pinyin'),
        ),
        migrations.AddIndex(
            model_name='person',
            index=models.Index(fields=['initials'], name='person_by_initials'),
        ),
        migrations.AddIndex(
            model_name='person',
            index=models.Index(fields=['id_number'], name='person_by_id_number'),
        ),
        migrations.AddIndex(
            model_name='person',
            index=models.Index(fields=['number_reversed'], name='person_by_number_reversed'),
        ),
        migrations.AddField(
            model_name='alias',
            name='person',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='aliases', to='people.person'),
        ),
        migrations.AddField(
            model_name='guardian',
            name='person',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='guardians', to='people.person'),
        ),
        migrations.AddIndex(
            model_name='alias',
            index=models.Index(fields=['name'], name='alias_by_name'),
        ),
        migrations.AddIndex(
            model_name='alias',
            index=models.Index(fields=['pinyin'], name='alias_by_pinyin'),
        ),
        migrations.AddIndex(
            model_name='alias',
            index=models.Index(fields=['initials'], name='alias_by_initials'),
        ),
        migrations.AddConstraint(
            model_name='alias',
            constraint=models.UniqueConstraint(fields=('person', 'name'), name='alias_once'),
        ),
        migrations.AddIndex(
            model_name='guardian',
            index=models.Index(fields=['person'], name='guardian_of_person'),
        ),
        migrations.AddIndex(
            model_name='order',
            index=models.Index(condition=models.Q(('received_on', None)), fields=['person'], name='order_draft'),
        ),
        migrations.RunSQL(REVERSED, REVERSED_BACK),
        migrations.RunSQL(STANDS, "SELECT 1"),
        migrations.RunSQL(BACKFILL, "SELECT 1"),
        migrations.RunPython(keys, migrations.RunPython.noop),
        migrations.RunSQL(FORWARD, BACK),
    ]
