//! Attached pictures: mp4 has them among its tags, Matroska as files of their own.

use ffmpeg_next::codec::{Id, Parameters};
use ffmpeg_next::{Packet as RawPacket, encoder};

use super::{Muxer, dictionary};
use crate::media::attached::AttachedPicture;
use crate::media::{MediaError, Result, ffi};
use crate::task::Container;

impl Muxer {
    /// Adds a picture, once all streams are added and before `start`. `Unsupported` where the container has no place for it.
    pub fn add_picture(&mut self, picture: &AttachedPicture) -> Result<()> {
        let kind = picture.kind().filter(|_| self.container.holds_picture(&picture.codec));
        let Some((media_type, extension)) = kind else {
            let (name, codec) = (self.container.name(), &picture.codec);
            return Err(MediaError::Unsupported(format!("{name} cannot hold an attached picture of {codec}")));
        };
        if self.started || self.pieces.is_some() {
            return Err(MediaError::Bug("a picture was added to a file that was started, or to segments".to_owned()));
        }
        let id = match picture.codec.as_str() {
            "mjpeg" => Id::MJPEG,
            "png" => Id::PNG,
            _ => Id::BMP,
        };
        let mut parameters = Parameters::new();
        let as_file = (self.container == Container::Mkv).then_some(&*picture.data);
        if !ffi::set_picture(&mut parameters, id.into(), picture.size, as_file) {
            return Err(MediaError::memory("an attached picture"));
        }
        let mut stream = self
            .output
            .add_stream(encoder::find(Id::None))
            .map_err(|error| MediaError::Bug(format!("an attached picture: {error}")))?;
        stream.set_parameters(parameters);
        stream.set_time_base((1, 1000));
        if as_file.is_some() {
            let mut metadata = picture.metadata.clone();
            metadata.retain(|(key, _)| key != "mimetype");
            if !metadata.iter().any(|(key, _)| key == "filename") {
                metadata.push(("filename".to_owned(), format!("cover.{extension}")));
            }
            metadata.push(("mimetype".to_owned(), media_type.to_owned()));
            stream.set_metadata(dictionary(&metadata));
        } else if !ffi::set_stream(
            &mut self.output,
            self.tracks.len() + self.pictures.len(),
            (0, 1),
            ffi::ATTACHED,
            &[],
        ) {
            return Err(MediaError::memory("a stream"));
        }
        self.pictures.push(picture.clone());
        Ok(())
    }

    /// What the header did not take.
    pub(super) fn write_pictures(&mut self) -> Result<()> {
        if self.container == Container::Mkv {
            return Ok(());
        }
        for (number, picture) in self.pictures.iter().enumerate() {
            let mut packet = RawPacket::copy(&picture.data);
            packet.set_stream(self.tracks.len() + number);
            packet.set_pts(Some(0));
            packet.set_dts(Some(0));
            packet.set_flags(ffmpeg_next::packet::Flags::KEY);
            packet
                .write(&mut self.output)
                .map_err(|error| MediaError::write(&self.path, "writing an attached picture", error))?;
        }
        Ok(())
    }
}
