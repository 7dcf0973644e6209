//! The fake host of [`crate::testing`].

use std::cell::Cell;
use std::sync::Arc;

use crate::assets::AssetError;
use crate::clips::ClipError;
use crate::log::Level;
use crate::testing::{
    ClipPicture, FrameMemory, LogLine, Planes, Region, ReportedWarning, StoredClip, StoredFont, with_host,
};
use crate::{Rect, Setup};

pub(crate) fn log(level: Level, message: &str, fields: &[(&str, &str)]) {
    let fields = fields.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
    with_host(|host| host.logs.push(LogLine { level, message: message.to_owned(), fields }));
}

pub(crate) fn warning(code: &str, field: &str, message: &str) {
    let warning = ReportedWarning { code: code.to_owned(), field: field.to_owned(), message: message.to_owned() };
    with_host(|host| host.warnings.push(warning));
}

pub(crate) fn region(area: Rect, start: i64, end: Option<i64>) {
    // The panic happens outside of the borrow, so that the host can still be asked afterwards.
    let opening = with_host(|host| {
        if host.opening {
            host.regions.push(Region { area, start, end });
        }
        host.opening
    });
    assert!(opening, "it declared a region outside of `open`");
}

pub(crate) fn asset_length(uri: &str) -> Result<u64, AssetError> {
    asset(uri).map(|bytes| bytes.len() as u64)
}

pub(crate) fn asset_read(uri: &str, offset: u64, length: u32) -> Result<Vec<u8>, AssetError> {
    asset(uri).map(|bytes| slice(&bytes, offset, length).to_vec())
}

fn asset(uri: &str) -> Result<Arc<[u8]>, AssetError> {
    let granted = with_host(|host| host.assets.get(uri).cloned());
    match granted {
        None => Err(AssetError::NotGranted { uri: uri.to_owned() }),
        Some(Err(reason)) => Err(AssetError::Unavailable { uri: uri.to_owned(), reason }),
        Some(Ok(bytes)) => Ok(bytes),
    }
}

fn slice(bytes: &[u8], offset: u64, length: u32) -> &[u8] {
    let start = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
    let end = start.saturating_add(length as usize).min(bytes.len());
    &bytes[start..end]
}

pub(crate) struct ClipHandle {
    clip: Arc<StoredClip>,
    /// Number of the picture, counted from 1; 0 before the first one.
    at: Cell<usize>,
}

impl ClipHandle {
    pub(crate) fn width(&self) -> u32 {
        self.clip.width
    }

    pub(crate) fn height(&self) -> u32 {
        self.clip.height
    }

    pub(crate) fn duration(&self) -> i64 {
        self.picture().duration
    }

    fn picture(&self) -> &ClipPicture {
        let index = self.at.get().wrapping_sub(1);
        assert!(index < self.clip.pictures.len(), "it used a clip's picture where there is none");
        &self.clip.pictures[index]
    }
}

pub(crate) fn clip_open(uri: &str) -> Result<ClipHandle, ClipError> {
    if let Some(clip) = with_host(|host| host.clips.get(uri).cloned()) {
        return Ok(ClipHandle { clip, at: Cell::new(0) });
    }
    asset(uri)?;
    let reason = "the fake host knows only clips of `grant_clip`".to_owned();
    Err(ClipError::Unusable { uri: uri.to_owned(), reason })
}

pub(crate) fn clip_advance(handle: &ClipHandle, _uri: &str) -> Result<bool, ClipError> {
    let next = (handle.at.get() + 1).min(handle.clip.pictures.len() + 1);
    handle.at.set(next);
    Ok(next <= handle.clip.pictures.len())
}

pub(crate) fn clip_read(handle: &ClipHandle, area: Rect) -> Vec<u8> {
    let (width, height) = (handle.width(), handle.height());
    assert!(
        Rect::new(0, 0, width, height).contains(area),
        "{area} is not inside of the picture of {width}x{height} pixels"
    );
    let rows = handle.picture().pixels.chunks(width as usize).skip(area.y as usize).take(area.height as usize);
    rows.flat_map(|row| row[area.x as usize..(area.x + area.width) as usize].as_flattened()).copied().collect()
}

pub(crate) struct FontHandle(Arc<StoredFont>);

impl FontHandle {
    pub(crate) fn name(&self) -> String {
        self.0.name.clone()
    }

    pub(crate) fn face_index(&self) -> u32 {
        self.0.face_index
    }

    pub(crate) fn length(&self) -> u64 {
        self.0.data.len() as u64
    }

    pub(crate) fn read(&self, offset: u64, length: u32) -> Vec<u8> {
        let bytes = slice(&self.0.data, offset, length).to_vec();
        with_host(|host| host.font_bytes += bytes.len() as u64);
        bytes
    }
}

pub(crate) fn font_find(name: &str) -> Option<FontHandle> {
    with_host(|host| host.fonts.iter().find(|font| font.name == name).cloned()).map(FontHandle)
}

/// Takes the font with the most characters that no other has yet, the earlier one of equals.
pub(crate) fn fonts_covering(text: &str) -> Vec<FontHandle> {
    let mut left: Vec<char> = text.chars().collect();
    let mut chosen = Vec::new();
    loop {
        let best = with_host(|host| {
            let gain = |font: &StoredFont| left.iter().filter(|&&c| font.covers(c)).count();
            // The first of equals: `max_by_key` alone would take the last.
            host.fonts.iter().rev().max_by_key(|font| gain(font)).filter(|font| gain(font) > 0).cloned()
        });
        let Some(font) = best else { return chosen };
        left.retain(|&c| !font.covers(c));
        chosen.push(FontHandle(font));
    }
}

pub(crate) struct FrameHandle<'a> {
    pub(crate) samples: Samples<'a>,
    pub(crate) setup: &'a Setup,
}

/// Whose samples they are.
pub(crate) enum Samples<'a> {
    /// Those of the fake host.
    Own(&'a mut FrameMemory),
    /// Those of who runs the filter natively.
    Lent { planes: &'a mut dyn Planes, time: i64, duration: i64, index: u64 },
}

impl FrameHandle<'_> {
    pub(crate) fn time(&self) -> i64 {
        match &self.samples {
            Samples::Own(memory) => memory.time,
            Samples::Lent { time, .. } => *time,
        }
    }

    pub(crate) fn duration(&self) -> i64 {
        match &self.samples {
            Samples::Own(memory) => memory.duration,
            Samples::Lent { duration, .. } => *duration,
        }
    }

    pub(crate) fn index(&self) -> u64 {
        match &self.samples {
            Samples::Own(memory) => memory.index,
            Samples::Lent { index, .. } => *index,
        }
    }

    pub(crate) fn read(&self, plane: u8, area: Rect) -> Vec<u8> {
        match &self.samples {
            Samples::Own(memory) => memory.read(self.setup, plane, area),
            Samples::Lent { planes, .. } => planes.read(plane, area),
        }
    }

    pub(crate) fn write(&mut self, plane: u8, area: Rect, data: &[u8]) {
        match &mut self.samples {
            Samples::Own(memory) => memory.write(self.setup, plane, area, data),
            Samples::Lent { planes, .. } => planes.write(plane, area, data),
        }
    }
}
