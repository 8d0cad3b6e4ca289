//! estampe-compile: compiles a plugin in a child process with limits
fn main() {}
