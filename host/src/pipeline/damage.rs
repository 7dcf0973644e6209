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
    /// Index in `Sources[]`.
    pub(super) source: usize,
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

    /// Fails for a damaged source, unless the plan tolerates it; warns of all damage that is tolerated.
    pub(super) fn judge(self, plan: &Plan) -> Result<Vec<Warning>, Failure> {
        let seen = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut judge = Judge { tolerant: plan.tolerates_damage(), warnings: Vec::new() };
        for (source, health) in &seen.sources {
            let uri = plan.sources().get(*source).map(|source| source.uri.to_string()).unwrap_or_default();
            if let Some(missing) = health.missing_ns() {
                let stated = health.stated_ns.unwrap_or_default() as f64 / 1e9;
                let missing = missing as f64 / 1e9;
                let message = format!(
                    "{uri} ends early: by its own header it lasts {stated:.2} s, but the last {missing:.2} s are missing"
                );
                judge.found(*source, message, true)?;
            }
            judge.lost(*source, &format!("packets of {uri}"), health.lost, health.packets)?;
        }
        for decoded in &seen.decoders {
            judge.lost(decoded.source, &format!("frames of {}", decoded.stream), decoded.lost, decoded.frames)?;
        }
        Ok(judge.warnings)
    }
}

struct Judge {
    tolerant: bool,
    warnings: Vec<Warning>,
}

impl Judge {
    fn lost(&mut self, source: usize, what: &str, lost: u64, kept: u64) -> Result<(), Failure> {
        let all = kept.saturating_add(lost);
        let message = format!("{what}: {lost} of {all} are damaged; at most 1 % is tolerated");
        match lost as f64 / all.max(1) as f64 {
            share if share > TOLERATED => self.found(source, message, true),
            _ if lost > 0 => self.found(source, message, false),
            _ => Ok(()),
        }
    }

    fn found(&mut self, source: usize, message: String, grave: bool) -> Result<(), Failure> {
        if grave && !self.tolerant {
            let message = format!("{message}; set TolerateDamage to take what is there");
            return Err(Failure::new(ErrorCode::SourceDamaged, Stage::Demux, message));
        }
        let field = format!("Sources[{source}]");
        self.warnings.push(Warning { code: "SourceDamaged".into(), field, target: None, message });
        Ok(())
    }
}
