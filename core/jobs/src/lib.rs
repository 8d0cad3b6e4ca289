//! Durable work done later: the worker, the schedule, one file for each kind
