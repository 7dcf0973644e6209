//! Pictures as packed RGB of 8 bits: the form of picture files and of the clips of plugins.

use ffmpeg_next::frame::Video;

use super::graph::Chain;
use super::transform::matrix_name;
use super::{Frame, MediaError, Result, ffi};

/// Flags of the scaler with which every machine makes the same bytes.
pub(super) const EXACT: &str = "bicubic+accurate_rnd+full_chroma_int+full_chroma_inp+bitexact";

/// Converts pictures of any format, one after the other.
pub(super) struct Packed {
    /// Of the scaler.
    flags: &'static str,
    /// What is done besides, and the format, in FFmpeg's words.
    filters: String,
    /// The chain and the form of the pictures that it takes.
    chain: Option<(String, Chain)>,
    count: i64,
}

impl Packed {
    /// `format` is FFmpeg's name of a packed format; `before` are filters that each give one picture for one.
    pub(super) fn new(format: &str, before: impl IntoIterator<Item = String>) -> Self {
        let filters = before.into_iter().chain([format!("format=pix_fmts={format}")]).collect::<Vec<_>>();
        Self { flags: "bicubic", filters: filters.join(","), chain: None, count: 0 }
    }

    /// The same, slower, and with the same bytes on every machine.
    pub(super) fn exact(format: &str) -> Self {
        Self { flags: EXACT, ..Self::new(format, []) }
    }

    /// The content of the frame moves away.
    pub(super) fn convert(&mut self, frame: &mut Frame) -> Result<Video> {
        let properties = ffi::properties(frame.video());
        let format = frame.video().format();
        let name = format.descriptor().map_or("", |format| format.name());
        let (width, height) = (frame.width(), frame.height());
        let form = format!("video_size={width}x{height}:pix_fmt={name}:time_base=1/1:pixel_aspect=1/1");
        // Without a stated matrix players go by the height.
        let usual = if height >= 720 { "bt709" } else { "bt601" };
        let matrix = matrix_name(properties.matrix).unwrap_or(usual);
        let range = if properties.range == 2 { "full" } else { "limited" };
        let flags = self.flags;
        let scale = format!("scale=flags={flags}:in_color_matrix={matrix}:in_range={range}:out_range=full");
        let key = format!("{form} {scale}");
        if self.chain.as_ref().is_none_or(|(known, _)| *known != key) {
            let chain = Chain::build("", &form, &format!("{scale},{}", self.filters))?;
            self.chain = Some((key, chain));
        }
        let lost = || MediaError::Bug("the picture was lost while it was converted".to_owned());
        let (_, chain) = self.chain.as_mut().ok_or_else(lost)?;
        frame.video_mut().set_pts(Some(self.count));
        self.count += 1;
        chain.push(frame.video_mut())?;
        let mut packed = Video::empty();
        if chain.pull(&mut packed)? { Ok(packed) } else { Err(lost()) }
    }
}
