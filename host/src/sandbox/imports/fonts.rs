//! `wasmux:host/fonts`: handles of the host's fonts.

use wasmtime::component::Resource;

use crate::sandbox::bindings::fonts::{Host, HostFont};
use crate::sandbox::fonts::Font;
use crate::sandbox::guest::Guest;

impl Host for Guest {
    fn find(&mut self, name: String) -> wasmtime::Result<Option<Resource<Font>>> {
        match self.fonts.find(&name) {
            Some(font) => Ok(Some(self.table.push(font)?)),
            None => Ok(None),
        }
    }

    fn covering(&mut self, text: String) -> wasmtime::Result<Vec<Resource<Font>>> {
        let fonts = self.fonts.covering(&text);
        fonts.into_iter().map(|font| Ok(self.table.push(font)?)).collect()
    }
}

impl HostFont for Guest {
    fn name(&mut self, font: Resource<Font>) -> wasmtime::Result<String> {
        Ok(self.table.get(&font)?.full_name.as_ref().to_owned())
    }

    fn face_index(&mut self, font: Resource<Font>) -> wasmtime::Result<u32> {
        Ok(self.table.get(&font)?.face_index)
    }

    fn length(&mut self, font: Resource<Font>) -> wasmtime::Result<u64> {
        Ok(self.table.get(&font)?.length())
    }

    fn read(&mut self, font: Resource<Font>, offset: u64, length: u32) -> wasmtime::Result<Vec<u8>> {
        Ok(self.table.get(&font)?.read(offset, length as usize)?)
    }

    fn drop(&mut self, font: Resource<Font>) -> wasmtime::Result<()> {
        self.table.delete(font)?;
        Ok(())
    }
}
