#!/usr/bin/env bash
# Installs what the build needs and is not there yet; says what it does before it does it; does nothing the second time.
set -euo pipefail

packages=(pkg-config clang libclang-dev libavcodec-dev libavformat-dev libavfilter-dev libavutil-dev libswscale-dev
    libswresample-dev ffmpeg fonts-noto-cjk fonts-noto-color-emoji fonts-dejavu-core
    gcc libc6-dev curl ca-certificates)

stop() {
    printf 'setup: %s\n' "$1" >&2
    exit 1
}

if command -v dpkg-query >/dev/null; then
    missing=()
    for package in "${packages[@]}"; do
        [[ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" == installed ]] || missing+=("$package")
    done
    if ((${#missing[@]})); then
        install="apt-get install -y --no-install-recommends ${missing[*]}"
        if [[ $(id -u) == 0 ]]; then
            sudo=
        elif sudo -n true 2>/dev/null; then
            sudo=sudo
        else
            stop "packages are missing and this user may not install them; run: sudo $install"
        fi
        echo "setup: installing ${missing[*]}"
        $sudo apt-get update -qq
        # shellcheck disable=SC2086 # words of a command
        DEBIAN_FRONTEND=noninteractive $sudo $install >/dev/null || stop "the installation failed; run: sudo $install"
    fi
else
    pkg-config --exists libavcodec libavformat libavfilter libswscale libswresample ||
        stop "this is no Debian system; install FFmpeg 5.1 or later with its development files, libclang, a CJK font and pkg-config"
fi

command -v cargo >/dev/null || stop "cargo is missing; run: curl https://sh.rustup.rs -sSf | sh"
if [[ ! -d "$(rustc --print target-libdir --target wasm32-unknown-unknown)" ]]; then
    command -v rustup >/dev/null ||
        stop "the target wasm32-unknown-unknown is missing and rustup is not there; install it with your Rust's packages"
    echo "setup: rustup target add wasm32-unknown-unknown"
    rustup target add wasm32-unknown-unknown
fi
