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
//! There are *static external tokens*, and *user tokens*, which the plugin `auth` issues and every plugin verifies
//! ([`UserTokens`]). A browser shows the latter, cut down to who it is, as a [cookie](HttpAuth::issue_user_cookie) too. Tokens
//! between plugins are to come: what issues them says so.
//!
//! Where another backend stands behind this one, [`RemoteKeys`] has its public keys: [`TokenLabels`] says by them who sent a
//! request, for its access line, and [`RemoteAuth`] has users who signed in there accepted here.

mod auth;
mod clock;
mod cookie;
mod credentials;
mod entity_ref;
mod external;
mod extract;
mod http_auth;
mod keys;
mod plugin_id;
mod principal;
mod remote;
mod static_keys;
mod user;

pub use auth::{Auth, AuthService, AuthenticateOptions};
pub use clock::Clock;
pub use cookie::UserCookie;
pub use credentials::Credentials;
pub use entity_ref::canonical_entity_ref;
pub use external::ExternalTokens;
pub use extract::Refused;
pub use greenroom_context::BoxFuture;
pub use http_auth::{AllowedPrincipals, HttpAuth, HttpAuthService, bearer_token};
pub use keys::{PublicKey, SigningAlgorithm, SigningKey};
pub use plugin_id::is_plugin_id;
pub use principal::{AccessRestrictions, Principal};
pub use remote::{InvalidToken, Issuer, KeysFault, RemoteAuth, RemoteKeys, TokenLabel, TokenLabels};
pub use static_keys::{PluginKeys, PrivateKeys, StaticKeys};
pub use user::{
    AuthBackend, LimitedUserToken, UserClaims, UserIdentity, UserInfo, UserInfoService, UserTokenIssuer,
    UserTokens,
};

/// The config keys that this crate reads, as a JSON Schema.
pub const CONFIG_SCHEMA: &str = include_str!("../config.schema.json");
