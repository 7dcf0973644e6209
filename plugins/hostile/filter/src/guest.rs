//! One guest, many misdeeds: the parameter `Behaviour` chooses.

#![expect(unsafe_code, reason = "generated exports and the manifest's section, written without the SDK on purpose")]
#![expect(clippy::panic, reason = "trapping is what this guest is for")]

use std::cell::{Cell, RefCell};
use std::hint::black_box;

use exports::wasmux::plugin::video::{Error, Filter, Guest, GuestFilter};
use serde_json::Value;
use wasmux::host::log::Level;
use wasmux::host::{assets, fonts, log, report};
use wasmux::media::clips::Clip;
use wasmux::media::frames::{Frame, Setup};
use wasmux::media::types::Rect;

wit_bindgen::generate!({ path: "../../../wit", world: "video-filter", generate_all });

const MANIFEST: &str = r##"{
  "name": "hostile-filter",
  "version": "0.1.0",
  "world": "wasmux:plugin/video-filter@0.1.0",
  "sdk": "none",
  "stateless": true,
  "formats": { "bit_depths": [8], "chroma": ["4:2:0", "4:4:4"], "alpha": false },
  "parameters": {
    "type": "object",
    "anyOf": [{ "required": ["Behaviour"] }, { "required": ["Watermarks"] }],
    "additionalProperties": false,
    "properties": {
      "Watermarks": {
        "type": "array",
        "minItems": 1,
        "items": { "type": "object", "required": ["Behaviour"], "properties": { "Asset": { "type": "string", "format": "asset-uri" } } }
      },
      "Behaviour": { "type": "string", "minLength": 1 },
      "Asset": { "type": "string", "format": "asset-uri" },
      "Other": { "type": "string" }
    }
  }
}"##;

#[used]
#[unsafe(link_section = "wasmux:plugin")]
static SECTION: [u8; MANIFEST.len()] = {
    let mut bytes = [0; MANIFEST.len()];
    bytes.copy_from_slice(MANIFEST.as_bytes());
    bytes
};

struct Hostile;

struct Instance {
    behaviour: String,
    frames: Cell<u64>,
    hoard: RefCell<Vec<Vec<u8>>>,
    kept: Cell<u32>,
}

impl Guest for Hostile {
    type Filter = Instance;
}

impl GuestFilter for Instance {
    fn open(setup: &Setup, parameters: String) -> Result<Filter, Error> {
        let parameters: Value = serde_json::from_str(&parameters).map_err(|error| refused(&error.to_string()))?;
        // In the role of a watermark the parameters come as a request has them.
        let parameters = parameters.pointer("/Watermarks/0").unwrap_or(&parameters);
        let text = |name: &str| parameters.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let instance = Self {
            behaviour: text("Behaviour"),
            frames: Cell::new(0),
            hoard: RefCell::default(),
            kept: Cell::new(setup.handle()),
        };
        instance.opening(setup, &text("Asset"), &text("Other"))?;
        Ok(Filter::new(instance))
    }

    fn process(&self, frame: &Frame) -> Result<(), Error> {
        let number = self.frames.get();
        self.frames.set(number + 1);
        match self.behaviour.as_str() {
            "loop-in-process" => forever(),
            "loop-in-third-frame" if number == 2 => forever(),
            "trap" => panic!("this guest panics as it was told"),
            "eat-memory-in-process" => self.eat(),
            "write-outside" => frame.write(0, Rect { x: u32::MAX, y: 0, width: 2, height: 2 }, &[0; 4]),
            "write-below" => frame.write(0, Rect { x: 0, y: 1 << 20, width: 2, height: 2 }, &[0; 4]),
            "wrong-length" => frame.write(0, Rect { x: 0, y: 0, width: 2, height: 2 }, &[0; 3]),
            "wrong-plane" => frame.write(3, Rect { x: 0, y: 0, width: 2, height: 2 }, &[0; 4]),
            "read-outside" => {
                black_box(frame.read(1, Rect { x: 0, y: 0, width: u32::MAX, height: u32::MAX }));
            }
            "late-region" => report::region(Rect { x: 0, y: 0, width: 2, height: 2 }, 0, None),
            "write-outside-region" => frame.write(0, Rect { x: 14, y: 0, width: 4, height: 2 }, &[9; 8]),
            "write-chroma-outside-region" => frame.write(1, Rect { x: 8, y: 0, width: 1, height: 1 }, &[9]),
            "write-inside-region" => {
                frame.write(0, Rect { x: 0, y: 0, width: 16, height: 16 }, &[200; 256]);
                frame.write(1, Rect { x: 0, y: 0, width: 8, height: 8 }, &[90; 64]);
            }
            "write-across-regions" => frame.write(0, Rect { x: 4, y: 0, width: 24, height: 2 }, &[77; 48]),
            "late-warning" => report::warning("Late", "Behaviour", "said while a frame was filtered"),
            "typed-error-in-process" => return Err(refused("the second half is not to my taste")),
            // The handle of the setup was dropped when `open` returned.
            "keep-setup" => {
                // SAFETY: none; the host has to notice.
                let stale = unsafe { Setup::from_handle(self.kept.get()) };
                black_box(stale.width());
                std::mem::forget(stale);
            }
            "keep-frame" => self.kept.set(frame.handle()),
            "leak-frame" => {
                // The export's glue drops the handle once more: the first drop is the misdeed.
                // SAFETY: none; the host has to notice.
                drop(unsafe { Frame::from_handle(frame.handle()) });
            }
            "call-stack-overflow" => {
                black_box(deeper(black_box(1)));
            }
            "flood-log" => flood(),
            "million-calls" => (0..1_000_000).for_each(|_| {
                black_box(frame.index());
            }),
            "endless-calls" => loop {
                black_box(frame.index());
            },
            "endless-writes" => loop {
                frame.write(0, Rect { x: 0, y: 0, width: 2, height: 2 }, &[0; 4]);
            },
            "slow" => spin(3_000_000_000),
            "log-not-utf-8" => {
                // SAFETY: none; the host has to notice that this is no UTF-8.
                log::log(Level::Info, unsafe { std::str::from_utf8_unchecked(black_box(&[0xff, 0xfe, 0x80])) }, &[]);
            }
            "error-not-utf-8" => {
                // SAFETY: none; the host has to notice that this is no UTF-8.
                return Err(refused(unsafe { std::str::from_utf8_unchecked(black_box(&[b'x', 0xc0])) }));
            }
            "write-everything" => {
                let most = u32::MAX;
                frame.write(0, Rect { x: most, y: most, width: most, height: most }, &[0; 4]);
            }
            "write-nothing-far-away" => frame.write(0, Rect { x: u32::MAX, y: u32::MAX, width: 0, height: 0 }, &[]),
            "read-chroma-far-away" => {
                black_box(frame.read(2, Rect { x: 1, y: u32::MAX, width: u32::MAX, height: 1 }));
            }
            "roundtrip" => {
                roundtrip(frame, 0, 1920, 1080);
                roundtrip(frame, 1, 960, 540);
                roundtrip(frame, 2, 960, 540);
            }
            "roundtrip-region" => roundtrip(frame, 0, 384, 216),
            "invert" | "use-asset" | "use-font" => invert(frame, 32, 16),
            _ => {}
        }
        Ok(())
    }

    fn finish(&self) -> Result<(), Error> {
        match self.behaviour.as_str() {
            "keep-frame" => {
                // SAFETY: none; the host has to notice.
                let stale = unsafe { Frame::from_handle(self.kept.get()) };
                stale.write(0, Rect { x: 0, y: 0, width: 1, height: 1 }, &[1]);
                std::mem::forget(stale);
            }
            "loop-in-finish" => forever(),
            "typed-error-in-finish" => return Err(refused("finished badly")),
            _ => {}
        }
        Ok(())
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        if self.behaviour == "loop-in-drop" {
            forever();
        }
    }
}

impl Instance {
    fn opening(&self, setup: &Setup, asset: &str, other: &str) -> Result<(), Error> {
        match self.behaviour.as_str() {
            "loop-in-open" => forever(),
            "eat-memory" => self.eat(),
            "stack-overflow" => {
                black_box(deep(black_box(1)));
            }
            "trap-in-open" => panic!("this guest panics as it was told"),
            "typed-error" => {
                return Err(Error {
                    code: "NotToMyTaste".into(),
                    message: "the behaviour is not to my taste".into(),
                    field: Some("Behaviour".into()),
                });
            }
            "long-error" => return Err(refused(&"x".repeat(300_000))),
            "huge-error" => return Err(refused(&"x".repeat(20 << 20))),
            "flood-log" => flood(),
            "long-log" => log::log(Level::Info, &"x".repeat(20 << 20), &[]),
            "flood-warnings" => (0..5000).for_each(|n| report::warning("Flood", "Behaviour", &format!("warning {n}"))),
            "many-regions" => {
                (0..5000).for_each(|n| report::region(Rect { x: n, y: 0, width: 1, height: 1 }, 0, None));
            }
            "write-outside-region" | "write-chroma-outside-region" | "write-inside-region" => {
                report::region(Rect { x: 0, y: 0, width: 16, height: 16 }, 0, None);
            }
            "write-across-regions" => {
                report::region(Rect { x: 0, y: 0, width: 16, height: 16 }, 0, None);
                report::region(Rect { x: 16, y: 0, width: 16, height: 16 }, 0, None);
            }
            "regions-without-end" => {
                let most = u32::MAX;
                report::region(Rect { x: most, y: most, width: most, height: most }, i64::MIN, Some(i64::MAX));
                report::region(Rect { x: 0, y: 0, width: most, height: most }, i64::MAX, Some(i64::MIN));
                report::region(Rect { x: most, y: 0, width: 1, height: 1 }, i64::MAX, None);
            }
            "grow-memory-in-good-faith" => while core::arch::wasm32::memory_grow(0, 16) != usize::MAX {},
            "nothing-to-do" => report::region(Rect { x: 0, y: 0, width: 0, height: 0 }, 0, None),
            "early-only" => report::region(Rect { x: 0, y: 0, width: 32, height: 16 }, 0, Some(1_000_000)),
            "ungranted-asset" => {
                let answer = assets::read(other, 0, 16);
                if !matches!(answer, Err(assets::AssetError::NotGranted)) {
                    return Err(refused("the asset was handed out"));
                }
                return Err(Error { code: "NotGranted".into(), message: "as it should be".into(), field: None });
            }
            "use-asset" => {
                let length = assets::length(asset).map_err(|error| refused(&format!("{error:?}")))?;
                let tail = assets::read(asset, length - 2, 100).map_err(|error| refused(&format!("{error:?}")))?;
                let beyond = assets::read(asset, length + 9, 100).map_err(|error| refused(&format!("{error:?}")))?;
                if tail.len() != 2 || !beyond.is_empty() {
                    return Err(refused("wrong bytes of the asset"));
                }
            }
            "greedy-asset" => loop {
                black_box(assets::read(asset, 0, u32::MAX).map_err(|error| refused(&format!("{error:?}")))?);
            },
            _ if self.behaviour.contains("clip") => self.clips(if other.is_empty() { asset } else { other })?,
            "use-font" => {
                let found = fonts::covering("a\u{4e2d}");
                let Some(font) = found.first() else { return Err(refused("no font")) };
                if font.read(font.length() - 4, 100).len() != 4 || font.name().is_empty() {
                    return Err(refused("wrong bytes of the font"));
                }
                if fonts::find("no such font").is_some() {
                    return Err(refused("a font that does not exist"));
                }
            }
            "hoard-fonts" => std::mem::forget((0..1_000_000).map(|_| fonts::covering("a")).collect::<Vec<_>>()),
            _ => {
                black_box((setup.width(), setup.height(), setup.sample_aspect(), setup.frame_rate(), setup.alpha()));
                black_box((setup.bit_depth(), setup.chroma_shift_x(), setup.chroma_shift_y(), setup.full_range()));
            }
        }
        Ok(())
    }

    fn clips(&self, uri: &str) -> Result<(), Error> {
        let open = || Clip::open(uri).map_err(|error| refused(&format!("{error:?}")));
        let advance = |clip: &Clip| clip.advance().map_err(|error| refused(&format!("{error:?}")));
        let clip = open()?;
        let (width, height) = (clip.width(), clip.height());
        match self.behaviour.as_str() {
            "clip-without-picture" => {
                black_box(clip.duration());
            }
            "clip-behind-the-end" => {
                while advance(&clip)? {}
                black_box(clip.read(Rect { x: 0, y: 0, width, height }));
            }
            "clip-outside" => {
                advance(&clip)?;
                black_box(clip.read(Rect { x: 1, y: 0, width, height }));
            }
            "many-clips" => std::mem::forget((0..100).map(|_| open()).collect::<Result<Vec<_>, _>>()?),
            "many-clips-in-turn" => (0..100).try_for_each(|_| open().map(drop))?,
            _ => {
                let mut pictures = 0;
                while advance(&clip)? {
                    pictures += 1;
                    let pixels = clip.read(Rect { x: 0, y: 0, width, height });
                    if (pixels.len(), clip.duration()) != (4 * 64 * 36, 100_000_000) {
                        return Err(refused("wrong pixels of the clip"));
                    }
                }
                if pictures != 5 {
                    return Err(refused("wrong number of pictures"));
                }
            }
        }
        Ok(())
    }

    fn eat(&self) {
        loop {
            self.hoard.borrow_mut().push(black_box(vec![1; 1 << 20]));
        }
    }
}

fn refused(message: &str) -> Error {
    Error { code: "Refused".into(), message: message.into(), field: None }
}

fn forever() {
    let mut n = 0_u64;
    while black_box(n) != u64::MAX {
        n = n.wrapping_add(2);
    }
}

/// Takes some time, and then an end.
fn spin(rounds: u64) {
    for n in 0..rounds {
        black_box(n);
    }
}

/// Exhausts the stack in linear memory first.
fn deep(n: u64) -> u64 {
    let room = black_box([n; 64]);
    if n == 0 { room[0] } else { deep(n + 1).wrapping_add(room[(n % 64) as usize]) }
}

/// Exhausts the engine's own stack first.
fn deeper(n: u64) -> u64 {
    if n == 0 { 0 } else { black_box(deeper(n + 1)).wrapping_add(n) }
}

fn flood() {
    for n in 0..5000 {
        log::log(Level::Info, &format!("line {n} {}\nsecond", "y".repeat(5000)), &[("key".into(), "value".into())]);
    }
}

fn roundtrip(frame: &Frame, plane: u8, width: u32, height: u32) {
    let area = Rect { x: 0, y: 0, width, height };
    let samples = frame.read(plane, area);
    frame.write(plane, area, &samples);
}

fn invert(frame: &Frame, width: u32, height: u32) {
    let area = Rect { x: 0, y: 0, width, height };
    let mut samples = frame.read(0, area);
    samples.iter_mut().for_each(|sample| *sample = !*sample);
    frame.write(0, area, &samples);
}

export!(Hostile);
