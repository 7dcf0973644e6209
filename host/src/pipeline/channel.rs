//! The inbox of a stage: a channel with one reader and one writer for each input, bounded by bytes and by count.
//!
//! A writer ends its input with [`Sender::finish`]; one that is dropped before that tells the reader that its stage died. A
//! reader that is dropped tells its writers that nobody reads any more. So failure travels both ways, and a blocked stage
//! always wakes. There is one inbox for all inputs of a stage, so that no stage ever waits for one input while another is
//! full: that is how pipelines lock up.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::meter::Meter;

/// What an inbox holds, to bound its memory.
pub(super) trait Weight {
    /// About how many bytes it keeps alive.
    fn bytes(&self) -> usize;

    /// Whether it is something to work on, and no word about the stream.
    fn is_work(&self) -> bool {
        true
    }
}

/// The other end is gone: its stage failed or was cancelled, and says why itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Severed;

/// How much an inbox may hold. One item always passes, however large.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// Items at most. With 0 nothing waits in the inbox: an item is handed over when the reader asks for it.
    pub(super) items: usize,
    /// Bytes at most.
    pub(super) bytes: usize,
}

struct State<T> {
    /// Nothing is the end of an input.
    queue: VecDeque<(usize, Option<T>)>,
    /// Of what is queued, without the ends.
    items: usize,
    bytes: usize,
    /// Writers that have not finished.
    open: usize,
    /// Writers that wait for room. Nobody is woken who does not wait: that is a call of the system each time.
    waiting: usize,
    reader_waits: bool,
    /// A writer went without finishing.
    severed: bool,
    reader_alive: bool,
}

struct Shared<T> {
    state: Mutex<State<T>>,
    bounds: Bounds,
    /// The reader waits here.
    filled: Condvar,
    /// The writers wait here.
    drained: Condvar,
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // The state is valid at every point at which a panic could poison it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The writing end of one input.
pub(super) struct Sender<T> {
    shared: Arc<Shared<T>>,
    input: usize,
    finished: bool,
}

/// The reading end of all inputs.
pub(super) struct Inbox<T> {
    shared: Arc<Shared<T>>,
    meter: Arc<Meter>,
}

/// An inbox with this many inputs, and their writing ends in order.
pub(super) fn inbox<T: Weight>(inputs: usize, bounds: Bounds, meter: Arc<Meter>) -> (Vec<Sender<T>>, Inbox<T>) {
    let state = State {
        queue: VecDeque::new(),
        items: 0,
        bytes: 0,
        waiting: 0,
        reader_waits: false,
        open: inputs,
        severed: false,
        reader_alive: true,
    };
    let shared = Arc::new(Shared { state: Mutex::new(state), bounds, filled: Condvar::new(), drained: Condvar::new() });
    let senders = (0..inputs).map(|input| Sender { shared: Arc::clone(&shared), input, finished: false }).collect();
    (senders, Inbox { shared, meter })
}

impl<T: Weight> Sender<T> {
    /// Waits until there is room; returns how long.
    pub(super) fn send(&self, item: T) -> Result<Duration, Severed> {
        let bytes = item.bytes();
        let bounds = self.shared.bounds;
        let full = |state: &mut State<T>| {
            let holds_some = state.items > 0;
            let holds_all = state.items >= bounds.items || state.bytes.saturating_add(bytes) > bounds.bytes;
            let unasked = bounds.items == 0 && !state.reader_waits;
            state.reader_alive && (unasked || (holds_some && holds_all))
        };
        let mut waited = Duration::ZERO;
        let mut state = self.shared.lock();
        if full(&mut state) {
            let begun = Instant::now();
            state.waiting += 1;
            state = self.shared.drained.wait_while(state, full).unwrap_or_else(PoisonError::into_inner);
            state.waiting -= 1;
            waited = begun.elapsed();
        }
        if !state.reader_alive {
            return Err(Severed);
        }
        state.bytes = state.bytes.saturating_add(bytes);
        state.items += 1;
        state.queue.push_back((self.input, Some(item)));
        let wakes = state.reader_waits;
        drop(state);
        if wakes {
            self.shared.filled.notify_one();
        }
        Ok(waited)
    }

    /// Ends this input: the reader gets what is queued, then its end.
    pub(super) fn finish(mut self) {
        self.finished = true;
    }
}

impl<T: Weight> Inbox<T> {
    /// What its stage has done and waited for.
    pub(super) fn meter(&self) -> &Meter {
        &self.meter
    }

    /// Waits for the next item and the number of its input; `None` when all inputs have ended.
    pub(super) fn receive(&self) -> Result<Option<(usize, T)>, Severed> {
        loop {
            match self.receive_or_end()? {
                Some((input, Some(item))) => return Ok(Some((input, item))),
                Some((_, None)) => {}
                None => return Ok(None),
            }
        }
    }

    /// Likewise, and tells when an input has ended, once for each: no item is with its number then.
    pub(super) fn receive_or_end(&self) -> Result<Option<(usize, Option<T>)>, Severed> {
        let empty = |state: &mut State<T>| state.queue.is_empty() && state.open > 0 && !state.severed;
        self.meter.asks();
        let mut state = self.shared.lock();
        if empty(&mut state) {
            let begun = Instant::now();
            state.reader_waits = true;
            if state.waiting > 0 {
                self.shared.drained.notify_all();
            }
            state = self.shared.filled.wait_while(state, empty).unwrap_or_else(PoisonError::into_inner);
            state.reader_waits = false;
            self.meter.waited_for_input(begun.elapsed());
        }
        if state.severed {
            return Err(Severed);
        }
        let Some((input, item)) = state.queue.pop_front() else { return Ok(None) };
        state.items = state.items.saturating_sub(usize::from(item.is_some()));
        state.bytes = state.bytes.saturating_sub(item.as_ref().map_or(0, Weight::bytes));
        // Writers wake when half is free, and write several items before they sleep again.
        let bounds = self.shared.bounds;
        let wakes = state.waiting > 0 && state.items <= bounds.items / 2 && state.bytes <= bounds.bytes / 2;
        drop(state);
        if wakes {
            self.shared.drained.notify_all();
        }
        if item.as_ref().is_some_and(Weight::is_work) {
            self.meter.takes();
        }
        Ok(Some((input, item)))
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.open = state.open.saturating_sub(1);
        state.severed |= !self.finished;
        if self.finished {
            state.queue.push_back((self.input, None));
        }
        drop(state);
        self.shared.filled.notify_one();
    }
}

impl<T> Drop for Inbox<T> {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.reader_alive = false;
        let queue = std::mem::take(&mut state.queue);
        drop(state);
        self.shared.drained.notify_all();
        // Outside of the lock: items may be large, or end other channels.
        drop(queue);
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    impl Weight for usize {
        fn bytes(&self) -> usize {
            *self
        }
    }

    const BOUNDS: Bounds = Bounds { items: 2, bytes: 100 };

    fn single() -> (Sender<usize>, Inbox<usize>) {
        let (mut senders, inbox) = inbox(1, BOUNDS, Arc::default());
        (senders.pop().unwrap(), inbox)
    }

    #[test]
    fn items_arrive_in_order_then_the_end() {
        let (sender, inbox) = single();
        let writer = thread::spawn(move || {
            (0..50).try_for_each(|item| sender.send(item).map(drop))?;
            sender.finish();
            Ok::<_, Severed>(())
        });
        for item in 0..50 {
            assert_eq!(inbox.receive(), Ok(Some((0, item))));
        }
        assert_eq!(inbox.receive(), Ok(None));
        writer.join().unwrap().unwrap();
    }

    #[test]
    fn all_inputs_must_end() {
        let (mut senders, inbox) = inbox(2, BOUNDS, Arc::default());
        let (second, first) = (senders.pop().unwrap(), senders.pop().unwrap());
        first.send(1).unwrap();
        first.finish();
        second.send(2).unwrap();
        assert_eq!(inbox.receive(), Ok(Some((0, 1))));
        assert_eq!(inbox.receive(), Ok(Some((1, 2))));
        second.finish();
        assert_eq!(inbox.receive(), Ok(None));
    }

    #[test]
    fn the_end_of_each_input_is_told() {
        let (mut senders, inbox) = inbox(2, BOUNDS, Arc::default());
        let (second, first) = (senders.pop().unwrap(), senders.pop().unwrap());
        first.send(1).unwrap();
        first.finish();
        second.finish();
        assert_eq!(inbox.receive_or_end(), Ok(Some((0, Some(1)))));
        assert_eq!(inbox.receive_or_end(), Ok(Some((0, None))));
        assert_eq!(inbox.receive_or_end(), Ok(Some((1, None))));
        assert_eq!(inbox.receive_or_end(), Ok(None));
    }

    #[test]
    fn never_holds_more_bytes_than_allowed_but_passes_a_large_item() {
        let (sender, inbox) = single();
        sender.send(1000).unwrap();
        let writer = thread::spawn(move || {
            sender.send(60).unwrap();
            sender.send(60).unwrap();
            sender.finish();
        });
        assert_eq!(inbox.receive(), Ok(Some((0, 1000))));
        assert_eq!(inbox.receive(), Ok(Some((0, 60))));
        assert_eq!(inbox.receive(), Ok(Some((0, 60))));
        assert_eq!(inbox.receive(), Ok(None));
        writer.join().unwrap();
    }

    #[test]
    fn without_room_each_item_is_handed_over() {
        let (mut senders, inbox) = inbox(2, Bounds { items: 0, ..BOUNDS }, Arc::default());
        let sent = Arc::new(Mutex::new(0));
        let writers: Vec<_> = senders
            .drain(..)
            .map(|sender| {
                let sent = Arc::clone(&sent);
                thread::spawn(move || {
                    for item in 0..50 {
                        sender.send(item).unwrap();
                        *sent.lock().unwrap() += 1;
                    }
                    sender.finish();
                })
            })
            .collect();
        let mut received = [0; 2];
        for taken in 0..100 {
            // Nothing is sent that has not been asked for.
            assert!(*sent.lock().unwrap() <= taken);
            let (input, item) = inbox.receive().unwrap().unwrap();
            assert_eq!(item, received[input]);
            received[input] += 1;
        }
        assert_eq!(inbox.receive(), Ok(None));
        writers.into_iter().for_each(|writer| writer.join().unwrap());
    }

    #[test]
    fn a_writer_that_dies_is_no_end_of_stream() {
        let (sender, inbox) = single();
        sender.send(1).unwrap();
        drop(sender);
        assert_eq!(inbox.receive(), Err(Severed));
    }

    #[test]
    fn a_blocked_writer_wakes_when_its_reader_goes() {
        let (sender, inbox) = single();
        sender.send(90).unwrap();
        let writer = thread::spawn(move || sender.send(90));
        drop(inbox);
        assert_eq!(writer.join().unwrap(), Err(Severed));
    }
}
