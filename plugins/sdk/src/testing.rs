//! A fake host: plugins run in `cargo test`, with no server and no component.
//!
//! ```
//! use wasmux_sdk::testing::{self, Chroma, Host};
//!
//! let host = Host::install();
//! host.grant("oss://bucket/logo.png", [0x89, b'P', b'N', b'G']);
//! let mut frame = testing::picture(64, 36).bit_depth(10).chroma(Chroma::C420).frame();
//! // let mut filter = testing::open::<Watermark>(&frame.setup().clone(), r#"{"Watermarks":[]}"#).unwrap();
//! // filter.process(&mut frame).unwrap();
//! host.assert_no_warnings();
//! ```
//!
//! What traps in the real host panics here, in the same words.

mod frame;
mod host;
mod picture;
mod session;

pub(crate) use frame::FrameMemory;
pub use frame::{FakeFrame, Planes};
pub use host::{ClipPicture, Host, LogLine, Region, ReportedWarning};
pub(crate) use host::{StoredClip, StoredFont, with_host};
pub use picture::{Chroma, Picture, picture};
pub use session::{OpenFilter, manifest, open, resolve};
