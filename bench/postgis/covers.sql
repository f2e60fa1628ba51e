-- (a) Inside or outside by ST_Covers, hysteresis of three; the accuracy of a fix is ignored.
CREATE FUNCTION judge() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  place geometry := ST_SetSRID(ST_MakePoint(NEW.lon, NEW.lat), 4326);
  f record;
BEGIN
  UPDATE newest SET taken = NEW.taken, lon = NEW.lon, lat = NEW.lat
   WHERE person = NEW.person AND taken < NEW.taken;
  IF NOT FOUND THEN
    RETURN NEW;
  END IF;
  FOR f IN
    SELECT b.fence, b.is_beyond, b.run, b.since, ST_Covers(e.area, place) <> e.keeps_inside AS beyond
      FROM bound b JOIN fence e ON e.id = b.fence
     WHERE b.person = NEW.person
  LOOP
    IF f.beyond = f.is_beyond THEN
      IF f.run > 0 THEN
        UPDATE bound SET run = 0, since = NULL WHERE person = NEW.person AND fence = f.fence;
      END IF;
    ELSIF f.run < 2 THEN
      UPDATE bound SET run = f.run + 1, since = coalesce(f.since, NEW.taken)
       WHERE person = NEW.person AND fence = f.fence;
    ELSE
      UPDATE bound SET is_beyond = f.beyond, run = 0, since = NULL
       WHERE person = NEW.person AND fence = f.fence;
      IF f.beyond THEN
        INSERT INTO alarm (person, fence, began, raised) VALUES (NEW.person, f.fence, f.since, NEW.taken);
      ELSE
        UPDATE alarm SET ended = NEW.taken
         WHERE person = NEW.person AND fence = f.fence AND ended IS NULL;
      END IF;
    END IF;
  END LOOP;
  RETURN NEW;
END $$;
CREATE TRIGGER judge BEFORE INSERT ON position FOR EACH ROW EXECUTE FUNCTION judge();
