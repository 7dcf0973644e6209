//! The registration macros: one per world. Each joins the manifest, and in a component exports the world's functions.
//! Natively nothing is exported, because a `cdylib` with such exports does not link; so a plugin's own tests run.

/// Registers a [`VideoFilter`](crate::VideoFilter). Name and version are those of the package.
///
/// `schema` is the JSON schema of the parameters, `stateless` tells whether frames could be filtered in any order, and the
/// optional `formats` (a [`Formats`](crate::Formats), default all) which pictures the filter takes.
///
/// ```
/// use wasmux_sdk::{Error, Formats, Frame, Setup, VideoFilter};
///
/// struct Nothing;
///
/// impl VideoFilter for Nothing {
///     type Parameters = serde_json::Map<String, serde_json::Value>;
///
///     fn open(_: &Setup, _: Self::Parameters) -> Result<Self, Error> {
///         Ok(Self)
///     }
///
///     fn process(&mut self, _: &mut Frame<'_>) -> Result<(), Error> {
///         Ok(())
///     }
/// }
///
/// wasmux_sdk::register_video_filter!(Nothing, schema: r#"{"type":"object"}"#, stateless: true);
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! register_video_filter {
    ($plugin:ty, schema: $schema:expr, stateless: $stateless:expr $(,)?) => {
        $crate::register_video_filter!($plugin, schema: $schema, stateless: $stateless, formats: $crate::Formats::ALL);
    };
    ($plugin:ty, schema: $schema:expr, stateless: $stateless:expr, formats: $formats:expr $(,)?) => {
        $crate::__manifest!($plugin, $crate::manifest::VIDEO_FILTER, $schema, $formats, $stateless);

        #[cfg(target_family = "wasm")]
        const _: () = {
            type Exported = $crate::__private::VideoFilterExport<$plugin>;
            $crate::__private::video_filter::export!(Exported with_types_in $crate::__private::video_filter);
        };
    };
}

/// Registers a [`UriPolicy`](crate::UriPolicy). Name and version are those of the package.
#[macro_export]
macro_rules! register_uri_policy {
    ($plugin:ty $(,)?) => {
        $crate::__manifest!($plugin, $crate::manifest::URI_POLICY, "{}", $crate::Formats::NONE, true);

        #[cfg(target_family = "wasm")]
        const _: () = {
            type Exported = $crate::__private::UriPolicyExport<$plugin>;
    $crate::__private::uri_policy::export!(Exported with_types_in $crate::__private::uri_policy);
        };
    };
}

/// Registers a [`ParameterPolicy`](crate::ParameterPolicy). Name and version are those of the package.
#[macro_export]
macro_rules! register_parameter_policy {
    ($plugin:ty $(,)?) => {
        $crate::__manifest!($plugin, $crate::manifest::PARAMETER_POLICY, "{}", $crate::Formats::NONE, true);

        #[cfg(target_family = "wasm")]
        const _: () = {
            type Exported = $crate::__private::ParameterPolicyExport<$plugin>;
    $crate::__private::parameter_policy::export!(Exported with_types_in $crate::__private::parameter_policy);
        };
    };
}

/// The manifest, as a constant and, in a component, as a custom section. Part of the macros above.
#[doc(hidden)]
#[macro_export]
macro_rules! __manifest {
    ($plugin:ty, $world:expr, $schema:expr, $formats:expr, $stateless:expr) => {
        impl $crate::manifest::Registered for $plugin {
            const MANIFEST: &'static str = {
                const PARTS: &[&str] = &$crate::manifest::parts(
                    env!("CARGO_PKG_NAME"),
                    env!("CARGO_PKG_VERSION"),
                    $world,
                    $schema,
                    $formats,
                    $stateless,
                );
                const BYTES: [u8; $crate::manifest::length(PARTS)] = $crate::manifest::join(PARTS);
                $crate::manifest::text(&BYTES)
            };
        }

        #[cfg(target_family = "wasm")]
        const _: () = {
            const TEXT: &str = <$plugin as $crate::manifest::Registered>::MANIFEST;

            #[used]
            #[expect(unsafe_code, reason = "a custom section of data is read by no code of the component")]
            #[unsafe(link_section = "wasmux:plugin")]
            static MANIFEST: [u8; TEXT.len()] = $crate::manifest::bytes(TEXT);
        };
    };
}
