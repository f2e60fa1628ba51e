-- Where our own side writes: the journal as the product has it (columns, indexes, the check of the version),
-- alarms and rows as the pipelines have them. `copied` is for the bare COPY loop, `kept` for our rows.
CREATE TABLE monitoring_measuresversion (id smallint PRIMARY KEY, version bigint);
INSERT INTO monitoring_measuresversion VALUES (1, 1);
CREATE TABLE monitoring_journalblock (
  id bigserial PRIMARY KEY, written_at timestamptz, key_hour varchar(10), measures_version bigint, fixes int,
  taken_from timestamptz, taken_to timestamptz, measures bigint[], body bytea
);
CREATE INDEX ON monitoring_journalblock (taken_to);
CREATE INDEX ON monitoring_journalblock (written_at);
CREATE INDEX ON monitoring_journalblock USING gin (measures);
CREATE FUNCTION check_version() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE v bigint; BEGIN
  SELECT version INTO v FROM monitoring_measuresversion WHERE id = 1 FOR SHARE;
  IF v <> NEW.measures_version THEN RAISE EXCEPTION 'stale' USING ERRCODE = 'SF001'; END IF;
  RETURN NEW; END $$;
CREATE TRIGGER journal_check BEFORE INSERT ON monitoring_journalblock
  FOR EACH ROW EXECUTE FUNCTION check_version();
CREATE FUNCTION monitoring_write_block(
    at timestamptz, hour text, version bigint, n int, first timestamptz, last timestamptz, numbers bigint[],
    sealed bytea) RETURNS bigint LANGUAGE plpgsql SECURITY INVOKER AS $$
DECLARE block bigint;
BEGIN
    PERFORM set_config('sifang.system_purpose', 'watch', true), pg_advisory_xact_lock_shared(1375340034);
    INSERT INTO monitoring_journalblock (written_at, key_hour, measures_version, fixes, taken_from, taken_to,
                                         measures, body)
    VALUES (at, hour, version, n, first, last, numbers, sealed) RETURNING id INTO block;
    PERFORM pg_notify('sifang_fixes', block::text);
    RETURN block;
END $$;
CREATE TABLE alarm (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  side text NOT NULL, person int NOT NULL, fence int NOT NULL,
  began timestamptz NOT NULL, raised timestamptz NOT NULL, ended timestamptz
);
CREATE INDEX ON alarm (side, person, fence) WHERE ended IS NULL;
CREATE TABLE copied (
  person int NOT NULL, taken timestamptz NOT NULL, lon double precision NOT NULL, lat double precision NOT NULL,
  accuracy_m real NOT NULL, flags int NOT NULL, speed_kmh real NOT NULL, course_deg real NOT NULL,
  altitude_m real NOT NULL
);
CREATE INDEX ON copied (person, taken);
CREATE TABLE kept (LIKE copied INCLUDING ALL);
