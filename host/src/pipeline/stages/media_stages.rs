//! The stages that are objects of room `media` with channels around them.

use std::sync::Arc;

use super::{Item, Outlet, Promise, Stop, Stream, at, bug, stream};
use crate::media::{
    AudioEncoder, AudioTransform, EncodeReport, MediaError, StreamCopy, StreamParameters, VideoClock, VideoEncoder,
    VideoTransform,
};
use crate::pipeline::channel::Inbox;
use crate::pipeline::run::Shared;
use crate::plan::{Node, Transform};
use crate::task::{AudioEncoding, Stage};

/// Hands items on out of a media object's callback, and keeps what an outlet said: media objects only know their own errors.
pub(super) struct Push<'a> {
    outlet: &'a Outlet,
    stop: Option<Stop>,
}

impl<'a> Push<'a> {
    pub(super) fn to(outlet: &'a Outlet) -> Self {
        Self { outlet, stop: None }
    }

    pub(super) fn item(&mut self, item: Item) -> Result<(), MediaError> {
        self.outlet.send(item).map_err(|stop| {
            self.stop = Some(stop);
            MediaError::Interrupted
        })
    }

    /// The outlet's word goes before the object's, which only repeats it.
    pub(super) fn settle(self, result: Result<(), MediaError>, stage: Stage) -> Result<(), Stop> {
        match (self.stop, result) {
            (Some(stop), _) => Err(stop),
            (None, result) => result.map_err(at(stage)),
        }
    }
}

/// Passes the packets of one stream on, their timestamps completed.
pub(super) fn copy(node: &Node, inbox: &Inbox<Item>, outlet: Outlet, shared: &Shared<'_>) -> Result<(), Stop> {
    let parameters = stream(inbox)?;
    shared.plan.origin_of(node.id).ok_or_else(|| bug("a copied stream has no source"))?;
    let reorder = shared.plan.video_of(node.id).map_or(0, |video| video.has_b_frames);
    let mut object = StreamCopy::new(&parameters, reorder);
    outlet.send(Item::Stream(Box::new(Stream { parameters, promise: None })))?;
    loop {
        let packet = match inbox.receive()? {
            Some((_, Item::Packet(packet))) => Some(packet),
            Some(_) => return Err(bug("something else than a packet came to a copied stream").into()),
            None => None,
        };
        let last = packet.is_none();
        let mut push = Push::to(&outlet);
        let result = object.send(packet, &mut |packet| push.item(Item::Packet(packet)));
        push.settle(result, Stage::Mux)?;
        if last {
            break;
        }
    }
    outlet.finish();
    Ok(())
}

pub(super) fn transform(transform: &Transform, inbox: &Inbox<Item>, outlet: Outlet) -> Result<(), Stop> {
    let Some((_, Item::Clock(clock))) = inbox.receive()? else {
        return Err(bug("a transform was not told how its frames are timed").into());
    };
    let open = || VideoTransform::new(transform.geometry.clone(), &transform.picture, clock);
    let mut object = open();
    outlet.send(Item::Clock(object.clock()))?;
    loop {
        let (frame, again) = match inbox.receive()? {
            Some((_, Item::Frame(frame))) => (Some(frame), None),
            Some((_, Item::Again(time))) => (None, Some(time)),
            Some(_) => return Err(bug("something else than a frame came to a transform").into()),
            None => (None, None),
        };
        let last = frame.is_none();
        let mut push = Push::to(&outlet);
        let result = object.send(frame, &mut |frame| push.item(Item::Frame(frame)));
        push.settle(result, Stage::Transform)?;
        if last {
            let Some(time) = again else { break };
            object = open();
            outlet.send(Item::Again(time))?;
        }
    }
    outlet.finish();
    Ok(())
}

pub(super) fn encode_video(
    open: impl FnOnce(VideoClock) -> VideoEncoder,
    inbox: &Inbox<Item>,
    outlet: Outlet,
    shared: &Shared<'_>,
) -> Result<(), Stop> {
    let Some((_, Item::Clock(clock))) = inbox.receive()? else {
        return Err(bug("an encoder was not told how its frames are timed").into());
    };
    let mut encoder = open(clock).with_threads(shared.threads);
    let promise = Promise::default();
    let mut announced = false;
    loop {
        let frame = match inbox.receive()? {
            Some((_, Item::Frame(frame))) => Some(frame),
            Some(_) => return Err(bug("something else than a frame came to an encoder").into()),
            None => None,
        };
        let last = frame.is_none();
        shared.check_interrupt()?;
        let mut packets = Vec::new();
        encoder
            .send(frame, &mut |packet| {
                packets.push(packet);
                Ok(())
            })
            .map_err(at(Stage::Encode))?;
        shared.progress.encoded(u64::from(!last));
        // The encoder opens on its first frame; only then is the stream known.
        if !announced && let Some(parameters) = encoder.parameters().map_err(at(Stage::Encode))? {
            announce(parameters, &promise, &outlet)?;
            announced = true;
        }
        packets.into_iter().try_for_each(|packet| outlet.send(Item::Packet(packet)))?;
        if last {
            break;
        }
    }
    keep(&promise, encoder.report());
    outlet.finish();
    Ok(())
}

pub(super) fn encode_audio(encoding: &AudioEncoding, inbox: &Inbox<Item>, outlet: Outlet) -> Result<(), Stop> {
    let mut encoder = AudioEncoder::open(encoding).map_err(at(Stage::Encode))?;
    let mut transform = AudioTransform::new(encoding, encoder.frame_size()).map_err(at(Stage::Encode))?;
    let promise = Promise::default();
    let mut announced = false;
    loop {
        let samples = match inbox.receive()? {
            Some((_, Item::Samples(samples))) => Some(samples),
            Some(_) => return Err(bug("something else than samples came to an encoder").into()),
            None => None,
        };
        let last = samples.is_none();
        // Not before the source has been read from: the muxer opens with the last stream, and needs the source's metadata.
        if !announced {
            announce(encoder.parameters().map_err(at(Stage::Encode))?, &promise, &outlet)?;
            announced = true;
        }
        let mut push = Push::to(&outlet);
        let mut encode = |samples| encoder.send(samples, &mut |packet| push.item(Item::Packet(packet)));
        let result = transform.send(samples, &mut |samples| encode(Some(samples)));
        let result = if last { result.and_then(|()| encode(None)) } else { result };
        push.settle(result, Stage::Encode)?;
        if last {
            break;
        }
    }
    keep(&promise, encoder.report());
    outlet.finish();
    Ok(())
}

fn announce(parameters: StreamParameters, promise: &Promise, outlet: &Outlet) -> Result<(), Stop> {
    let stream = Stream { parameters, promise: Some(Arc::clone(promise)) };
    outlet.send(Item::Stream(Box::new(stream)))
}

/// Told before the stream ends, so that whoever sees the end sees the promise.
fn keep(promise: &Promise, report: EncodeReport) {
    // An encoder ends once.
    let _ = promise.set(report);
}
