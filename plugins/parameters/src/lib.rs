//! Resolves output parameters.
