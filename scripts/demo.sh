#!/usr/bin/env bash
# Starts a server, submits the guide's watermark request for Big Buck Bunny over HTTP, and shows what came out.
set -euo pipefail
cd "$(dirname "$0")/.."
target=${1:-target}
wasmux=$target/release/wasmux
demo=$target/demo
rm -rf "$demo"
mkdir -p "$demo"
cp assets/bigbuckbunny.mp4 assets/logo.png "$demo"
data=$(mktemp -d)
server=

end() {
    [[ -z $server ]] || { kill "$server" && wait "$server"; } || true
    rm -rf "$data"
}
trap end EXIT

show() {
    local said="${*//$demo/\$DEMO}"
    printf '\n$ %s\n' "${said//$data/\$DATA}"
    "$@"
}
printf 'Big Buck Bunny, (c) 2008 Blender Foundation, www.bigbuckbunny.org, CC BY 3.0\nDEMO=%s\n' "$demo"

printf '\n$ wasmux serve --listen 127.0.0.1:0 --data $DATA --bucket demo=$DEMO &\n'
"$wasmux" serve --listen 127.0.0.1:0 --data "$data" --bucket "demo=$demo" --cache "$target/demo-cache" >"$data/said" &
server=$!
while ! grep -q . "$data/said"; do
    kill -0 "$server" 2>/dev/null || { echo "demo: the server did not start" >&2; exit 1; }
    sleep 0.05
done
cat "$data/said"
WASMUX_SERVER=$(sed 's/listening on //' "$data/said")
export WASMUX_SERVER

show "$wasmux" submit assets/demo.json --plan
show "$wasmux" submit assets/demo.json
show "$wasmux" status
out=$demo/out/bigbuckbunny-1920x1080.mp4
show "$wasmux" probe "$out"
show "$wasmux" frame "$out" "$demo/frame.png" --at 2.5
show cat "$data/notifications/demo.jsonl"
printf '\nLook at %s: the logo at the top left, the text at the bottom right.\n' "$demo/frame.png"
