#!/usr/bin/env bash
# Makes a tarball for this machine's kind: the binary, its man pages and completions, the documents, and the licences of all that is in it.
# dist.sh TARGET_FOLDER
set -euo pipefail
cd "$(dirname "$0")/.."
target=${1:?the target folder}
version=$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' Cargo.toml)
name=wasmux-$version-$(uname -m)-linux
root=$target/dist/$name
rm -rf "$root"
mkdir -p "$root/man" "$root/completions" "$root/licences"

install -s -m755 "$target/release/wasmux" "$root/wasmux"
"$root/wasmux" manual man "$root/man"
for shell in bash zsh fish; do
    "$root/wasmux" manual completions "$shell" >"$root/completions/wasmux.$shell"
done
cp -r README.md CHANGELOG.md LICENSE docs packaging "$root"

# Every crate that is linked in, with the texts that it comes with. Crates that come without a text name their licence.
cargo tree --locked -p wasmux -e normal --prefix none -f '{p}|{l}' | sed 's/ (\*)$//' | sort -u | grep -v '(/' >"$root/licences/list"
folders=$(cargo metadata --locked --format-version 1 | grep -o '"manifest_path":"[^"]*"' | cut -d'"' -f4 | xargs -n1 dirname)
while IFS='|' read -r crate licence; do
    read -r crate version <<<"${crate%% (*}"
    folder=$(grep -m1 "/$crate-${version#v}\$" <<<"$folders") || { echo "dist: the source of $crate $version is not there" >&2; exit 1; }
    texts=$(find "$folder" -maxdepth 1 -type f \( -iname 'licen[cs]e*' -o -iname 'copying*' -o -iname 'notice*' \))
    mkdir -p "$root/licences/$crate-$version"
    echo "$licence" >"$root/licences/$crate-$version/SPDX"
    [[ -z $texts ]] || xargs -d '\n' cp -t "$root/licences/$crate-$version" <<<"$texts"
done <"$root/licences/list"
rm "$root/licences/list"
find "$root" -type f -exec chmod go+r {} +

# The same input gives the same tarball.
tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$(git log -1 --format=%ct)" -C "$target/dist" -cf - "$name" | gzip -n >"$target/dist/$name.tar.gz"
echo "$target/dist/$name.tar.gz"
