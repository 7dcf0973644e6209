//! The faults of a request, and what collects them.

use std::cell::{Cell, RefCell};
use std::fmt;

use serde::Serialize;

use crate::task::fault::FaultCode;
use crate::task::{Fault, FieldPath, Warning};

/// Everything that is wrong with one request: at least one fault, in the order of the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// The first of them; the answer's code is its code.
    pub fn first(&self) -> &Fault {
        &self.0[0]
    }

    /// All of them.
    pub fn as_slice(&self) -> &[Fault] {
        &self.0
    }

    /// All of them.
    pub fn into_vec(self) -> Vec<Fault> {
        self.0
    }
}

impl From<Fault> for Faults {
    fn from(fault: Fault) -> Self {
        Self(vec![fault])
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}

/// Collects faults and warnings while a request is read. Shared by all readers of one request.
#[derive(Debug)]
pub(super) struct Notes {
    faults: RefCell<Vec<Fault>>,
    warnings: RefCell<Vec<Warning>>,
    listed: usize,
    unlisted: Cell<usize>,
}

impl Notes {
    /// Lists at most so many faults and counts the rest, so that a hostile request cannot make a huge answer.
    pub(super) fn new(listed: usize) -> Self {
        Self { faults: RefCell::default(), warnings: RefCell::default(), listed: listed.max(1), unlisted: Cell::new(0) }
    }

    pub(super) fn fault(&self, fault: Fault) {
        let mut faults = self.faults.borrow_mut();
        if faults.len() < self.listed {
            faults.push(fault);
        } else {
            self.unlisted.set(self.unlisted.get().saturating_add(1));
        }
    }

    /// Whether further faults are only counted.
    pub(super) fn is_full(&self) -> bool {
        self.faults.borrow().len() >= self.listed
    }

    pub(super) fn warn(&self, warning: Warning) {
        self.warnings.borrow_mut().push(warning);
    }

    /// The faults found up to now that lie at or below a path.
    pub(super) fn at_or_below(&self, path: &FieldPath) -> Vec<Fault> {
        self.faults.borrow().iter().filter(|fault| is_at_or_below(&fault.field, path)).cloned().collect()
    }

    /// The warnings, if there is no fault.
    pub(super) fn finish(self) -> Result<Vec<Warning>, Faults> {
        let mut faults = self.faults.into_inner();
        if faults.is_empty() {
            return Ok(self.warnings.into_inner());
        }
        let unlisted = self.unlisted.get();
        if unlisted > 0 {
            let message = format!("has {unlisted} more faults, which are not listed");
            faults.push(Fault::new(FaultCode::LimitExceeded, FieldPath::root(), message));
        }
        Err(Faults(faults))
    }
}

/// Whether `field` is `path` or lies within the value at `path`.
pub(super) fn is_at_or_below(field: &FieldPath, path: &FieldPath) -> bool {
    match field.as_str().strip_prefix(path.as_str()) {
        Some(rest) => rest.is_empty() || path.as_str().is_empty() || rest.starts_with(['.', '[']),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_not_below_one_that_only_begins_alike() {
        let below = |field: &str, path: &str| is_at_or_below(&field.into(), &path.into());
        assert!(below("Targets[1].URI", "Targets[1]"));
        assert!(below("Targets[1]", "Targets[1]"));
        assert!(below("Targets[1]", ""));
        assert!(!below("TargetsX", "Targets"));
        assert!(!below("Targets", "Targets[1]"));
    }

    #[test]
    fn faults_over_the_limit_are_counted() {
        let notes = Notes::new(2);
        for _ in 0..5 {
            notes.fault(Fault::new(FaultCode::InvalidArgument, FieldPath::root(), "is wrong"));
        }
        let faults = notes.finish().unwrap_err();
        assert_eq!(faults.as_slice().len(), 3);
        assert!(faults.to_string().ends_with("the request has 3 more faults, which are not listed"), "{faults}");
    }
}
