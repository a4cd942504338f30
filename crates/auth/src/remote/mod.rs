//! Tokens that another backend issues, and that are verified here by its public keys.
//!
//! It judges them itself. What is known here serves two ends: the access line of a request that passes on its way there says
//! who sent it ([`TokenLabels`]), and plugins of this backend accept users who signed in there ([`RemoteAuth`]). Both take
//! the keys from [`RemoteKeys`], which asks for them beside the way of requests, and not often, whatever is sent.

mod auth_backend;
mod cache;
mod candidates;
mod judge;
mod jwks;
mod keys;
mod label;
mod labels;

pub use self::{
    auth_backend::RemoteAuth,
    keys::{Issuer, KeysFault, RemoteKeys},
    label::{InvalidToken, TokenLabel},
    labels::TokenLabels,
};
