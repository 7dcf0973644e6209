//! Hides logos behind a mosaic.
