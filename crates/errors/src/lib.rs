//! Backstage's error types, their statuses, cause chains and JSON form.
