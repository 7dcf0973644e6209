//! Changes the speed of pictures or sound.

use super::{Item, Outlet, Stop, at};
use crate::media::{Tempo, slow_clock, slow_frame};
use crate::pipeline::channel::Inbox;
use crate::task::{Rational, Stage};

pub(super) fn speed(speed: Rational, inbox: &Inbox<Item>, outlet: Outlet) -> Result<(), Stop> {
    let mut tempo = Tempo::new(speed);
    let hand_on = |out: Vec<_>| out.into_iter().try_for_each(|samples| outlet.send(Item::Samples(samples)));
    while let Some((_, item)) = inbox.receive()? {
        match item {
            Item::Clock(clock) => outlet.send(Item::Clock(slow_clock(clock, speed)))?,
            Item::Frame(mut frame) => {
                slow_frame(&mut frame, speed);
                outlet.send(Item::Frame(frame))?;
            }
            Item::Samples(samples) => hand_on(tempo.send(samples).map_err(at(Stage::Transform))?)?,
            other => outlet.send(other)?,
        }
    }
    hand_on(tempo.finish().map_err(at(Stage::Transform))?)?;
    outlet.finish();
    Ok(())
}
