//! Whether the sources were whole (decision 17 of the API reference): one that ends early, against its own header, or loses
//! more than 1 % of its packets is never passed off as done.

use std::sync::{Mutex, PoisonError};

use crate::media::SourceHealth;
use crate::plan::Plan;
use crate::task::{ErrorCode, Failure, Stage, Warning};

/// Share of packets or frames that may be lost.
const TOLERATED: f64 = 0.01;

/// What demuxers and decoders saw.
#[derive(Debug, Default)]
pub(super) struct Damage(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    sources: Vec<(usize, SourceHealth)>,
    decoders: Vec<Decoded>,
}

/// What one decoder saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Decoded {
    /// Which stream, for people.
    pub(super) stream: String,
    /// Frames that came out.
    pub(super) frames: u64,
    /// Packets that it refused, and frames that it marked as corrupt.
    pub(super) lost: u64,
}

impl Damage {
    pub(super) fn source(&self, source: usize, health: SourceHealth) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).sources.push((source, health));
    }

    pub(super) fn decoder(&self, decoded: Decoded) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).decoders.push(decoded);
    }

    /// Fails for a damaged source; warns of losses that are tolerated.
    pub(super) fn judge(self, plan: &Plan) -> Result<Vec<Warning>, Failure> {
        let seen = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut warnings = Vec::new();
        let mut lost = |what: String, lost: u64, all: u64, source: usize| {
            let share = lost as f64 / all.max(1) as f64;
            if share > TOLERATED {
                return Err(damaged(format!("{what}: {lost} of {all} are damaged; at most 1 % is tolerated")));
            }
            if lost > 0 {
                warnings.push(Warning {
                    code: "SourceDamaged".into(),
                    field: format!("Sources[{source}]"),
                    target: None,
                    message: format!("{what}: {lost} of {all} are damaged; the output was made without them"),
                });
            }
            Ok(())
        };
        for (source, health) in &seen.sources {
            let uri = plan.sources().get(*source).map(|source| source.uri.to_string()).unwrap_or_default();
            if let Some(missing) = health.missing_ns() {
                let stated = health.stated_ns.unwrap_or_default();
                return Err(damaged(format!(
                    "{uri} ends early: by its own header it lasts {:.2} s, but the last {:.2} s are missing",
                    stated as f64 / 1e9,
                    missing as f64 / 1e9
                )));
            }
            lost(format!("packets of {uri}"), health.lost, health.packets + health.lost, *source)?;
        }
        for decoded in &seen.decoders {
            lost(format!("frames of {}", decoded.stream), decoded.lost, decoded.frames + decoded.lost, 0)?;
        }
        Ok(warnings)
    }
}

fn damaged(message: String) -> Failure {
    Failure::new(ErrorCode::SourceDamaged, Stage::Demux, message)
}
