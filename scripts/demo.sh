#!/usr/bin/env bash
# Runs the guide's watermark request on Big Buck Bunny and shows what came out.
set -euo pipefail
cd "$(dirname "$0")/.."
target=${1:-target}
wasmux=$target/release/wasmux
demo=$target/demo
rm -rf "$demo"
mkdir -p "$demo"
cp assets/bigbuckbunny.mp4 assets/logo.png "$demo"

show() {
    printf '\n$ %s\n' "${*//$demo/\$DEMO}"
    "$@"
}
printf 'Big Buck Bunny, (c) 2008 Blender Foundation, www.bigbuckbunny.org, CC BY 3.0\nDEMO=%s\n' "$demo"
show "$wasmux" run assets/demo.json --bucket "demo=$demo"
out=$demo/out/bigbuckbunny-1920x1080.mp4
show "$wasmux" probe "$out"
show "$wasmux" frame "$out" "$demo/frame.png" --at 2.5
printf '\nLook at %s: the logo at the top left, the text at the bottom right.\n' "$demo/frame.png"
