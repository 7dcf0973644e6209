//! The generated bindings of the three worlds, fenced, and the names of them that this room uses.

#[expect(unreachable_pub, reason = "generated code")]
mod generated {
    pub mod filter {
        wasmtime::component::bindgen!({
            path: "../wit",
            world: "video-filter",
            imports: { default: trappable },
            with: {
                // This interface is linked by hand, so that samples go from the guest's memory straight into the frame: the trait
                // that is generated for it stays unused.
                "wasmux:media/frames.setup": crate::sandbox::imports::frames::Setup,
                "wasmux:media/frames.frame": crate::sandbox::imports::frames::Frame,
                "wasmux:media/clips.clip": crate::media::Clip,
                "wasmux:host/fonts.font": crate::sandbox::fonts::Font,
            },
        });
    }

    pub mod uri {
        wasmtime::component::bindgen!({
            path: "../wit",
            world: "uri-policy",
            imports: { default: trappable },
            with: { "wasmux:host": super::filter::wasmux::host, "wasmux:media": super::filter::wasmux::media },
        });
    }

    pub mod parameters {
        wasmtime::component::bindgen!({
            path: "../wit",
            world: "parameter-policy",
            imports: { default: trappable },
            with: { "wasmux:host": super::filter::wasmux::host, "wasmux:media": super::filter::wasmux::media },
        });
    }
}

/// The imports with their `Host` traits and `add_to_linker`.
pub(super) use generated::filter::wasmux::host::{assets, errors, fonts, log, report};
/// Movies, and the records `rect` and `ratio`.
pub(super) use generated::filter::wasmux::media::{clips, types};

/// World `video-filter`: a component linked once, instantiated per filter.
pub(super) use generated::filter::{VideoFilter, VideoFilterPre};
/// World `parameter-policy`.
pub(super) use generated::parameters::ParameterPolicyPre;
/// World `uri-policy`.
pub(super) use generated::uri::UriPolicyPre;
