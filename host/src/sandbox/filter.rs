//! Video filters: components as [`FrameFilter`]s.

use std::sync::Arc;
use std::time::{Duration, Instant};

use wasmtime::Store;
use wasmtime::component::ResourceAny;

use super::assets::Assets;
use super::bindings::VideoFilter;
use super::bindings::errors::Error as WitError;
use super::catalog::Plugin;
use super::failure;
use super::guest::{Guest, Parts, Phase, Stopwatch, call};
use super::host::{Ready, Sandbox};
use super::imports::clean;
use super::imports::frames::{self, Moved, Screen};
use super::limits::Limits;
use super::world::World;
use crate::media::Frame;
use crate::pipeline::{FilterFactory, FilterRequest, FilterUsage, FrameFilter, OpenFilter};
use crate::task::{ErrorCode, Failure, Picture, PluginId, Stage, Warning};

impl FilterFactory for Sandbox {
    /// Opens one instance in a store of its own. Parameters are checked against the schema before the guest sees them.
    fn open(&self, request: FilterRequest<'_>) -> Result<OpenFilter, Failure> {
        self.open_filter(request, false)
    }
}

impl Sandbox {
    /// Opens a filter as every task does, and measures its time in the host, which makes its calls a little slower.
    pub fn open_measured(&self, request: FilterRequest<'_>) -> Result<OpenFilter, Failure> {
        self.open_filter(request, true)
    }

    fn open_filter(&self, request: FilterRequest<'_>, measured: bool) -> Result<OpenFilter, Failure> {
        let plugin = self.catalog().find_for(request.plugin, World::VideoFilter, Stage::Filter)?;
        takes(&plugin, request.picture)?;
        let granted = match &plugin.schema {
            Some(schema) => {
                let faults = schema.faults(request.parameters);
                if !faults.is_empty() {
                    let list: Vec<_> =
                        faults.iter().map(|fault| format!("{} {}", fault.field, fault.message)).collect();
                    let what = format!("its parameters do not fit its schema: {}", list.join("; ").trim());
                    return Err(failure::failure(&plugin.id, Stage::Filter, ErrorCode::PluginError, &what));
                }
                schema.assets(request.parameters).map_err(|what| {
                    failure::failure(
                        &plugin.id,
                        Stage::Filter,
                        ErrorCode::PluginError,
                        &format!("its parameters {what}"),
                    )
                })?
            }
            None => Default::default(),
        };
        let Ready::Filter(ready) = self.ready(&plugin, Stage::Filter)? else {
            return Err(plugin.incompatible(Stage::Filter, "it is no video-filter"));
        };
        let limits = self.limits(&plugin.id.name);
        let assets = Assets::new(Arc::clone(self.asset_source()), granted, limits.asset_bytes);
        let parts = Parts {
            plugin: plugin.id.clone(),
            stage: Stage::Filter,
            assets,
            fonts: Arc::clone(self.fonts()),
            log: Arc::clone(self.log()),
            screen: Some(Screen::new(*request.picture, stand_in(request.picture, &plugin.id)?)),
        };
        let mut store = Guest::store(self.engine(), limits, parts);
        if measured {
            Stopwatch::start(&mut store);
        }
        let cpu = limits.open_cpu();
        let parameters = request.parameters.to_string();
        let doing = || "in open".to_owned();
        let (begun, mut instantiate_time) = (Instant::now(), Duration::ZERO);
        let (world, opened) = call(&mut store, Phase::Opening, cpu, doing, |store| {
            let world = ready.instantiate(&mut *store)?;
            instantiate_time = begun.elapsed();
            let opened = world.wasmux_plugin_video().filter().call_open(&mut *store, frames::setup(), &parameters)?;
            Ok((world, opened))
        })?;
        let filter = opened.map_err(|error| typed(&plugin.id, Stage::Filter, "in open", &error))?;
        let reports = &mut store.data_mut().reports;
        let (warnings, regions) = (reports.take_warnings(), reports.regions().map(<[_]>::to_vec));
        let open_time = begun.elapsed().saturating_sub(instantiate_time);
        let opened = FilterUsage { instantiate_time, open_time, ..FilterUsage::default() };
        let filter = ComponentFilter { store, world, filter, limits: limits.clone(), opened, measured, dead: None };
        Ok(OpenFilter { plugin: plugin.id.clone(), filter: Box::new(filter), regions, warnings })
    }
}

/// One opened filter.
struct ComponentFilter {
    store: Store<Guest>,
    world: VideoFilter,
    filter: ResourceAny,
    limits: Limits,
    /// What was used before the first frame.
    opened: FilterUsage,
    measured: bool,
    /// Why it can no longer be called: after a trap nothing in the instance can be relied on.
    dead: Option<Failure>,
}

impl ComponentFilter {
    fn plugin(&self) -> PluginId {
        self.store.data().plugin.clone()
    }

    fn fatal<T>(&mut self, result: Result<T, Failure>) -> Result<T, Failure> {
        result.inspect_err(|failure| self.dead = Some(failure.clone()))
    }

    fn swap(&mut self, frame: &mut Frame) {
        if let Some(screen) = &mut self.store.data_mut().screen {
            screen.swap(frame);
        }
    }
}

impl FrameFilter for ComponentFilter {
    fn process(&mut self, frame: &mut Frame) -> Result<(), Failure> {
        if let Some(failure) = &self.dead {
            return Err(failure.clone());
        }
        let guest = self.store.data();
        if !guest.reports.is_active(frame.time_ns) {
            return Ok(());
        }
        if !guest.screen.as_ref().is_some_and(|screen| screen.fits(frame)) {
            let what = format!("frame {} is not of the picture that the filter was opened for", frame.index);
            return Err(failure::failure(&guest.plugin, Stage::Filter, ErrorCode::Internal, &what));
        }
        let index = frame.index;
        let doing = || format!("in process of frame {index}");
        self.swap(frame);
        let (world, filter) = (&self.world, self.filter);
        let result = call(&mut self.store, Phase::Running, self.limits.frame_cpu(), doing, |store| {
            world.wasmux_plugin_video().filter().call_process(store, filter, frames::frame())
        });
        self.swap(frame);
        self.fatal(result)?.map_err(|error| typed(&self.plugin(), Stage::Filter, &doing(), &error))
    }

    fn finish(&mut self) -> Result<Vec<Warning>, Failure> {
        if let Some(failure) = &self.dead {
            return Err(failure.clone());
        }
        let doing = || "in finish".to_owned();
        let (world, filter) = (&self.world, self.filter);
        let result = call(&mut self.store, Phase::Running, self.limits.open_cpu(), doing, |store| {
            let finished = world.wasmux_plugin_video().filter().call_finish(&mut *store, filter)?;
            filter.resource_drop(&mut *store)?;
            Ok(finished)
        });
        let finished = self.fatal(result)?;
        tracing::debug!(plugin = %self.store.data().plugin, memory = self.store.data().meter.memory(), "filter finished");
        self.dead = Some(failure::failure(
            &self.plugin(),
            Stage::Filter,
            ErrorCode::Internal,
            "the filter was called after it had finished",
        ));
        finished.map_err(|error| typed(&self.plugin(), Stage::Filter, "in finish", &error))?;
        Ok(self.store.data_mut().reports.take_warnings())
    }

    fn usage(&self) -> FilterUsage {
        let guest = self.store.data();
        let Moved { reads, read_bytes, writes, written_bytes } =
            guest.screen.as_ref().map(Screen::moved).unwrap_or_default();
        let host_time = self.measured.then_some(guest.stopwatch.total);
        FilterUsage {
            reads,
            read_bytes,
            writes,
            written_bytes,
            memory_bytes: guest.meter.memory(),
            host_time,
            ..self.opened
        }
    }
}

/// What a guest answered in good faith.
pub(super) fn typed(plugin: &PluginId, stage: Stage, doing: &str, error: &WitError) -> Failure {
    failure::failure(plugin, stage, ErrorCode::PluginError, &format!("{} ({doing})", typed_text(error)))
}

/// `Code: Field: message`.
fn typed_text(error: &WitError) -> String {
    let field = match error.field.as_deref() {
        Some(field) if !field.is_empty() => format!("{}: ", clean(field, 256)),
        _ => String::new(),
    };
    format!("{}: {field}{}", clean(&error.code, 64), clean(&error.message, 2 << 10))
}

/// Whether the manifest's formats hold this picture.
fn takes(plugin: &Plugin, picture: &Picture) -> Result<(), Failure> {
    let formats = &plugin.manifest.formats;
    if formats.takes(picture.pixel_format) {
        return Ok(());
    }
    let depths: Vec<_> = formats.bit_depths.iter().map(ToString::to_string).collect();
    let what = format!(
        "it does not take {} pictures; its manifest names {} bit, chroma {}, {} alpha. Choose another PixelFormat or another plugin",
        picture.pixel_format,
        depths.join(" or "),
        formats.chroma.join(" or "),
        if formats.alpha { "with or without" } else { "without" },
    );
    Err(plugin.incompatible(Stage::Filter, &what))
}

/// The smallest picture there can be; it takes the place of the frame between calls.
fn stand_in(picture: &Picture, plugin: &PluginId) -> Result<Frame, Failure> {
    let smallest = Picture { width: 2, height: 2, ..*picture };
    Frame::blank(&smallest, 0, 0, 0)
        .map_err(|error| failure::failure(plugin, Stage::Filter, ErrorCode::Internal, &error.to_string()))
}
