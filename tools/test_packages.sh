# What the tests need from Debian besides python3: a browser and Chinese type. Root installs, others are told.
missing=""
command -v chromium > /dev/null || missing="chromium"
[ -n "$(ls /usr/share/fonts/opentype/noto/NotoSansCJK-*.ttc 2> /dev/null)" ] || missing="$missing fonts-noto-cjk"
[ -z "$missing" ] && exit 0
if [ "$(id -u)" = 0 ]; then
  echo "installing for the tests: $missing"
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
else
  echo "missing Debian packages for the tests: $missing (apt install $missing)"
  exit 1
fi
