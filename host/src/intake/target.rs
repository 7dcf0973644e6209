//! `Targets[]`.

use std::collections::BTreeMap;

use super::audio::{Heard, audio};
use super::fields::{Fields, is_hollow};
use super::filter_video::SPEEDS;
use super::output::output;
use super::policies::{Roles, roles};
use super::request::Scope;
use super::segment::{fits, segment};
use super::subtitle::{extracts, subtitle};
use super::video::{Wanted, video};
use crate::task::fault::FaultCode;
use crate::task::spec::SubtitleWish;
use crate::task::{AudioWish, Container, Fault, ObjectUri, StreamChoice, TargetSpec, VideoWish};

/// Reads `Targets`; `None` where one of them is wrong.
pub(super) fn targets(fields: &mut Fields<'_>, scope: &Scope<'_>, has_groups: bool) -> Option<Vec<TargetSpec>> {
    let most = scope.context.limits.targets;
    let Some(items) = fields.array("Targets") else {
        if !fields.has("Targets") && !has_groups {
            fields.fault(FaultCode::MissingArgument, "Targets", "is required and must hold at least one target");
        }
        return None;
    };
    if items.len() > most {
        let message = format!("must hold at most {most} targets; it holds {}", items.len());
        fields.fault(FaultCode::LimitExceeded, "Targets", message);
        return None;
    }
    let path = fields.path().field("Targets");
    let mut taken = BTreeMap::new();
    for (number, source) in scope.sources.iter().enumerate() {
        taken.insert(source.uri.clone(), format!("the source {}", source.uri));
        for (subtitle, added) in source.subtitles.iter().enumerate() {
            taken.insert(added.uri.clone(), format!("the subtitles Sources[{number}].Subtitles[{subtitle}]"));
        }
    }
    let mut specs = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let target = Fields::open(item, path.index(index), Some(index), fields.notes());
        specs.push(target.and_then(|target| read(target, index, scope, &mut taken)));
    }
    specs.into_iter().collect()
}

/// Which outputs and sources there are already, and what to call them.
type Taken = BTreeMap<ObjectUri, String>;

fn read(mut target: Fields<'_>, index: usize, scope: &Scope<'_>, taken: &mut Taken) -> Option<TargetSpec> {
    let roles = roles(&mut target, scope.defaults, scope.context);
    let segment = segment(&mut target);
    let containers: Vec<_> = Container::ALL.iter().map(|container| (container.name(), *container)).collect();
    let container = target.choice("Container", &containers, &[]);
    if let Some((segment, container)) = segment.zip(container) {
        fits(&target, segment, container);
    }
    let Wanted { wish: video, streams: video_streams, speed: filter_speed } =
        video(&mut target, container, &roles, scope);
    let Heard { wish: audio, streams: audio_streams, mixing } = audio(&mut target, container);
    let extracts = extracts(&mut target);
    let subtitle = subtitle(&mut target, &video, &roles.uri_template, scope);
    let others = others(&mut target);
    together(&target, others || extracts);
    if extracts && !target.has("Container") && !target.has("URI") {
        return only_extracts(target, subtitle, &roles);
    }
    if scope.joined {
        joined(&target, video == VideoWish::Copy, audio == AudioWish::Copy);
    }
    let output = output(&mut target, &video, segment, &roles.uri_template, scope);
    if let Some(uri) = output.as_ref().and_then(|output| output.literal.as_ref()) {
        match taken.get(uri) {
            Some(other) => {
                target.fault(
                    FaultCode::InvalidArgument,
                    "URI",
                    format!("must differ from {other}, which is the same object"),
                );
            }
            None => {
                taken.insert(uri.clone(), format!("the output of Targets[{index}]"));
            }
        }
    }
    if video == VideoWish::None && audio == AudioWish::None {
        let message =
            "must have video or audio: both are switched off, or their TranscodeVideo and TranscodeAudio are empty";
        target.notes().fault(Fault::new(FaultCode::InvalidArgument, target.path().clone(), message));
    }
    if let Some(container) = container.filter(|container| container.needs_video() && video == VideoWish::None) {
        let message =
            format!("must be another one, or the target must have video: {} holds no sound alone", container.name());
        target.fault(FaultCode::InvalidArgument, "Container", message);
    }
    let pictures = retained(&mut target, "AttachedPicture", container, segment.is_some());
    let data = retained(&mut target, "Data", container, segment.is_some());
    let speed = speed(&mut target, filter_speed, &video, &audio);
    let strip_metadata = target.boolean("StripMetadata").unwrap_or(false);
    target.finish();
    let output = output?;
    Some(TargetSpec {
        segment,
        video,
        video_streams,
        audio,
        audio_streams,
        mixing,
        speed,
        strip_metadata,
        subtitle,
        pictures,
        data,
        policies: roles.policies()?,
        ..TargetSpec::new(output.template, container?)
    })
}

/// A target that makes subtitle files and no media file: all that is about one does nothing.
fn only_extracts(mut target: Fields<'_>, subtitle: SubtitleWish, roles: &Roles) -> Option<TargetSpec> {
    let ignored = target.unread(&[
        "Container",
        "URI",
        "Segment",
        "Video",
        "Audio",
        "Speed",
        "StripMetadata",
        "AttachedPicture",
        "Data",
    ]);
    if !ignored.is_empty() {
        let fields = ignored.join(", ");
        let message = format!("these fields do nothing without Container and URI: {fields}");
        target.warn("FieldsIgnored", "", message);
    }
    target.finish();
    subtitle.extract.as_ref()?;
    Some(TargetSpec::only_extracts(subtitle, roles.policies()?))
}

/// `Speed` and `FilterVideo.Speed`, which mean the same; `None` where the output is as fast as its source.
fn speed(target: &mut Fields<'_>, of_filter: Option<f64>, video: &VideoWish, audio: &AudioWish) -> Option<f64> {
    const OF_FILTER: &str = "Video.FilterVideo.Speed";
    let own = target.number("Speed", SPEEDS);
    if let Some((own, of_filter)) = own.zip(of_filter).filter(|(own, of_filter)| own != of_filter) {
        let message = format!("must not differ from {OF_FILTER}, which is {of_filter}; it is {own}");
        target.fault(FaultCode::InvalidArgument, "Speed", message);
    }
    let speed = own.or(of_filter).filter(|speed| *speed != 1.0)?;
    let copied = [("Video", *video == VideoWish::Copy), ("Audio", *audio == AudioWish::Copy)];
    for (kind, _) in copied.iter().filter(|(_, copied)| *copied) {
        let message = format!(
            "must be 1 where {kind} is copied, for copied streams keep their times; set {kind}.Transcode{kind}.Codec or {kind}.Disable{kind}"
        );
        let path = if own.is_some() {
            target.path().field("Speed")
        } else {
            target.path().field("Video").field("FilterVideo").field("Speed")
        };
        target.notes().fault(Fault::with_value(FaultCode::InvalidArgument, path, &speed.into(), message));
    }
    Some(speed)
}

/// What is copied cannot follow something else.
fn joined(target: &Fields<'_>, video: bool, audio: bool) {
    for (kind, _) in [("Video", video), ("Audio", audio)].into_iter().filter(|(_, copied)| *copied) {
        let message = format!(
            "must be encoded, because several Sources follow each other and copied streams cannot; set {kind}.Transcode{kind}.Codec or {kind}.Disable{kind}"
        );
        target.notes().fault(Fault::new(FaultCode::InvalidArgument, target.path().field(kind), message));
    }
}

/// `Container` and `URI` must be set together. Both may be left out where a target makes only subtitle files, or
/// pictures, which are refused as unsupported already.
fn together(target: &Fields<'_>, others: bool) {
    for (name, other) in [("Container", "URI"), ("URI", "Container")] {
        if !target.has(name) && target.has(other) {
            target.fault(
                FaultCode::MissingArgument,
                name,
                format!("is required: it must be set together with {other}"),
            );
        } else if !target.has(name) && !others {
            target.fault(FaultCode::MissingArgument, name, "is required and must not be empty");
        }
    }
}

/// The parts of a target that this version does not have. Returns whether it asks for pictures.
fn others(target: &mut Fields<'_>) -> bool {
    let pictures = target.value("Image").is_some_and(|image| !is_hollow(image));
    target.unsupported("Image", "leave it out");
    pictures
}

/// `AttachedPicture` and `Data`: which such streams are retained, where the container holds any. An empty list, the default, retains
/// none, and -1 all.
fn retained(target: &mut Fields<'_>, name: &'static str, container: Option<Container>, cut: bool) -> StreamChoice {
    let Some(mut retained) = target.object(name) else { return StreamChoice::None };
    let numbers = retained.integers("Stream", &(-1..=i64::from(i32::MAX)));
    let holds = if name == "Data" { Container::has_data } else { Container::has_pictures };
    let holding: Vec<_> =
        Container::ALL.into_iter().filter(|container| holds(*container)).map(Container::name).collect();
    let choice = match (numbers, container) {
        (None, _) => StreamChoice::None,
        (Some(_), Some(container)) if !holds(container) => {
            let message =
                format!("must be absent or [] with Container {}: it is for {}", container.name(), holding.join(", "));
            retained.fault(FaultCode::InvalidArgument, "Stream", message);
            StreamChoice::None
        }
        (Some(_), _) if cut => {
            retained.warn("FieldsIgnored", "Stream", "does nothing: segments hold none");
            StreamChoice::None
        }
        (Some(numbers), _) if numbers.contains(&-1) => StreamChoice::All,
        (Some(numbers), _) => {
            StreamChoice::These(numbers.into_iter().filter_map(|number| usize::try_from(number).ok()).collect())
        }
    };
    retained.finish();
    choice
}
