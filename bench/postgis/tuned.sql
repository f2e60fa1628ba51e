-- (c) Accuracy-aware, tuned: areas and lines cut into small pieces with GiST indexes. The side is asked of
-- the one piece at hand, and instead of a distance only whether a piece of line lies within the accuracy.
CREATE TABLE area_piece (fence int NOT NULL, piece geometry(Polygon, 4326) NOT NULL);
INSERT INTO area_piece SELECT id, ST_Subdivide(area, 32) FROM fence;
CREATE INDEX ON area_piece USING gist (piece);
CREATE TABLE line_piece (fence int NOT NULL, piece geometry(LineString, 4326) NOT NULL);
INSERT INTO line_piece SELECT id, ST_Subdivide(ST_Boundary(area), 8) FROM fence;
CREATE INDEX ON line_piece USING gist (piece);
ANALYZE area_piece;
ANALYZE line_piece;
CREATE FUNCTION judge() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  place geometry := ST_SetSRID(ST_MakePoint(NEW.lon, NEW.lat), 4326);
  -- a little more than the accuracy in degrees at these latitudes: for the index only
  around geometry := ST_Expand(place, NEW.accuracy_m / 85000.0, NEW.accuracy_m / 110000.0);
  unsure int[] := ARRAY(SELECT l.fence FROM line_piece l
                         WHERE l.piece && around
                           AND ST_DWithin(l.piece::geography, place::geography, NEW.accuracy_m));
  inside int[] := ARRAY(SELECT a.fence FROM area_piece a WHERE ST_Covers(a.piece, place));
  f record;
BEGIN
  UPDATE newest SET taken = NEW.taken, lon = NEW.lon, lat = NEW.lat
   WHERE person = NEW.person AND taken < NEW.taken;
  IF NOT FOUND THEN
    RETURN NEW;
  END IF;
  FOR f IN
    SELECT b.fence, b.is_beyond, b.run, b.since, (b.fence = ANY (inside)) <> e.keeps_inside AS beyond
      FROM bound b JOIN fence e ON e.id = b.fence
     WHERE b.person = NEW.person AND b.fence <> ALL (unsure)
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
