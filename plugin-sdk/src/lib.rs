//! Write an Estampe plugin: the contract, a trait for each world, a macro that exports it
