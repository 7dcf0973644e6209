//! Opens the filters of a plan, and says what they said in the words of the request.

use std::collections::BTreeMap;

use crate::media::Frame;
use crate::pipeline::{FilterFactory, FilterRequest, FrameFilter, OpenFilter, Region};
use crate::plan::{Filter, NodeId, Operation, Plan, Span};
use crate::task::{Failure, FilterRole, Picture, Rect, Warning};

/// Opens each filter node once, and notes in the plan what the filters say.
pub(super) fn open(plan: &mut Plan, factory: &dyn FilterFactory) -> Result<BTreeMap<NodeId, OpenFilter>, Failure> {
    let mut opened = BTreeMap::new();
    for node in plan.nodes().to_vec() {
        let Operation::Filter(filter) = &node.operation else { continue };
        let first = plan.targets_of(node.id).first().copied().unwrap_or_default();
        let mut open = open_one(filter, factory).map_err(|failure| failure.of_target(first))?;
        if let Some(active) = filter.active {
            open.regions = Some(within(open.regions.take(), active, &filter.picture));
        }
        let regions = open.regions.as_ref().map(|regions| {
            regions.iter().map(|region| Span { area: region.area, start: region.start, end: region.end }).collect()
        });
        let warnings = open.warnings.iter().flat_map(|warning| told(plan, node.id, warning)).collect();
        plan.note_filter(node.id, regions, warnings);
        opened.insert(node.id, open);
    }
    Ok(opened)
}

fn open_one(filter: &Filter, factory: &dyn FilterFactory) -> Result<OpenFilter, Failure> {
    let request = FilterRequest { plugin: &filter.reference, parameters: &filter.parameters, picture: &filter.picture };
    factory.open(request).or_else(|failure| {
        if !filter.on_error.passes_over(&failure) {
            return Err(failure);
        }
        let message =
            format!("{} cannot be opened, so it is left out: {}: {}", filter.plugin, failure.code, failure.message);
        let warning = Warning { code: "FilterSkipped".into(), field: String::new(), target: None, message };
        let left_out: Box<dyn FrameFilter> = Box::new(LeftOut);
        Ok(OpenFilter {
            plugin: filter.plugin.clone(),
            filter: left_out,
            regions: Some(Vec::new()),
            warnings: vec![warning],
        })
    })
}

/// The part of a filter's work that lies within a span; a filter that declared nothing works everywhere.
fn within(regions: Option<Vec<Region>>, (from, to): (i64, Option<i64>), picture: &Picture) -> Vec<Region> {
    let whole = Region { area: Rect { x: 0, y: 0, width: picture.width, height: picture.height }, start: 0, end: None };
    let cut = |region: Region| {
        let end = match (region.end, to) {
            (Some(end), Some(to)) => Some(end.min(to)),
            (end, to) => end.or(to),
        };
        Region { start: region.start.max(from), end, ..region }
    };
    let regions = regions.unwrap_or_else(|| vec![whole]).into_iter().map(cut);
    regions.filter(|region| region.end.is_none_or(|end| end > region.start)).collect()
}

/// What a filter said, for each of the targets that it works for.
pub(super) fn told(plan: &Plan, node: NodeId, warning: &Warning) -> Vec<Warning> {
    let role = plan.nodes().iter().find(|other| other.id == node).and_then(|node| match &node.operation {
        Operation::Filter(filter) => Some(filter.role),
        _ => None,
    });
    let of = |target: &usize| {
        let field = wire_path(*target, role, &warning.field);
        Warning { field, target: Some(*target), ..warning.clone() }
    };
    plan.targets_of(node).iter().map(of).collect()
}

/// A path within a filter's parameters as a path within the request.
fn wire_path(target: usize, role: Option<FilterRole>, field: &str) -> String {
    let filters = format!("Targets[{target}].Video.FilterVideo");
    match role.map(|role| role.within(field)).filter(|path| !path.is_empty()) {
        Some(path) => format!("{filters}.{path}"),
        None => filters,
    }
}

/// In the place of a filter that could not be opened. It has no region, so it sees no frame.
struct LeftOut;

impl FrameFilter for LeftOut {
    fn process(&mut self, _: &mut Frame) -> Result<(), Failure> {
        Ok(())
    }

    fn finish(&mut self) -> Result<Vec<Warning>, Failure> {
        Ok(Vec::new())
    }
}
