# What `make bench` needs from Debian: the PostgreSQL and PostGIS that Debian packs. Root installs, others are told.
[ -f /usr/share/postgresql/15/extension/postgis.control ] && [ -x /usr/lib/postgresql/15/bin/postgres ] && exit 0
if [ "$(id -u)" = 0 ]; then
  echo "installing for the bench: postgresql-15-postgis-3"
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql-15 postgresql-15-postgis-3
else
  echo "missing Debian package for the PostGIS rows: postgresql-15-postgis-3 (apt install postgresql-15-postgis-3)"
fi
