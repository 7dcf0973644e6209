#!/usr/bin/env bash
# Installs the vendor's SDK for Python, which tests/tests/sdk.rs drives, below the target folder; does nothing the second time.
set -euo pipefail

PACKAGE=alibabacloud_imm20200930==5.0.3
venv="${1:?usage: setup-sdk.sh TARGET}/languages/sdk"
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
