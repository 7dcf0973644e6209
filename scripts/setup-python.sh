#!/usr/bin/env bash
# Installs what tests need of Python, each into an environment of its own below the target folder; does nothing the second time.
#   scripts/setup-python.sh TARGET_FOLDER
set -euo pipefail
target="${1:?usage: setup-python.sh TARGET_FOLDER}"

# install FOLDER PACKAGE==VERSION [EXTRAS]
install() {
    local venv="$target/languages/$1" package="$2" extras="${3:-}"
    [ -e "$venv/$package" ] && return
    echo "installing $package into $venv"
    if ! python3 -c 'import ensurepip' 2> /dev/null; then
        local sudo
        sudo=$([ "$(id -u)" = 0 ] || echo sudo)
        $sudo apt-get install -y --no-install-recommends python3 python3-venv
    fi
    python3 -m venv --clear "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check "${package/==/$extras==}"
    touch "$venv/$package"
}

# The vendor's SDK, which tests/tests/sdk.rs drives.
install sdk alibabacloud_imm20200930==5.0.3
# Which tests/tests/openapi.rs lets loose on the service.
install schemathesis schemathesis==4.32.5
# Whose S3 server tests/tests/object_stores.rs talks to.
install moto moto==5.2.5 "[server,s3]"
