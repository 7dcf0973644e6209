//! `wasmux:media/clips`: movies among the granted objects.

use wasmtime::component::Resource;

use crate::media::{Clip, RectError};
use crate::sandbox::assets::{Denied, NoClip};
use crate::sandbox::bindings::clips::{ClipError, Host, HostClip};
use crate::sandbox::bindings::types::Rect;
use crate::sandbox::failure::Stop;
use crate::sandbox::guest::Guest;

/// How many clips of one instance are open.
#[derive(Debug)]
pub(in crate::sandbox) struct Clips {
    open: u32,
    limit: u32,
}

impl Clips {
    pub(in crate::sandbox) fn new(limit: u32) -> Self {
        Self { open: 0, limit }
    }

    fn add(&mut self) -> Result<(), Stop> {
        if self.open >= self.limit {
            let limit = self.limit;
            return Err(Stop::TooMuch(format!(
                "it wanted more than {limit} clips open at the same time (limit clips)"
            )));
        }
        self.open += 1;
        Ok(())
    }
}

impl Host for Guest {}

impl HostClip for Guest {
    fn open(&mut self, uri: String) -> wasmtime::Result<Result<Resource<Clip>, ClipError>> {
        self.clips.add()?;
        match self.assets.clip(&uri) {
            Ok(clip) => Ok(Ok(self.table.push(clip)?)),
            Err(error) => {
                self.clips.open -= 1;
                Ok(Err(error.into()))
            }
        }
    }

    fn width(&mut self, clip: Resource<Clip>) -> wasmtime::Result<u32> {
        Ok(self.table.get(&clip)?.width())
    }

    fn height(&mut self, clip: Resource<Clip>) -> wasmtime::Result<u32> {
        Ok(self.table.get(&clip)?.height())
    }

    fn advance(&mut self, clip: Resource<Clip>) -> wasmtime::Result<Result<bool, ClipError>> {
        let advanced = self.table.get_mut(&clip)?.advance();
        Ok(advanced.map_err(|error| ClipError::Unusable(error.to_string())))
    }

    fn duration(&mut self, clip: Resource<Clip>) -> wasmtime::Result<i64> {
        let duration = self.table.get(&clip)?.duration();
        Ok(duration.ok_or_else(no_picture)?)
    }

    fn read(&mut self, clip: Resource<Clip>, area: Rect) -> wasmtime::Result<Vec<u8>> {
        let read = self.table.get(&clip)?.read(area.into());
        Ok(read.map_err(|error| match error {
            RectError::NoSuchPlane { .. } => no_picture(),
            error => Stop::Misuse(format!("it asked for pixels that do not exist: {error}")),
        })?)
    }

    fn drop(&mut self, clip: Resource<Clip>) -> wasmtime::Result<()> {
        self.table.delete(clip)?;
        self.clips.open -= 1;
        Ok(())
    }
}

fn no_picture() -> Stop {
    Stop::Misuse("it used a clip's picture where there is none".into())
}

impl From<NoClip> for ClipError {
    fn from(error: NoClip) -> Self {
        match error {
            NoClip::Denied(Denied::NotGranted) => Self::NotGranted,
            NoClip::Denied(Denied::Unavailable(reason)) => Self::Unavailable(reason),
            NoClip::Unusable(reason) => Self::Unusable(reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_clips_are_limited() {
        let mut clips = Clips::new(2);
        assert!(clips.add().is_ok() && clips.add().is_ok());
        assert!(clips.add().unwrap_err().to_string().contains("2 clips"));
        clips.open -= 1;
        assert!(clips.add().is_ok());
    }
}
