//! Who sent a request, as its access line tells: a label, which decides nothing. The server behind judges.

use http::HeaderMap;

/// Finds out who sent a request, beside its way.
pub trait Labels: Send + Sync + 'static {
    /// Calls `told` with the label, at once if it is known, else when it is; drops `told`, if that will never be. It must not
    /// wait.
    fn look(&self, headers: &HeaderMap, told: Box<dyn FnOnce(Label) + Send>);
}

/// What is known of who sent a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label {
    /// `user`, `service`, `external`, `none`, `invalid` or `unverified`: the line's `principalType`.
    pub principal_type: &'static str,
    /// Why it is `invalid`, in one of a few fixed texts.
    pub error: Option<&'static str>,
}
