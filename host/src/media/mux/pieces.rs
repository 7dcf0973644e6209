//! Where a muxer writes that makes pieces: into a file or into memory, whichever is set at the moment.

use std::fs::File;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Where the bytes of the current piece go. Clones are the same place.
#[derive(Debug, Clone, Default)]
pub(in crate::media) struct Pieces(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// Takes the bytes as they come; without it they are held.
    file: Option<File>,
    held: Vec<u8>,
}

impl Pieces {
    /// From now on bytes go into this file.
    pub(in crate::media) fn send_to(&self, file: File) {
        self.state().file = Some(file);
    }

    /// What was held since the last call.
    pub(in crate::media) fn take_held(&self) -> Vec<u8> {
        std::mem::take(&mut self.state().held)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.state();
        match &mut state.file {
            Some(file) => file.write(bytes),
            None => {
                state.held.extend_from_slice(bytes);
                Ok(bytes.len())
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
