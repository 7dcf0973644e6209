//! Several files read as one: the segments of an output one behind the other are a whole stream again.

use std::io::{self, Read, Seek, SeekFrom};
use std::path::PathBuf;

use super::source::{ByteSource, FileSource, sought};

/// Files one behind the other. Only one of them is open at a time.
#[derive(Debug)]
pub struct JoinedSource {
    /// Each file, and where it begins.
    parts: Vec<(PathBuf, u64)>,
    size: u64,
    position: u64,
    /// The open one, by its number, and the position of its reader in the whole.
    open: Option<(usize, FileSource, u64)>,
}

impl JoinedSource {
    /// The files in this order. Fails where one of them is no file.
    pub fn open(files: &[PathBuf]) -> io::Result<Self> {
        let mut size = 0_u64;
        let mut parts = Vec::with_capacity(files.len());
        for file in files {
            let found = std::fs::metadata(file)?;
            if !found.is_file() {
                return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file"));
            }
            parts.push((file.clone(), size));
            size = size.saturating_add(found.len());
        }
        Ok(Self { parts, size, position: 0, open: None })
    }

    /// The reader of the file that holds this position, standing there.
    fn reader(&mut self) -> io::Result<&mut FileSource> {
        let number = self.parts.partition_point(|(_, start)| *start <= self.position).saturating_sub(1);
        let at = self.open.as_ref().map(|(number, _, at)| (*number, *at));
        if at != Some((number, self.position)) {
            let (path, start) = self.parts.get(number).ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))?;
            let mut file = match self.open.take() {
                Some((open, file, _)) if open == number => file,
                _ => FileSource::open(path)?,
            };
            file.seek(SeekFrom::Start(self.position - start))?;
            self.open = Some((number, file, self.position));
        }
        match &mut self.open {
            Some((_, file, _)) => Ok(file),
            None => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

impl Read for JoinedSource {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.position >= self.size || buffer.is_empty() {
            return Ok(0);
        }
        let read = self.reader()?.read(buffer)?;
        if read == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "a part has become shorter"));
        }
        self.position = self.position.saturating_add(read as u64);
        if let Some((_, _, at)) = &mut self.open {
            *at = self.position;
        }
        Ok(read)
    }
}

impl Seek for JoinedSource {
    fn seek(&mut self, place: SeekFrom) -> io::Result<u64> {
        self.position = sought(place, self.position, self.size)?;
        Ok(self.position)
    }
}

impl ByteSource for JoinedSource {
    fn size(&self) -> u64 {
        self.size
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::testing::Folder;

    #[test]
    fn files_are_read_as_one_from_any_place() {
        let folder = Folder::new();
        let files: Vec<_> = ["abc", "", "defgh", "i"]
            .iter()
            .enumerate()
            .map(|(number, text)| {
                let file = folder.file(&number.to_string());
                std::fs::write(&file, text).unwrap();
                file
            })
            .collect();
        let mut source = JoinedSource::open(&files).unwrap();
        assert_eq!(source.size(), 9);
        for start in 0..10 {
            source.seek(SeekFrom::Start(start)).unwrap();
            let mut rest = String::new();
            source.read_to_string(&mut rest).unwrap();
            assert_eq!(rest, &"abcdefghi"[start as usize..]);
        }
        std::fs::write(&files[2], "d").unwrap();
        source.seek(SeekFrom::Start(4)).unwrap();
        assert!(source.read_to_string(&mut String::new()).is_err());
        assert!(JoinedSource::open(&[folder.file("nothing")]).is_err());
    }
}
