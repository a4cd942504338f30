//! Credentials and tokens that the mock authentication understands, those of Backstage's own kit.
//!
//! ```
//! use greenroom_test::mock_credentials;
//!
//! assert_eq!(mock_credentials::user().token(), "mock-user-token");
//! assert_eq!(mock_credentials::user_of("user:default/anna").token(), r#"mock-user-token:{"sub":"user:default/anna"}"#);
//! assert_eq!(mock_credentials::service().header(), "Bearer mock-service-token");
//! let principal = mock_credentials::service_of("external:ci").credentials();
//! assert_eq!(principal.principal().as_service(), Some("external:ci"));
//! ```

use greenroom::auth::{Credentials, Principal};
use serde_json::{Value, json};

/// Whose requests are without credentials of their own, unless told otherwise.
pub const DEFAULT_USER: &str = "user:default/mock";
/// Whose [`SERVICE_TOKEN`] is.
pub const DEFAULT_SERVICE: &str = "external:test-service";

/// The token of [`user`].
pub const USER_TOKEN: &str = "mock-user-token";
/// The token of [`service`].
pub const SERVICE_TOKEN: &str = "mock-service-token";
/// The token of [`none`].
pub const NONE_TOKEN: &str = "mock-none-token";
/// Refused with `User token is invalid`.
pub const INVALID_USER_TOKEN: &str = "mock-invalid-user-token";
/// Refused with `Limited user token is invalid`.
pub const INVALID_LIMITED_USER_TOKEN: &str = "mock-invalid-limited-user-token";
/// Refused with `Service token is invalid`.
pub const INVALID_SERVICE_TOKEN: &str = "mock-invalid-service-token";

/// Somebody, and the token that proves it to the mock authentication.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MockCredentials {
    credentials: Credentials,
    token: String,
}

/// Nobody in particular.
pub fn none() -> MockCredentials {
    MockCredentials { credentials: Credentials::none(), token: NONE_TOKEN.to_owned() }
}

/// The user [`DEFAULT_USER`].
pub fn user() -> MockCredentials {
    MockCredentials { token: USER_TOKEN.to_owned(), ..user_of(DEFAULT_USER) }
}

/// The user of an entity reference.
///
/// # Panics
/// `Invalid user entity reference '…', expected <kind>:<namespace>/<name>`.
#[track_caller]
pub fn user_of(entity_ref: &str) -> MockCredentials {
    if !is_full_ref(entity_ref) {
        panic!("Invalid user entity reference '{entity_ref}', expected <kind>:<namespace>/<name>");
    }
    let credentials = Credentials::of(Principal::user(entity_ref));
    MockCredentials { credentials, token: with_claims(USER_TOKEN, &json!({"sub": entity_ref})) }
}

/// The service [`DEFAULT_SERVICE`].
pub fn service() -> MockCredentials {
    MockCredentials { token: SERVICE_TOKEN.to_owned(), ..service_of(DEFAULT_SERVICE) }
}

/// The service of a subject, such as `plugin:catalog` or `external:ci`.
pub fn service_of(subject: &str) -> MockCredentials {
    let credentials = Credentials::of(Principal::service(subject));
    MockCredentials { credentials, token: with_claims(SERVICE_TOKEN, &json!({"sub": subject})) }
}

impl MockCredentials {
    /// What a plugin gets to see.
    pub fn credentials(&self) -> Credentials {
        self.credentials.clone()
    }

    /// The token.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The value of an `Authorization` header.
    pub fn header(&self) -> String {
        format!("Bearer {}", self.token)
    }

    /// A service's token for requests to `plugin` on behalf of these: no other plugin accepts it.
    pub fn for_plugin(&self, plugin: &str) -> Self {
        let token = token_for(&self.credentials, plugin);
        Self { credentials: self.credentials.clone(), token }
    }
}

/// A service's token for requests to `plugin` on behalf of these.
pub(crate) fn token_for(credentials: &Credentials, plugin: &str) -> String {
    let claims = match credentials.principal() {
        Principal::User { user_entity_ref, .. } => json!({"obo": **user_entity_ref, "target": plugin}),
        Principal::Service { subject, .. } => json!({"sub": **subject, "target": plugin}),
        Principal::None => json!({"target": plugin}),
    };
    with_claims(SERVICE_TOKEN, &claims)
}

pub(crate) fn is_full_ref(entity_ref: &str) -> bool {
    let parts = entity_ref.split_once(':').and_then(|(kind, rest)| Some((kind, rest.split_once('/')?)));
    parts.is_some_and(|(kind, (namespace, name))| {
        !kind.is_empty() && !namespace.is_empty() && !name.is_empty() && !name.contains('/')
    })
}

fn with_claims(token: &str, claims: &Value) -> String {
    format!("{token}:{claims}")
}
