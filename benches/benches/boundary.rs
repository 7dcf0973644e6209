//! The price of the plugin boundary.

fn main() {}
