//! A film with subtitles of every kind.

use std::fs;
use std::path::Path;
use std::process::Command;

const ENGLISH: &str = "1\n00:00:00,500 --> 00:00:01,500\nOne – straße\n\n2\n00:00:01,800 --> 00:00:02,200\n<i>Two</i>\n\n3\n00:00:03,000 --> 00:00:03,800\nThree\n\n";
const FRENCH: &str = "1\n00:00:00,200 --> 00:00:02,000\nUn\n\n2\n00:00:01,000 --> 00:00:03,000\nDeux\n\n";
const GERMAN: &str = "[Script Info]\nScriptType: v4.00+\n\n[V4+ Styles]\nFormat: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding\nStyle: Default,Arial,16,&Hffffff,&Hffffff,&H0,&H0,0,0,0,0,100,100,0,0,1,1,0,2,10,10,10,1\n\n[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\nDialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,{\\b1}Eins{\\b0}\n";

/// A picture of 8 x 2 samples that is shown from 1 s to 2 s, as Blu-ray discs have it.
fn picture() -> Vec<u8> {
    let composition = |objects: &[u8]| {
        let (state, count) = if objects.is_empty() { (0, 0) } else { (0x80, 1) };
        [&[0, 160, 0, 120, 0x10, 0, 0, state, 0, 0, count], objects].concat()
    };
    let window: &[u8] = &[1, 0, 0, 10, 0, 10, 0, 8, 0, 2];
    let palette: &[u8] = &[0, 0, 1, 200, 128, 128, 255];
    // Two lines, each a run of eight samples of colour 1.
    let lines: &[u8] = &[0, 0x88, 1, 0, 0, 0, 0x88, 1, 0, 0];
    let object = [&[0, 0, 0, 0xc0, 0, 0, 14, 0, 8, 0, 2], lines].concat();
    let shown = [
        (90_000, 0x16, composition(&[0, 0, 0, 0, 0, 10, 0, 10])),
        (90_000, 0x17, window.to_vec()),
        (90_000, 0x14, palette.to_vec()),
        (90_000, 0x15, object),
        (90_000, 0x80, Vec::new()),
        (180_000, 0x16, composition(&[])),
        (180_000, 0x17, window.to_vec()),
        (180_000, 0x80, Vec::new()),
    ];
    let mut bytes = Vec::new();
    for (time, kind, payload) in shown {
        bytes.extend_from_slice(b"PG");
        bytes.extend_from_slice(&u32::to_be_bytes(time));
        bytes.extend_from_slice(&[0; 4]);
        bytes.push(kind);
        bytes.extend_from_slice(&u16::try_from(payload.len()).unwrap().to_be_bytes());
        bytes.extend_from_slice(&payload);
    }
    bytes
}

/// Makes a film of 4 s with a key picture each second, sound, and four subtitle streams: SubRip in English (default) and in French (forced), which
/// overlaps, SubStation Alpha in German, pictures.
pub fn make(path: &Path) {
    let files: Vec<_> = [
        ("srt", ENGLISH.as_bytes().to_vec()),
        ("2.srt", FRENCH.as_bytes().to_vec()),
        ("ass", GERMAN.as_bytes().to_vec()),
        ("sup", picture()),
    ]
    .into_iter()
    .map(|(ending, bytes)| {
        let file = path.with_extension(ending);
        fs::write(&file, bytes).unwrap();
        file
    })
    .collect();
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error", "-y"]);
    command.args(["-f", "lavfi", "-i", "testsrc2=s=160x120:r=25:d=4", "-f", "lavfi", "-i", "sine=d=4:r=48000"]);
    for file in &files {
        command.arg("-i").arg(file);
    }
    for input in 0..2 + files.len() {
        command.args(["-map", &input.to_string()]);
    }
    command.args(["-c:v", "libx264", "-pix_fmt", "yuv420p", "-bf", "0", "-g", "25", "-c:a", "aac"]);
    command.args(["-c:s:0", "subrip", "-c:s:1", "subrip", "-c:s:2", "ass", "-c:s:3", "copy"]);
    for (number, language) in ["eng", "fra", "deu"].into_iter().enumerate() {
        command.args([&format!("-metadata:s:s:{number}"), &format!("language={language}")]);
    }
    command.args(["-disposition:s:0", "default", "-disposition:s:1", "forced"]).arg(path);
    assert!(command.status().unwrap().success(), "{command:?}");
    files.iter().for_each(|file| fs::remove_file(file).unwrap());
}
