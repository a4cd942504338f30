//! What an OpenID Connect client may know of the plugin.

use serde_json::{Value, json};

/// The document at `/.well-known/openid-configuration`, word for word Backstage's of a backend without OAuth clients.
pub(crate) fn configuration(issuer: &str) -> Value {
    let at = |path: &str| format!("{issuer}{path}");
    json!({
        "issuer": issuer,
        "token_endpoint": at("/v1/token"),
        "userinfo_endpoint": at("/v1/userinfo"),
        "jwks_uri": at("/.well-known/jwks.json"),
        "response_types_supported": ["code", "id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [
            "RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "EdDSA"
        ],
        "scopes_supported": ["openid"],
        "token_endpoint_auth_methods_supported": [],
        "claims_supported": ["sub", "ent"],
        "grant_types_supported": ["authorization_code"],
        "authorization_endpoint": at("/v1/authorize"),
        "code_challenge_methods_supported": ["S256"],
    })
}
