#!/usr/bin/env bash
# Keeps what a release promises: its WIT, and a few components that were built for it. Run once, when a version is released, and
# commit what it wrote: tests run these components on every later host.
#   scripts/freeze.sh TARGET_FOLDER [REPOSITORY]
set -euo pipefail
target=$1
repository=${2:-$(dirname "$0")/..}
# Together they import everything that there is.
components=(lut hostile_filter dated_uri per_title)
wit="$repository/wit"
version=$(sed -nE 's/^package wasmux:plugin@([^;]+);.*/\1/p' "$wit/worlds.wit")
if [[ -z "$version" ]]; then
    echo "freeze: $wit/worlds.wit names no version" >&2
    exit 1
fi
released="$wit/released/$version"
frozen="$repository/tests/fixtures/frozen/$version"
for folder in "$released" "$frozen"; do
    if [[ -e "$folder" ]]; then
        echo "freeze: $folder is there: $version is released and does not change any more" >&2
        exit 1
    fi
done
for component in "${components[@]}"; do
    if [[ ! -f "$target/wasm32-unknown-unknown/release/$component.wasm" ]]; then
        echo "freeze: $component.wasm is missing: run \`make plugins\` first" >&2
        exit 1
    fi
done
mkdir -p "$released" "$frozen"
cp "$wit/worlds.wit" "$released"
cp -r "$wit/deps" "$released"
for component in "${components[@]}"; do
    cp "$target/wasm32-unknown-unknown/release/$component.wasm" "$frozen"
done
echo "froze $version: $released, $frozen"
