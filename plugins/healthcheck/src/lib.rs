//! A /healthcheck route on the root router.
