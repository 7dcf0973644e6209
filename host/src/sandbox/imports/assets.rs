//! `wasmux:host/assets`: reads of granted objects.

use crate::sandbox::assets::Denied;
use crate::sandbox::bindings::assets::{AssetError, Host};
use crate::sandbox::guest::Guest;

impl Host for Guest {
    fn length(&mut self, uri: String) -> wasmtime::Result<Result<u64, AssetError>> {
        Ok(self.assets.length(&uri).map_err(AssetError::from))
    }

    fn read(&mut self, uri: String, offset: u64, length: u32) -> wasmtime::Result<Result<Vec<u8>, AssetError>> {
        Ok(self.assets.read(&uri, offset, length)?.map_err(AssetError::from))
    }
}

impl From<Denied> for AssetError {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::NotGranted => Self::NotGranted,
            Denied::Unavailable(reason) => Self::Unavailable(reason),
        }
    }
}
