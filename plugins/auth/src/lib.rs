//! Signs people in and issues the tokens by which every plugin knows them.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! use greenroom_plugin_auth::auth;
//! # use greenroom_test::TestBackend as Backend;
//! use serde_json::json;
//!
//! let config = json!({
//!     "backend": {"baseUrl": "http://localhost:7007"},
//!     "auth": {"providers": {"guest": {"dangerouslyAllowOutsideDevelopment": true}}},
//! });
//! let backend = Backend::new().config(config).add(auth()).start().await.unwrap();
//! let session = backend.post("/api/auth/guest/refresh").await.json();
//! assert_eq!(session["backstageIdentity"]["identity"]["userEntityRef"], "user:development/guest");
//! # }
//! ```
//!
//! # Routes
//!
//! All of them are open, as in Backstage.
//!
//! * `GET` or `POST /api/auth/<provider>/refresh`: 200 with the session of whom the provider vouches for.
//! * `GET /api/auth/.well-known/jwks.json`: the keys that verify tokens; none before the first sign-in.
//! * `GET /api/auth/.well-known/openid-configuration`
//! * `GET /api/auth/v1/userinfo`, with a user's token: on whose behalf they own what they own.
//!
//! # Providers
//!
//! `guest` lets everybody in as one user; outside of development only where the config says so. Others come from modules,
//! through [`AuthProviders`]: whoever vouches for people by the headers of a request, such as a proxy in front. Providers
//! that send people to another site and back, such as GitHub, are to come.
//!
//! # Config
//!
//! ```yaml
//! auth:
//!   providers:
//!     guest: {}                    # or userEntityRef, ownershipEntityRefs, dangerouslyAllowOutsideDevelopment
//!   backstageTokenExpiration: 1h   # 10 minutes to 24 hours
//! ```
//!
//! Keys and what is known of users are in memory: after a restart people sign in again, and replicas do not know each other's
//! users. With keys in files they stay signed in, and are known by every replica that has the same files:
//!
//! ```yaml
//! auth:
//!   keyStore:
//!     provider: static
//!     static:
//!       keys:                        # the first signs, all are published
//!         - keyId: '2026'
//!           publicKeyFile: /keys/public.pem
//!           privateKeyFile: /keys/private.pem   # of PKCS#8
//!           algorithm: ES256                    # or ES384, EdDSA
//! ```

mod guest;
mod keys;
mod openid;
mod providers;
mod remarks;
mod routes;
mod settings;
mod token_factory;

use std::sync::Arc;

use greenroom::{auth::UserTokens, core::Declarations, http::HttpSettings, prelude::*};

use crate::{
    guest::Guest,
    remarks::GUEST_ID,
    settings::{KeyStore, Settings},
    token_factory::{InProcess, TokenFactory},
};

pub use crate::{
    providers::{AuthProvider, AuthProviders, SignIn},
    remarks::DeclareAuthProvider,
};

/// The config keys that this crate reads, as a JSON Schema.
pub const CONFIG_SCHEMA: &str = include_str!("../config.schema.json");

/// The plugin `auth`. See the [crate's documentation](crate).
pub fn auth() -> Plugin {
    plugin("auth", |env| {
        let providers = AuthProviders::default();
        env.register_extension_point(providers.clone());
        env.register_init(
            async move |config: RootConfig,
                        logger: Logger,
                        http: HttpRouter,
                        settings: HttpSettings,
                        auth: Auth,
                        users: UserTokens,
                        declarations: Declarations| {
                let own = Settings::from_config(&config)?;
                providers.are_declared(&declarations)?;
                providers.register(GUEST_ID, Guest::new(&own.guest, settings.development))?;
                tell(&own, &logger, &providers);
                let tokens = Arc::new(TokenFactory::new(&own, users.clock().clone(), &logger));
                users.set_auth_backend(InProcess(tokens.clone()))?;
                let providers = providers.configured(&own.configured);
                routes::mount(&http, providers, tokens, auth, own.issuer)
            },
        );
    })
    .config_schema(CONFIG_SCHEMA)
    .reads_with_remarks(Settings::from_config, remarks::of)
}

/// Whether guests may sign in on a backend with this config, under this `NODE_ENV`.
pub fn lets_guests_in(config: &RootConfig, node_env: Option<&str>) -> bool {
    Settings::from_config(config).is_ok_and(|settings| {
        let is_configured = settings.configured.iter().any(|(id, _)| id == GUEST_ID);
        is_configured && Guest::new(&settings.guest, node_env == Some("development")).is_allowed()
    })
}

/// Node's lines of a start, and where keys are.
fn tell(settings: &Settings, logger: &Logger, providers: &AuthProviders) {
    info!(logger, "Configuring \"{}\" as KeyStore provider", settings.key_store.name());
    if matches!(settings.key_store, KeyStore::Database) {
        info!(
            logger,
            "Signing keys are in memory, so that people sign in again after a restart: the key store 'database' is not there yet"
        );
    }
    for (id, _) in settings.configured.iter().filter(|(id, _)| providers.has(id)) {
        info!(logger, "Configuring auth provider: {id}");
    }
}
