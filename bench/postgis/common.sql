-- What the three pipelines have in common; run in a schema of its own for each of them.
-- One row for each person and fence holds the hysteresis; a change of side needs three fixes in a row.
CREATE TABLE fence (
  id int PRIMARY KEY,
  keeps_inside boolean NOT NULL,           -- true: leaving raises an alarm; false: entering does
  area geometry(Polygon, 4326) NOT NULL
);
CREATE TABLE bound (
  person int NOT NULL,
  fence int NOT NULL REFERENCES fence,
  is_beyond boolean NOT NULL DEFAULT false,
  run int NOT NULL DEFAULT 0,              -- fixes in a row that say the contrary
  since timestamptz,                       -- the first of them
  PRIMARY KEY (person, fence)
) WITH (fillfactor = 50);                  -- room for updates in place
-- The newest fix of each person: what is not newer is kept but not judged, as in our engine, because three
-- in a row means nothing out of order; silence and the live map need the row as well.
CREATE TABLE newest (
  person int PRIMARY KEY,
  taken timestamptz NOT NULL,
  lon double precision,
  lat double precision
) WITH (fillfactor = 50);
CREATE TABLE alarm (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  person int NOT NULL,
  fence int NOT NULL,
  began timestamptz NOT NULL,
  raised timestamptz NOT NULL,
  ended timestamptz
);
CREATE INDEX ON alarm (person, fence) WHERE ended IS NULL;
CREATE TABLE position (
  person int NOT NULL,
  taken timestamptz NOT NULL,
  lon double precision NOT NULL,
  lat double precision NOT NULL,
  accuracy_m real NOT NULL,
  flags int NOT NULL,
  speed_kmh real NOT NULL,
  course_deg real NOT NULL,
  altitude_m real NOT NULL
);
CREATE INDEX ON position (person, taken);
