//! One server behind this one, as a rule the Node backend: what is forwarded to it, and what comes back.
//!
//! A [`Proxy`] is installed as [`Forwarding`](greenroom_http::Forwarding), and then gets what nobody of this backend owns. It
//! changes as few bytes as a proxy can: `headers` says which.

mod documents;
mod labels;
mod proxy;
mod settings;
mod state;
mod status;

pub use crate::{
    documents::{Document, Documents, Untouched},
    labels::{Label, Labels},
    proxy::{Proxy, ProxyBuilder},
    settings::{Limits, Upstream},
    state::{State, Why},
    status::{PluginStatus, Status},
};
