#!/usr/bin/env bash
# Installs schemathesis, which tests/tests/openapi.rs lets loose on the service, below the target folder; does nothing the second time.
set -euo pipefail

PACKAGE=schemathesis==4.32.5
venv="${1:?usage: setup-schemathesis.sh TARGET}/languages/schemathesis"
done="$venv/$PACKAGE"
[ -e "$done" ] && exit 0
echo "installing $PACKAGE into $venv"
if ! python3 -c 'import ensurepip' 2> /dev/null; then
    sudo=$([ "$(id -u)" = 0 ] || echo sudo)
    $sudo apt-get install -y --no-install-recommends python3 python3-venv
fi
python3 -m venv --clear "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check "$PACKAGE"
touch "$done"
