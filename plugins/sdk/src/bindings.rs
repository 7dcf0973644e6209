//! Generated bindings, fenced: nothing of them shows in the SDK's API. One module per world; what the worlds import is
//! generated once, so that a type is one type in all of them.

mod policies;
mod video;

pub use policies::{ParameterPolicyExport, UriPolicyExport};
pub use video::VideoFilterExport;

use crate::{Error, log};

pub(crate) mod imports {

    wit_bindgen::generate!({
        path: "../../wit",
        inline: "
            package wasmux:sdk;
            world imports {
                import wasmux:host/errors@0.1.0;
                import wasmux:host/log@0.1.0;
                import wasmux:host/report@0.1.0;
                import wasmux:host/assets@0.1.0;
                import wasmux:host/fonts@0.1.0;
                import wasmux:media/types@0.1.0;
                import wasmux:media/clips@0.1.0;
                import wasmux:media/frames@0.1.0;
            }
        ",
        world: "wasmux:sdk/imports",
        generate_all,
    });
}

pub mod video_filter {
    #![expect(missing_docs, reason = "generated; the WIT has the documentation")]
    wit_bindgen::generate!({
        path: "../../wit",
        world: "wasmux:plugin/video-filter",
        pub_export_macro: true,
        with: {
            "wasmux:host/errors@0.1.0": crate::bindings::imports::wasmux::host::errors,
            "wasmux:host/log@0.1.0": crate::bindings::imports::wasmux::host::log,
            "wasmux:host/report@0.1.0": crate::bindings::imports::wasmux::host::report,
            "wasmux:host/assets@0.1.0": crate::bindings::imports::wasmux::host::assets,
            "wasmux:host/fonts@0.1.0": crate::bindings::imports::wasmux::host::fonts,
            "wasmux:media/types@0.1.0": crate::bindings::imports::wasmux::media::types,
            "wasmux:media/clips@0.1.0": crate::bindings::imports::wasmux::media::clips,
            "wasmux:media/frames@0.1.0": crate::bindings::imports::wasmux::media::frames,
        },
    });
}

pub mod uri_policy {
    #![expect(missing_docs, reason = "generated; the WIT has the documentation")]
    wit_bindgen::generate!({
        path: "../../wit",
        world: "wasmux:plugin/uri-policy",
        pub_export_macro: true,
        with: {
            "wasmux:host/errors@0.1.0": crate::bindings::imports::wasmux::host::errors,
            "wasmux:host/log@0.1.0": crate::bindings::imports::wasmux::host::log,
            "wasmux:host/report@0.1.0": crate::bindings::imports::wasmux::host::report,
            "wasmux:media/types@0.1.0": crate::bindings::imports::wasmux::media::types,
        },
    });
}

pub mod parameter_policy {
    #![expect(missing_docs, reason = "generated; the WIT has the documentation")]
    wit_bindgen::generate!({
        path: "../../wit",
        world: "wasmux:plugin/parameter-policy",
        pub_export_macro: true,
        with: {
            "wasmux:host/errors@0.1.0": crate::bindings::imports::wasmux::host::errors,
            "wasmux:host/log@0.1.0": crate::bindings::imports::wasmux::host::log,
            "wasmux:host/report@0.1.0": crate::bindings::imports::wasmux::host::report,
            "wasmux:media/types@0.1.0": crate::bindings::imports::wasmux::media::types,
        },
    });
}

type WireError = imports::wasmux::host::errors::Error;

impl From<Error> for WireError {
    fn from(error: Error) -> Self {
        let (code, message, field) = error.into_parts();
        Self { code, message, field }
    }
}

/// Sends the message of a panic to the log: all that the host sees of one otherwise is an `unreachable`.
fn log_panics() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        std::panic::set_hook(Box::new(|panic| {
            let place = panic.location().map(ToString::to_string).unwrap_or_default();
            let message = panic.payload_as_str().unwrap_or("panic without a message");
            log::log(log::Level::Error, message, &[("panic", &place)]);
        }));
    });
}
