//! Drives the real binary by its doors
