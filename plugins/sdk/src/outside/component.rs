//! The host's imports, translated into the SDK's own types.

use crate::assets::AssetError;
use crate::bindings::imports::wasmux::host::{assets, fonts, log as lines, report};
use crate::bindings::imports::wasmux::media::{clips, frames, types};
use crate::clips::ClipError;
use crate::log::Level;
use crate::{Ratio, Rect, Setup};

fn wire_rect(area: Rect) -> types::Rect {
    types::Rect { x: area.x, y: area.y, width: area.width, height: area.height }
}

fn ratio(ratio: types::Ratio) -> Ratio {
    Ratio::new(ratio.numerator, ratio.denominator)
}

pub(crate) fn log(level: Level, message: &str, fields: &[(&str, &str)]) {
    let level = match level {
        Level::Trace => lines::Level::Trace,
        Level::Debug => lines::Level::Debug,
        Level::Info => lines::Level::Info,
        Level::Warn => lines::Level::Warn,
        Level::Error => lines::Level::Error,
    };
    let fields: Vec<_> = fields.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
    lines::log(level, message, &fields);
}

pub(crate) fn warning(code: &str, field: &str, message: &str) {
    report::warning(code, field, message);
}

pub(crate) fn region(area: Rect, start: i64, end: Option<i64>) {
    report::region(wire_rect(area), start, end);
}

fn asset_error(uri: &str, error: assets::AssetError) -> AssetError {
    let uri = uri.to_owned();
    match error {
        assets::AssetError::NotGranted => AssetError::NotGranted { uri },
        assets::AssetError::Unavailable(reason) => AssetError::Unavailable { uri, reason },
    }
}

pub(crate) fn asset_length(uri: &str) -> Result<u64, AssetError> {
    assets::length(uri).map_err(|error| asset_error(uri, error))
}

pub(crate) fn asset_read(uri: &str, offset: u64, length: u32) -> Result<Vec<u8>, AssetError> {
    assets::read(uri, offset, length).map_err(|error| asset_error(uri, error))
}

pub(crate) use clips::Clip as ClipHandle;

fn clip_error(uri: &str, error: clips::ClipError) -> ClipError {
    let uri = uri.to_owned();
    match error {
        clips::ClipError::NotGranted => AssetError::NotGranted { uri }.into(),
        clips::ClipError::Unavailable(reason) => AssetError::Unavailable { uri, reason }.into(),
        clips::ClipError::Unusable(reason) => ClipError::Unusable { uri, reason },
    }
}

pub(crate) fn clip_open(uri: &str) -> Result<ClipHandle, ClipError> {
    clips::Clip::open(uri).map_err(|error| clip_error(uri, error))
}

pub(crate) fn clip_advance(clip: &ClipHandle, uri: &str) -> Result<bool, ClipError> {
    clip.advance().map_err(|error| clip_error(uri, error))
}

pub(crate) fn clip_read(clip: &ClipHandle, area: Rect) -> Vec<u8> {
    clip.read(wire_rect(area))
}

pub(crate) use fonts::Font as FontHandle;

pub(crate) fn font_find(name: &str) -> Option<FontHandle> {
    fonts::find(name)
}

pub(crate) fn fonts_covering(text: &str) -> Vec<FontHandle> {
    fonts::covering(text)
}

pub(crate) struct FrameHandle<'a>(pub(crate) &'a frames::Frame);

impl FrameHandle<'_> {
    pub(crate) fn time(&self) -> i64 {
        self.0.time()
    }

    pub(crate) fn duration(&self) -> i64 {
        self.0.duration()
    }

    pub(crate) fn index(&self) -> u64 {
        self.0.index()
    }

    pub(crate) fn read(&self, plane: u8, area: Rect) -> Vec<u8> {
        self.0.read(plane, wire_rect(area))
    }

    pub(crate) fn write(&mut self, plane: u8, area: Rect, data: &[u8]) {
        self.0.write(plane, wire_rect(area), data);
    }
}

/// All facts at once: fourteen calls of 65 ns, so that a setup is plain data from then on.
pub(crate) fn setup(wire: &frames::Setup) -> Setup {
    Setup {
        width: wire.width(),
        height: wire.height(),
        sample_aspect: ratio(wire.sample_aspect()),
        frame_rate: wire.frame_rate().map(ratio),
        bit_depth: wire.bit_depth(),
        chroma_shift: (wire.chroma_shift_x(), wire.chroma_shift_y()),
        chroma_location: wire.chroma_location(),
        alpha: wire.alpha(),
        colour_primaries: wire.colour_primaries(),
        transfer_characteristics: wire.transfer_characteristics(),
        matrix_coefficients: wire.matrix_coefficients(),
        full_range: wire.full_range(),
    }
}
