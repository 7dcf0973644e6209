//! Room `notify`: who asked to be told of the end of a task is told.
//!
//! It owns: sinks of topics, webhooks, the message and its form, when it is tried again. It promises: a message that is due is delivered at least once, or tried
//! as often as its policy says, whatever is killed meanwhile; a receiver that is slow, fails or lies delays its own messages and costs nothing else; no
//! redirect is followed, and no address that the configuration denies is connected to, whatever a name resolves to. It refuses: buckets and the
//! form of results, which stand behind [`Results`]; deciding who may be told, which is for intake.

mod config;
mod file;
mod http;
mod message;
mod retry;
mod sinks;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

pub use config::{NotificationConfig, SinkConfig, Webhooks};
pub use sinks::Sinks;

use self::sinks::Outcome;
use crate::queue::{Notice, Outbox, Silent, TaskRecord, Tried};
use crate::task::{ObjectUri, Receiver, RetryPolicy, Timestamp};
use crate::telemetry::metrics;

/// Messages on their way at the same time.
const MOST: usize = 16;
/// Silent addresses that are remembered.
const MOST_ADDRESSES: usize = 1000;
/// How long a try may take before somebody else makes it again; longer than any receiver may take.
const HOLD: Duration = Duration::from_secs(120);
/// How often due messages are looked for when nobody says that there are some.
const LOOK: Duration = Duration::from_secs(1);

/// Writes results as objects.
pub trait Results: Send + Sync {
    /// Writes all that is known of a task that has ended.
    fn write(&self, task: &TaskRecord, sources: &[ObjectUri], uri: &ObjectUri) -> Result<(), NotWritten>;
}

/// Why a result was not written: a sentence part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotWritten {
    /// The same may succeed later.
    Yet(String),
    /// It never will be.
    Ever(String),
}

/// What a [`Notifier`] is made of.
pub struct NotifierParts {
    /// The messages.
    pub outbox: Arc<dyn Outbox>,
    /// Where they go.
    pub sinks: Arc<Sinks>,
    /// Writes results.
    pub results: Arc<dyn Results>,
    /// Name of this service: the same after a restart, and no other service has it.
    pub node: String,
    /// Called between the moment that a receiver has a message and that in which this is recorded; for tests.
    pub sent: fn(),
}

/// Delivers the messages of a queue.
pub struct Notifier {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    parts: NotifierParts,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    stopping: bool,
    woken: bool,
    /// Those that are silent and those to which a message is on its way.
    addresses: HashMap<String, Address>,
}

/// What is known of one address of receivers.
#[derive(Default)]
struct Address {
    /// Messages on their way there.
    sending: usize,
    /// It did not take the last one.
    silent: bool,
}

impl State {
    /// Messages on their way.
    fn sending(&self) -> usize {
        self.addresses.values().map(|address| address.sending).sum()
    }

    /// Addresses that did not take their last message.
    fn silent(&self) -> Silent {
        let silent = self.addresses.iter().filter(|(_, address)| address.silent);
        silent.map(|(name, address)| (name.clone(), address.sending > 0)).collect()
    }

    /// A message is on its way no more.
    fn returned(&mut self, name: &str) {
        let Some(address) = self.addresses.get_mut(name) else { return };
        address.sending -= 1;
        let forgets = self.addresses.len() > MOST_ADDRESSES;
        // An address that is forgotten is found to be silent again by its next message.
        self.addresses.retain(|_, address| address.sending > 0 || (address.silent && !forgets));
    }
}

impl Notifier {
    /// Makes one that delivers from [`Notifier::start`] on.
    pub fn new(parts: NotifierParts) -> Self {
        let shared = Shared { parts, state: Mutex::default(), changed: Condvar::new() };
        Self { shared: Arc::new(shared), thread: Mutex::default() }
    }

    /// Makes due what a killed predecessor had on its way, and delivers. The error is a sentence.
    pub fn start(&self) -> Result<(), String> {
        let Shared { parts, .. } = &*self.shared;
        let again = parts.outbox.release(&parts.node, Timestamp::now()).map_err(|error| error.to_string())?;
        if again > 0 {
            tracing::warn!(again, "messages that were on their way when the service ended are sent again");
        }
        let shared = Arc::clone(&self.shared);
        let thread = thread::Builder::new().name("notify".into()).spawn(move || deliver_all(&shared));
        let thread = thread.map_err(|error| format!("no thread could be started: {error}"))?;
        *self.thread.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread);
        Ok(())
    }

    /// There may be something to deliver.
    pub fn wake(&self) {
        self.shared.state().woken = true;
        self.shared.changed.notify_all();
    }

    /// Begins nothing more, and waits for what is on its way.
    pub fn stop(&self) {
        self.shared.state().stopping = true;
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take() {
            drop(thread.join());
        }
        let end = Instant::now() + HOLD;
        let mut state = self.shared.state();
        while state.sending() > 0 {
            let Some(left) = end.checked_duration_since(Instant::now()) else { return };
            state = self.shared.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Drop for Notifier {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes one try and records what became of it.
    fn deliver(&self, notice: &Notice, address: &str) {
        let Notice { task, number, .. } = notice;
        let outcome = catch_unwind(AssertUnwindSafe(|| self.send(notice)));
        let outcome = outcome.unwrap_or_else(|_| Outcome::Failed("a bug of wasmux: sending it panicked".to_owned()));
        (self.parts.sent)();
        if let Some(address) = self.state().addresses.get_mut(address) {
            address.silent = matches!(outcome, Outcome::Failed(_));
        }
        let now = Timestamp::now();
        let tried = self.judge(notice, outcome, now);
        match &tried {
            Tried::Delivered => metrics().message("delivered"),
            Tried::Again(next, why) => {
                metrics().message("refused");
                tracing::warn!(task = %task, receiver = %notice.receiver, why, %next, "a message was not taken");
            }
            Tried::GivenUp(why) => {
                metrics().message("given_up");
                tracing::error!(task = %task, receiver = %notice.receiver, why, "a message is given up");
            }
        }
        if let Err(error) = self.parts.outbox.tried(*task, *number, now, &tried) {
            // It is due again in a while, and is delivered twice at worst.
            tracing::error!(task = %task, %error, "what became of a message could not be recorded");
        }
    }

    fn send(&self, notice: &Notice) -> Outcome {
        match &notice.receiver {
            Receiver::Object { uri } => {
                let sources: Vec<_> = notice.spec.iter().flat_map(|spec| spec.inputs().cloned()).collect();
                match self.parts.results.write(&notice.record, &sources, uri) {
                    Ok(()) => Outcome::Taken,
                    Err(NotWritten::Yet(why)) => Outcome::Failed(why),
                    Err(NotWritten::Ever(why)) => Outcome::Never(why),
                }
            }
            receiver => self.parts.sinks.send(receiver, notice),
        }
    }

    fn judge(&self, notice: &Notice, outcome: Outcome, now: Timestamp) -> Tried {
        let why = match outcome {
            Outcome::Taken => return Tried::Delivered,
            Outcome::Never(why) => return Tried::GivenUp(why),
            Outcome::Failed(why) => why,
        };
        let policy = match &notice.receiver {
            Receiver::Webhook { retry, .. } => *retry,
            Receiver::Topic { name } => self.parts.sinks.policy(name),
            // The other messages of the task wait for it.
            Receiver::Object { .. } => RetryPolicy::Backoff,
        };
        match retry::delay(policy, notice.tries, notice.task) {
            Some(delay) => Tried::Again(now.after(delay), why),
            None => Tried::GivenUp(why),
        }
    }
}

/// A message on its way; not any more when this is dropped, even by a panic.
struct Sending {
    shared: Arc<Shared>,
    address: String,
}

impl Sending {
    fn new(shared: &Arc<Shared>, address: String) -> Self {
        shared.state().addresses.entry(address.clone()).or_default().sending += 1;
        Self { shared: Arc::clone(shared), address }
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        let mut state = self.shared.state();
        state.returned(&self.address);
        // Another message may have waited for this place, or for this message.
        state.woken = true;
        drop(state);
        self.shared.changed.notify_all();
    }
}

fn deliver_all(shared: &Arc<Shared>) {
    loop {
        let (free, silent) = {
            let mut state = shared.state();
            if !state.woken && !state.stopping {
                state = shared.changed.wait_timeout(state, LOOK).unwrap_or_else(PoisonError::into_inner).0;
            }
            state.woken = false;
            if state.stopping {
                return;
            }
            (MOST.saturating_sub(state.sending()), state.silent())
        };
        let now = Timestamp::now();
        let free = u32::try_from(free).unwrap_or(u32::MAX);
        let taken = if free == 0 {
            Ok(Vec::new())
        } else {
            shared.parts.outbox.take(&shared.parts.node, now, now.after(HOLD), free, &silent)
        };
        let taken = taken.unwrap_or_else(|error| {
            tracing::error!(%error, "due messages could not be looked for");
            Vec::new()
        });
        for notice in taken {
            let sending = Sending::new(shared, notice.receiver.address());
            let send = move || sending.shared.deliver(&notice, &sending.address);
            if let Err(error) = thread::Builder::new().name("message".into()).spawn(send) {
                // It is due again in a while.
                tracing::error!(%error, "no thread could be started for a message");
            }
        }
    }
}
