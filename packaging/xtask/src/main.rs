//! Builds, tests and shows Estampe: cargo xtask
fn main() {}
