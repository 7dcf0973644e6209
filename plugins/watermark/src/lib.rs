//! Draws text and picture watermarks.
