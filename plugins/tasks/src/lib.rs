//! Queues tasks and tells their results.
