//! How many threads a decoder gets.

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
    let Some(stream) = plan.video_of(node) else { return false };
    let encoded = plan.nodes().iter().filter(|next| plan.reads(next.id, node)).map(|next| match &next.operation {
        Operation::EncodeVideo { picture, .. } => samples(picture.width, picture.height),
        _ => 0,
    });
    encoded.fold(0, u64::saturating_add).saturating_mul(2) >= samples(stream.width, stream.height)
}

fn samples(width: u32, height: u32) -> u64 {
    u64::from(width) * u64::from(height)
}
