//! The Estampe appliance: digital business cards, leads and signatures inside your own network
fn main() {}
