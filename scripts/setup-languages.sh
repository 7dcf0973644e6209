#!/usr/bin/env bash
# Installs the tools that make plugins of C, JavaScript and Python, for the tests of the templates: those of the system by its package manager, the
# others into the folder that is its argument. What they need beside them is made there, so that nothing of the repository changes.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=${1:?"the folder to install into"}
package=host/templates/plugin-js/uri-policy/package.json
requirements=host/templates/plugin-py/uri-policy/requirements.txt
packages=(nodejs npm clang python3-venv)

stop() {
    printf 'setup-languages: %s\n' "$1" >&2
    exit 1
}

missing=()
command -v node >/dev/null || missing+=(nodejs)
command -v npm >/dev/null || missing+=(npm)
command -v "${CLANG:-clang}" >/dev/null || missing+=(clang)
# Debian's python3 has the module venv, but not what it needs to install pip.
python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
if ((${#missing[@]})); then
    command -v apt-get >/dev/null || stop "${missing[*]} is missing; install Node.js 18 or later with npm, clang, and Python 3.10 or later with venv"
    install="apt-get install -y --no-install-recommends ${packages[*]}"
    if [[ $(id -u) == 0 ]]; then
        sudo=
    elif sudo -n true 2>/dev/null; then
        sudo=sudo
    else
        stop "${missing[*]} is missing and this user may not install it; run: sudo $install"
    fi
    echo "setup-languages: installing ${missing[*]}"
    $sudo apt-get update -qq
    # shellcheck disable=SC2086 # words of a command
    DEBIAN_FRONTEND=noninteractive $sudo $install >/dev/null || stop "the installation failed; run: sudo $install"
fi

echo "setup-languages: npm install of what the templates in JavaScript name"
mkdir -p "$folder"
cp "$package" "$folder/package.json"
npm install --prefix "$folder" --no-audit --no-fund --loglevel=error || stop "npm could not install it into $folder"

echo "setup-languages: pip install of what the templates in Python name"
python3 -m venv "$folder/venv" || stop "there can be no virtual environment in $folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check -r "$requirements" || stop "pip could not install it into $folder/venv"
