//! Use cases: authorisation, transactions, jobs enqueued with the change
