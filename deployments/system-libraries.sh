#!/usr/bin/env bash
# Makes sure that the libraries under WeasyPrint are there: installs them on Debian as root, else says how.
set -euo pipefail

wanted=(libpango-1.0.so.0 libpangoft2-1.0.so.0 libharfbuzz-subset.so.0 libfontconfig.so.1)
packages=(libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fontconfig fonts-dejavu-core)

missing() {
  local known
  known=$(PATH="$PATH:/sbin:/usr/sbin" ldconfig -p 2>/dev/null || true)
  for library in "${wanted[@]}"; do
    grep -qF "$library" <<<"$known" || echo "$library"
  done
}

# Only Linux has ldconfig; elsewhere the PDF itself says what it misses.
[ "$(uname -s)" = Linux ] || exit 0
[ -n "$(missing)" ] || exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "Installing the libraries under the PDF renderer …"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq >/dev/null
  apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
  [ -z "$(missing)" ] && exit 0
fi

echo "The PDF renderer needs libraries that aren't on this machine: $(missing | xargs)." >&2
echo "On Debian or Ubuntu: sudo apt-get install ${packages[*]}" >&2
echo "Elsewhere install Pango, HarfBuzz (with its subset library), Fontconfig and one font." >&2
exit 2
