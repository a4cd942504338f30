//! Readiness, liveness and the registry of named checks.
