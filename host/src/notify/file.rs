//! A topic that is a file: each message is one line.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// A file that is longer gets a new name, with `.1` at its end, before the next line: the one before that is gone.
const LONGEST: u64 = 64 << 20;

/// Held while a line is written: lines of two messages never mix.
static WRITING: Mutex<()> = Mutex::new(());

/// Adds a line. It is on the disk when this returns.
pub(super) fn append(path: &Path, line: &[u8]) -> io::Result<()> {
    let _turn = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(folder) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let length = fs::metadata(path).map_or(0, |found| found.len());
    if length > LONGEST {
        let mut old = path.as_os_str().to_owned();
        old.push(".1");
        fs::rename(path, PathBuf::from(old))?;
    }
    let mut file = OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
    let before = file.metadata()?.len();
    let whole = [line, b"\n"].concat();
    if let Err(error) = file.write_all(&whole).and_then(|()| file.sync_data()) {
        // A disk that is full may have taken half of it.
        let _ = file.set_len(before);
        return Err(error);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_added_and_a_long_file_is_put_aside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/topic.jsonl");
        append(&path, b"one").unwrap();
        append(&path, b"two").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "one\ntwo\n");
        OpenOptions::new().write(true).open(&path).unwrap().set_len(LONGEST + 1).unwrap();
        append(&path, b"three").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "three\n");
        assert_eq!(fs::metadata(folder.path().join("new/topic.jsonl.1")).unwrap().len(), LONGEST + 1);
        assert!(append(folder.path(), b"x").is_err());
    }
}
