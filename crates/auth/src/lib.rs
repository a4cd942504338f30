//! Who is calling: principals, credentials, external tokens.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! use greenroom_auth::{Auth, ExternalTokens, Principal};
//! use greenroom_config::RootConfig;
//!
//! let config = RootConfig::from_yaml("
//! backend:
//!   auth:
//!     externalAccess:
//!       - type: static
//!         options: { token: a-long-token, subject: ci }
//! ").unwrap();
//! let auth = Auth::external(ExternalTokens::from_config(&config).unwrap(), "catalog");
//! let credentials = auth.authenticate("a-long-token").await.unwrap();
//! assert_eq!(credentials.principal().as_service(), Some("ci"));
//! # }
//! ```
//!
//! So far there are *static external tokens* only. Users and tokens between plugins come with the identity stage;
//! what carries them is here: [`Auth`] and [`HttpAuth`] are replaceable handles over traits.

mod auth;
mod external;
mod extract;
mod http_auth;
mod principal;

pub use auth::{Auth, AuthService};
pub use external::ExternalTokens;
pub use extract::Refused;
pub use http_auth::{AllowedPrincipals, HttpAuth, HttpAuthService, bearer_token};
pub use principal::{AccessRestrictions, Credentials, Principal};

use std::{future::Future, pin::Pin};

/// The config keys that this crate reads, as a JSON Schema.
pub const CONFIG_SCHEMA: &str = include_str!("../config.schema.json");

/// A boxed future, as the traits behind handles return.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
