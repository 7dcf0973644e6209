//! What the host keeps for one instance, and the one way to call into it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use wasmtime::component::ResourceTable;
use wasmtime::{CallHook, Engine, Store, UpdateDeadline};

use super::assets::Assets;
use super::failure;
use super::fonts::Fonts;
use super::imports::clips::Clips;
use super::imports::frames::Screen;
use super::imports::log::{Log, PluginLog};
use super::imports::report::Reports;
use super::limits::{Clock, CpuLimit, Limits, Meter};
use crate::task::{Failure, PluginId, Stage};

/// What an instance is doing; imports allow different things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// A policy is asked, or no call runs.
    Asked,
    /// `filter.open`.
    Opening,
    /// `filter.process` or `filter.finish`.
    Running,
}

/// The data of a store.
pub(super) struct Guest {
    pub(super) plugin: PluginId,
    pub(super) phase: Phase,
    pub(super) log: Log,
    pub(super) reports: Reports,
    pub(super) assets: Assets,
    pub(super) clips: Clips,
    pub(super) fonts: Arc<Fonts>,
    /// Handles of fonts and clips.
    pub(super) table: ResourceTable,
    /// The picture and the frame; only filters have one.
    pub(super) screen: Option<Screen>,
    pub(super) clock: Clock,
    pub(super) meter: Meter,
    pub(super) stage: Stage,
    pub(super) stopwatch: Stopwatch,
    hostcall_bytes: usize,
}

/// What a [`Guest`] is made of.
pub(super) struct Parts {
    pub(super) plugin: PluginId,
    pub(super) stage: Stage,
    pub(super) assets: Assets,
    pub(super) fonts: Arc<Fonts>,
    pub(super) log: Arc<dyn PluginLog>,
    pub(super) screen: Option<Screen>,
}

/// Room in the hostcall limit for everything but the payload: names, fields, the lists' own elements.
const OVERHEAD: u64 = 4 << 10;

impl Guest {
    /// A store for one instance, with all limits armed.
    pub(super) fn store(engine: &Engine, limits: &Limits, parts: Parts) -> Store<Self> {
        let Parts { plugin, stage, assets, fonts, log, screen } = parts;
        let plane = screen.as_ref().map_or(0, Screen::largest_plane_bytes);
        let hostcall_bytes = limits.returned_bytes.max(plane).saturating_add(OVERHEAD);
        let hostcall_bytes = usize::try_from(hostcall_bytes).unwrap_or(usize::MAX);
        let guest = Self {
            log: Log::new(plugin.clone(), limits, log),
            reports: Reports::new(limits),
            phase: Phase::Asked,
            table: ResourceTable::new(),
            clock: Clock::default(),
            meter: Meter::new(limits),
            clips: Clips::new(limits.clips),
            plugin,
            assets,
            fonts,
            screen,
            stage,
            stopwatch: Stopwatch::default(),
            hostcall_bytes,
        };
        let mut store = Store::new(engine, guest);
        store.limiter(|guest| &mut guest.meter);
        store.set_hostcall_fuel(hostcall_bytes);
        store.set_max_component_handles(limits.handles as usize);
        store.epoch_deadline_callback(|mut context| {
            context.data_mut().clock.tick()?;
            Ok(UpdateDeadline::Continue(1))
        });
        store
    }
}

/// The time that calls from the guest spend in the host.
#[derive(Debug, Default)]
pub(super) struct Stopwatch {
    /// How deep the calls are nested: a host that returns a list calls the guest's allocator, which may ask the host for memory.
    depth: u32,
    since: Option<Instant>,
    pub(super) total: Duration,
}

impl Stopwatch {
    /// Lets the stopwatch of a store run from now on. It costs two readings of the clock for every call from the guest.
    pub(super) fn start(store: &mut Store<Guest>) {
        store.call_hook(|mut context, hook| {
            context.data_mut().stopwatch.pass(hook);
            Ok(())
        });
    }

    fn pass(&mut self, hook: CallHook) {
        match hook {
            CallHook::CallingHost => {
                self.depth += 1;
                self.since.get_or_insert_with(Instant::now);
            }
            CallHook::ReturningFromHost => {
                self.depth = self.depth.saturating_sub(1);
                if self.depth == 0 {
                    self.total += self.since.take().map(|since| since.elapsed()).unwrap_or_default();
                }
            }
            CallHook::CallingWasm | CallHook::ReturningFromWasm => {}
        }
    }
}

/// Runs one call under a CPU limit. `doing` says which call it is, for the message of a failure (`in open`).
pub(super) fn call<R>(
    store: &mut Store<Guest>,
    phase: Phase,
    limit: CpuLimit,
    doing: impl Fn() -> String,
    call: impl FnOnce(&mut Store<Guest>) -> wasmtime::Result<R>,
) -> Result<R, Failure> {
    let guest = store.data_mut();
    guest.phase = phase;
    guest.clock.begin(limit);
    guest.meter.begin();
    store.set_epoch_deadline(1);
    let result = call(store);
    let guest = store.data_mut();
    guest.phase = Phase::Asked;
    result.map_err(|error| {
        failure::from_call(&guest.plugin, guest.stage, &doing(), &error, &guest.meter, guest.hostcall_bytes)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait() {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_millis(2) {}
    }

    #[test]
    fn nested_calls_are_counted_once() {
        let mut stopwatch = Stopwatch::default();
        stopwatch.pass(CallHook::CallingHost);
        stopwatch.pass(CallHook::CallingWasm);
        stopwatch.pass(CallHook::CallingHost);
        wait();
        stopwatch.pass(CallHook::ReturningFromHost);
        assert_eq!(stopwatch.total, Duration::ZERO, "the outer call goes on");
        stopwatch.pass(CallHook::ReturningFromWasm);
        stopwatch.pass(CallHook::ReturningFromHost);
        let total = stopwatch.total;
        assert!(total >= Duration::from_millis(2));
        wait();
        assert_eq!(stopwatch.total, total, "nothing runs between calls");
    }
}
