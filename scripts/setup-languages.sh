#!/usr/bin/env bash
# Installs the tools that make plugins of JavaScript into the folder that is its argument, for the tests of the templates. Its
# `package.json` and lock file are made there, so that nothing of the repository changes.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=${1:?"the folder to install into"}
template=host/templates/plugin-js/uri-policy/package.json
packages=(nodejs npm)

stop() {
    printf 'setup-languages: %s\n' "$1" >&2
    exit 1
}

missing=()
command -v node >/dev/null || missing+=(nodejs)
command -v npm >/dev/null || missing+=(npm)
if ((${#missing[@]})); then
    command -v apt-get >/dev/null || stop "${missing[*]} is missing; install Node.js 18 or later with npm"
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
cp "$template" "$folder/package.json"
npm install --prefix "$folder" --no-audit --no-fund --loglevel=error || stop "npm could not install it into $folder"
