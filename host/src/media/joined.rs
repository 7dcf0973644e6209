//! Several files or objects read as one: segments one behind the other are a whole stream again.

use std::io::{self, Read, Seek, SeekFrom};
use std::path::PathBuf;

use super::source::{ByteSource, FileSource, Holds, sought};

/// Opens a part, standing at its beginning.
pub type Opener = Box<dyn Fn() -> io::Result<Box<dyn ByteSource>> + Send>;

/// A piece of the whole: an object, or some of its bytes.
pub struct Part {
    /// Opens the object.
    pub open: Opener,
    /// First byte of it that is used.
    pub offset: u64,
    /// Number of bytes that are used.
    pub length: u64,
}

/// Parts one behind the other. Only one of them is open at a time.
pub struct JoinedSource {
    /// Each part, and where it begins.
    parts: Vec<(Part, u64)>,
    size: u64,
    holds: Holds,
    position: u64,
    /// The open one, by its number, and the position of its reader in the whole.
    open: Option<(usize, Box<dyn ByteSource>, u64)>,
}

impl JoinedSource {
    /// The files in this order. Fails where one of them is no file.
    pub fn open(files: &[PathBuf]) -> io::Result<Self> {
        let part = |file: &PathBuf| {
            let found = std::fs::metadata(file)?;
            if !found.is_file() {
                return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file"));
            }
            let file = file.clone();
            let open = move || -> io::Result<Box<dyn ByteSource>> { Ok(Box::new(FileSource::open(&file)?)) };
            Ok(Part { open: Box::new(open), offset: 0, length: found.len() })
        };
        Ok(Self::of(files.iter().map(part).collect::<io::Result<_>>()?, Holds::File))
    }

    /// These parts in this order.
    pub fn of(parts: Vec<Part>, holds: Holds) -> Self {
        let mut size = 0_u64;
        let place = |part: Part| {
            let start = size;
            size = size.saturating_add(part.length);
            (part, start)
        };
        let parts = parts.into_iter().map(place).collect();
        Self { parts, size, holds, position: 0, open: None }
    }

    /// The reader of the part that holds this position, standing there, and how many bytes of the part are left.
    fn reader(&mut self) -> io::Result<(&mut dyn ByteSource, u64)> {
        let number = self.parts.partition_point(|(_, start)| *start <= self.position).saturating_sub(1);
        let (part, start) = self.parts.get(number).ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))?;
        let within = self.position.saturating_sub(*start);
        let at = self.open.as_ref().map(|(number, _, at)| (*number, *at));
        if at != Some((number, self.position)) {
            let mut source = match self.open.take() {
                Some((open, source, _)) if open == number => source,
                _ => (part.open)()?,
            };
            source.seek(SeekFrom::Start(part.offset.saturating_add(within)))?;
            self.open = Some((number, source, self.position));
        }
        match &mut self.open {
            Some((_, source, _)) => Ok((&mut **source, part.length.saturating_sub(within))),
            None => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

impl Read for JoinedSource {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.position >= self.size || buffer.is_empty() {
            return Ok(0);
        }
        let (reader, left) = self.reader()?;
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        let read = reader.read(&mut buffer[..most])?;
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

    fn holds(&self) -> Holds {
        self.holds
    }

    fn joints(&self) -> Vec<u64> {
        match self.holds {
            Holds::Segments => self.parts.iter().skip(1).map(|(_, start)| *start).collect(),
            Holds::File | Holds::Fragments => Vec::new(),
        }
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

    #[test]
    fn parts_end_where_it_was_said() {
        let part = |text: &str, offset, length| {
            let bytes = text.as_bytes().to_vec();
            let open = move || -> io::Result<Box<dyn ByteSource>> { Ok(Box::new(io::Cursor::new(bytes.clone()))) };
            Part { open: Box::new(open), offset, length }
        };
        let parts = vec![part("abcdef", 2, 3), part("abcdef", 0, 1), part("xyz", 3, 0), part("xyz", 1, 2)];
        let mut source = JoinedSource::of(parts, Holds::Segments);
        assert_eq!((source.size(), source.holds(), source.joints()), (6, Holds::Segments, vec![3, 4, 4]));
        for start in 0..7 {
            source.seek(SeekFrom::Start(start)).unwrap();
            let mut rest = String::new();
            source.read_to_string(&mut rest).unwrap();
            assert_eq!(rest, &"cdeayz"[start as usize..]);
        }
    }
}
