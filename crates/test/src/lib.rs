//! Test backends, captured logs and mock services for plugin authors.
