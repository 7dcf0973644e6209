//! Expands TargetURI templates.
