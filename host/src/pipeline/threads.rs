//! How many threads a decoder gets.

use std::collections::BTreeSet;
use std::thread;

use crate::plan::{NodeId, Operation, Plan};

/// Each thread of a decoder holds pictures, and where encoders do most of the work one decoder thread feeds several of them: a third of the cores
/// is enough, and 1080p takes 3 MB less for each of the others.
const SHARE: usize = 3;

/// Threads for the decoder of this node; 0 is as many as there are cores. `asked` is what was wished for all of them.
pub(super) fn of_decoder(plan: &Plan, node: NodeId, asked: u32) -> u32 {
    if asked != 0 || !encoders_lead(plan, node) {
        return asked;
    }
    let cores = thread::available_parallelism().map_or(1, usize::from);
    u32::try_from(cores.div_ceil(SHARE)).unwrap_or(1)
}

/// Whether encoders of video take at least half as many samples as this decoder makes. A sample that is encoded takes ten times as long as one that is decoded.
fn encoders_lead(plan: &Plan, node: NodeId) -> bool {
    let Some(decoded) = decoded(plan, node) else { return false };
    // Inputs come before those that take them.
    let mut after = BTreeSet::from([node]);
    let mut encoded = 0_u64;
    for next in plan.nodes().iter().filter(|next| next.id != node) {
        if next.inputs.iter().any(|input| after.contains(input)) {
            after.insert(next.id);
            if let Operation::EncodeVideo { picture, .. } = &next.operation {
                encoded = encoded.saturating_add(u64::from(picture.width) * u64::from(picture.height));
            }
        }
    }
    encoded.saturating_mul(2) >= decoded
}

/// Samples of a picture that this node decodes.
fn decoded(plan: &Plan, node: NodeId) -> Option<u64> {
    let origin = plan.origin_of(node)?;
    let streams = &plan.sources().get(origin.source)?.facts.video_streams;
    let stream = streams.iter().find(|stream| stream.index == origin.stream)?;
    Some(u64::from(stream.width) * u64::from(stream.height))
}
