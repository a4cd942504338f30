//! The routes, and what is said of all others.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::{FromRequest, Request, State},
    http::StatusCode,
    middleware::{Next, from_fn},
    response::{Html, IntoResponse, Response},
    routing::{MethodRouter, any, get},
};
use greenroom::{
    auth::{AuthenticateOptions, bearer_token},
    prelude::*,
};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use crate::{openid, providers::Registered, token_factory::TokenFactory};

#[derive(Clone)]
struct AuthState {
    providers: Registered,
    tokens: Arc<TokenFactory>,
    auth: Auth,
}

/// Serves all of it, to everybody.
pub(crate) fn mount(
    http: &HttpRouter,
    providers: Registered,
    tokens: Arc<TokenFactory>,
    auth: Auth,
    issuer: String,
) -> Result {
    let state = AuthState { providers, tokens, auth };
    // Other methods are other paths: who asks is told of the provider.
    let only = |route: MethodRouter<AuthState>| route.fallback(nothing);
    let configuration = openid::configuration(&issuer);
    let routes = Router::new()
        .route("/{provider}/start", only(get(not_implemented)))
        .route("/{provider}/handler/frame", only(get(not_implemented).post(not_implemented)))
        .route("/{provider}/refresh", only(get(refresh).post(refresh)))
        .route("/.well-known/jwks.json", only(get(jwks)))
        .route("/.well-known/openid-configuration", only(get(async move || Json(configuration))))
        .route("/.well-known/oauth-client/cli.json", only(get(no_client_documents)))
        .route("/v1/userinfo", only(get(user_info)));
    http.mount(routes.route_layer(from_fn(json_body)).with_state(state.clone()));
    // A router of its own: paths with a slash at their end are offered to the one above first.
    let others = Router::new().route("/{provider}", any(nothing)).route("/{provider}/{*rest}", any(nothing));
    http.mount(others.route_layer(from_fn(json_body)).with_state(state));
    http.add_auth_policy("/", AuthPolicy::Unauthenticated)
}

/// Backstage reads JSON in front of all routes, of which none here wants a body: what is malformed is refused before anything
/// else is looked at.
async fn json_body(request: Request, next: Next) -> HandlerResult<Response> {
    let (parts, body) = request.into_parts();
    Json::<Value>::from_request(Request::from_parts(parts.clone(), body), &()).await?;
    Ok(next.run(Request::from_parts(parts, Body::empty())).await)
}

async fn refresh(
    State(state): State<AuthState>,
    Path(provider): Path<String>,
    request: Request,
) -> HandlerResult<Json<Value>> {
    let provider = state.providers.get(&provider)?;
    let (request, _) = request.into_parts();
    let user = provider.sign_in_boxed(&request).await?;
    Ok(Json(state.tokens.new_session(user)?))
}

/// No provider here sends people elsewhere.
async fn not_implemented(State(state): State<AuthState>, Path(provider): Path<String>) -> HandlerResult<()> {
    state.providers.get(&provider)?;
    Err(Error::not_implemented("Not implemented").into())
}

async fn jwks(State(state): State<AuthState>) -> Json<Value> {
    Json(json!({"keys": state.tokens.public_keys()}))
}

async fn no_client_documents() -> (StatusCode, Json<Value>) {
    let text = "Client ID metadata documents not enabled";
    (StatusCode::NOT_FOUND, Json(json!({"error": "not_found", "error_description": text})))
}

async fn user_info(State(state): State<AuthState>, request: Request) -> HandlerResult<Response> {
    let token = bearer_token(request.headers()).ok_or_else(|| Error::authentication("No token provided"))?;
    let options = AuthenticateOptions { allow_limited_access: true };
    let credentials = state.auth.authenticate_with(token, options).await?;
    let user = credentials.principal().as_user().ok_or_else(|| {
        Error::input("Userinfo endpoint must be called with a token that represents a user principal")
    })?;
    Ok(match state.tokens.ownership_of(user) {
        Some(ent) => Json(json!({"claims": {"sub": user, "ent": ent}})).into_response(),
        None => (StatusCode::NOT_FOUND, Html("User info not found")).into_response(),
    })
}

/// What Backstage says of any other path: that its first part is no provider.
async fn nothing(State(state): State<AuthState>, request: Request) -> HandlerResult<()> {
    let first = request.uri().path().split('/').nth(1).unwrap_or_default();
    let provider = percent_decode_str(first).decode_utf8_lossy();
    match state.providers.get(&provider) {
        Err(error) => Err(error.into()),
        Ok(_) => Err(Error::not_found(format!("Unknown auth provider '{provider}'")).into()),
    }
}
