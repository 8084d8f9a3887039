//! Placeholder until the rooms below it stand.

fn main() {}
