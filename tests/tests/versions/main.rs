//! What is released stays: the WIT in the tree against each released one, and frozen components on this host. wit/README.md has
//! the rules.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test")]

mod frozen;
mod released;
mod rules;
mod wit;
