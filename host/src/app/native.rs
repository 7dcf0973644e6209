//! Filters as native code, for who measures what the sandbox costs. No program that serves has some.

use std::sync::Arc;

use super::{App, AppConfig, BUILT_IN};
use crate::pipeline::{FilterFactory, FilterRequest, OpenFilter};
use crate::sandbox::{AssetSource, Fonts};
use crate::task::{Failure, PluginId, Stage};

/// What a filter may reach while it opens.
pub struct NativeHost<'a> {
    /// The objects of the task.
    pub assets: &'a dyn AssetSource,
    /// The fonts of the host.
    pub fonts: &'a Fonts,
}

/// Built-in filters as native code.
pub trait NativeFilters: Send + Sync {
    /// Opens the filter of this name; `None` where there is none. Failures carry stage `Filter` and no target.
    fn open(
        &self,
        plugin: &PluginId,
        request: FilterRequest<'_>,
        host: &NativeHost<'_>,
    ) -> Option<Result<OpenFilter, Failure>>;
}

impl App {
    /// Opens buckets and plugins as [`App::open`] does; where a task wants a built-in filter of which there is native code, it gets that.
    pub fn open_native(config: AppConfig, filters: Arc<dyn NativeFilters>) -> Result<Self, String> {
        let mut app = Self::open(config)?;
        app.native = Some(filters);
        Ok(app)
    }
}

/// Native code first, where there is some.
pub(super) struct Filters<'a>(pub(super) &'a App);

impl FilterFactory for Filters<'_> {
    fn open(&self, request: FilterRequest<'_>) -> Result<OpenFilter, Failure> {
        let App { sandbox, native, .. } = self.0;
        let Some(native) = native else { return sandbox.open(request) };
        let id = sandbox.plugin_id(request.plugin).map_err(|failure| Failure { stage: Stage::Filter, ..failure })?;
        // Another component of that name is another filter.
        if !BUILT_IN.iter().any(|component| component.digest == id.digest) {
            return sandbox.open(request);
        }
        let host = NativeHost { assets: &**sandbox.asset_source(), fonts: sandbox.fonts() };
        native.open(&id, request, &host).unwrap_or_else(|| sandbox.open(request))
    }
}
