#!/usr/bin/env bash
# Makes sure that the libraries and fonts under the PDF renderer are there: installs them on Debian as root,
# else says how. Without the fonts only texts that need them fail, and say so.
set -euo pipefail

wanted=(libpango-1.0.so.0 libpangoft2-1.0.so.0 libharfbuzz-subset.so.0 libfontconfig.so.1)
packages=(libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fontconfig fonts-dejavu-core)
fonts=(fonts-noto-cjk fonts-noto-color-emoji)

missing() {
  local known
  known=$(PATH="$PATH:/sbin:/usr/sbin" ldconfig -p 2>/dev/null || true)
  for library in "${wanted[@]}"; do
    grep -qF "$library" <<<"$known" || echo "$library"
  done
}

missing_fonts() {
  [ -e /usr/share/fonts/truetype/noto/NotoColorEmoji.ttf ] || echo fonts-noto-color-emoji
  [ -e /usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc ] || echo fonts-noto-cjk
}

# Only Linux has ldconfig; elsewhere the PDF itself says what it misses.
[ "$(uname -s)" = Linux ] || exit 0
[ -n "$(missing)$(missing_fonts)" ] || exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "Installing the libraries and fonts under the PDF renderer …"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq >/dev/null
  apt-get install -y -qq --no-install-recommends "${packages[@]}" "${fonts[@]}" >/dev/null
fi

if [ -z "$(missing)" ]; then
  [ -z "$(missing_fonts)" ] ||
    echo "Chinese, Japanese, Korean and emoji need fonts; on Debian or Ubuntu: sudo apt-get install $(missing_fonts | xargs)" >&2
  exit 0
fi

echo "The PDF renderer needs libraries that aren't on this machine: $(missing | xargs)." >&2
echo "On Debian or Ubuntu: sudo apt-get install ${packages[*]}" >&2
echo "Elsewhere install Pango, HarfBuzz (with its subset library), Fontconfig and one font." >&2
exit 2
