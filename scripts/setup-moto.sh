#!/usr/bin/env bash
# Installs moto, whose S3 server tests/tests/object_stores.rs talks to, below the target folder; does nothing the second time.
set -euo pipefail

PACKAGE=moto==5.2.5
venv="${1:?usage: setup-moto.sh TARGET}/languages/moto"
done="$venv/$PACKAGE"
[ -e "$done" ] && exit 0
echo "installing $PACKAGE into $venv"
if ! python3 -c 'import ensurepip' 2> /dev/null; then
    sudo=$([ "$(id -u)" = 0 ] || echo sudo)
    $sudo apt-get install -y --no-install-recommends python3 python3-venv
fi
python3 -m venv --clear "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check "${PACKAGE/==/[server,s3]==}"
touch "$done"
