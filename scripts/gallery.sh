#!/usr/bin/env bash
# Makes docs/gallery.png: each target of assets/gallery.json is run by wasmux, and one frame of each becomes a picture of the sheet.
set -euo pipefail
cd "$(dirname "$0")/.."
wasmux=${1:-target}/release/wasmux
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
captions=(
    'text, borders of 2 and 4 pixels' 'Chinese, Japanese, Korean' 'Arabic' 'scripts mixed in a line'
    'opacity 0.5, several lines' 'a picture in the four corners' 'scaled, and stretched' 'a translucent picture'
    'delogo: mosaic' 'delogo: blur' 'delogo: interpolate' 'mosaic of strength 0.3 and 1'
)
cp assets/bigbuckbunny.mp4 assets/logo.png "$work"
ffmpeg -nostdin -v error -i assets/logo.png -vf format=rgba,colorchannelmixer=aa=0.5 "$work/sheer.png"
"$wasmux" run assets/gallery.json --bucket "gallery=$work"
for index in "${!captions[@]}"; do
    name=$(printf %02d $((index + 1)))
    "$wasmux" frame "$work/$name.mkv" "$work/$name.frame.png" --at 0
    printf %s "${captions[index]}" >"$work/caption"
    ffmpeg -nostdin -v error -i "$work/$name.frame.png" -vf "pad=iw+8:ih+30:4:26:0x202020,
        drawtext=font='DejaVu Sans':textfile=$work/caption:fontsize=15:fontcolor=white:x=6:y=6" "$work/$name.tile.png"
done
ffmpeg -nostdin -v error -y -i "$work/%02d.tile.png" -filter_complex \
    'tile=3x4,split[a][b];[a]palettegen=max_colors=256[p];[b][p]paletteuse=dither=bayer:bayer_scale=4' -frames:v 1 docs/gallery.png
echo "docs/gallery.png: $(stat -c %s docs/gallery.png) bytes"
