//! Mixes streams of sound into one.

use super::media_stages::Push;
use super::{Item, Outlet, Stop, at, bug};
use crate::media::Mixer;
use crate::pipeline::channel::Inbox;
use crate::task::Stage;

pub(super) fn mix(
    inputs: usize,
    sample_rate: u32,
    channels: u16,
    inbox: &Inbox<Item>,
    outlet: Outlet,
) -> Result<(), Stop> {
    let mut mixer = Mixer::new(inputs, sample_rate, channels).map_err(at(Stage::Transform))?;
    while let Some((input, item)) = inbox.receive_or_end()? {
        let samples = match item {
            Some(Item::Samples(samples)) => Some(samples),
            None => None,
            Some(_) => return Err(bug("something else than samples came to a mixer").into()),
        };
        let mut push = Push::to(&outlet);
        let result = mixer.send(input, samples, &mut |samples| push.item(Item::Samples(samples)));
        push.settle(result, Stage::Transform)?;
    }
    outlet.finish();
    Ok(())
}
