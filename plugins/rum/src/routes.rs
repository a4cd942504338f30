//! What browsers ask at `/api/rum`: the SDK's files, the init script, and the intake where events go through the backend.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use bytes::Bytes;
use greenroom::{auth::AllowedPrincipals, http::ClientAddress, prelude::*};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use crate::{
    counts::{Counts, Status, is_of_a_browser},
    init::is_hash,
    intake::{Intake, Target, asks_for_quota},
    sdk::SdkLocation,
    setup::Setup,
    urls::{INIT_FILE, INTAKE_ROUTE, SDK_FILE, SDK_ROUTE, STATUS_ROUTE},
};

/// What a name holds never changes: another content has another name.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// It stands in for another one.
const FOR_NOW: HeaderValue = HeaderValue::from_static("no-store");
const SCRIPT: HeaderValue = HeaderValue::from_static("application/javascript; charset=utf-8");
const JSON_TYPE: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

/// The routes, relative to the plugin; all but `status` are for browsers that have no credentials yet.
pub(crate) fn router(setup: Arc<Setup>, intake: Option<Intake>, counts: Arc<Counts>) -> Router {
    let status = Router::new().route(STATUS_ROUTE, get(status)).with_state(counts.clone());
    let files = Arc::new(Files { setup, counts });
    let files = Router::new()
        .route(&format!("{SDK_ROUTE}/{{version}}/{{*file}}"), get(file))
        .with_state(files)
        .merge(status);
    match intake {
        None => files,
        Some(intake) => files.merge(
            Router::new()
                .route(INTAKE_ROUTE, get(quota).post(by_query).options(preflight))
                .route(&format!("{INTAKE_ROUTE}/{{*path}}"), post(by_path).options(preflight))
                .with_state(Arc::new(intake)),
        ),
    }
}

struct Files {
    setup: Arc<Setup>,
    counts: Arc<Counts>,
}

/// How it goes, for whoever runs the backend: a service, because users are not told apart here.
async fn status(State(counts): State<Arc<Counts>>, credentials: Credentials) -> HandlerResult<Json<Status>> {
    AllowedPrincipals { none: false, user: false, service: true }.check(credentials.principal())?;
    Ok(Json(counts.told()))
}

impl Files {
    /// A file, and for how long it is what its name says.
    fn get(&self, version: &str, file: &str) -> Option<(Bytes, HeaderValue)> {
        let script = &self.setup.script;
        let text = match &*self.setup.sdk() {
            _ if version == script.hash && file == INIT_FILE => script.text.clone(),
            SdkLocation::Own(sdk) if sdk.version() == version => sdk.file(file)?.clone(),
            // Where the config changes from replica to replica, a page of one asks the next one, which starts the SDK as well.
            _ if is_hash(version) && file == INIT_FILE => return Some((script.text.clone(), FOR_NOW)),
            _ => return None,
        };
        Some((text, FOR_EVER))
    }
}

async fn file(
    State(files): State<Arc<Files>>,
    Path((version, file)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    match files.get(&version, &file) {
        Some((text, caching)) => {
            match &*file {
                _ if !is_of_a_browser(&headers) => {}
                INIT_FILE => files.counts.count_init(),
                SDK_FILE => files.counts.count_sdk(),
                _ => {}
            }
            ([(header::CONTENT_TYPE, SCRIPT), (header::CACHE_CONTROL, caching)], text).into_response()
        }
        None => nothing().await,
    }
}

async fn by_query(State(intake): State<Arc<Intake>>, client: ClientAddress, request: Request) -> Response {
    let target = Target::of_query(request.uri().query().unwrap_or_default());
    take(&intake, target, &client, request).await
}

async fn by_path(State(intake): State<Arc<Intake>>, client: ClientAddress, request: Request) -> Response {
    let whole = request.uri().path_and_query().map_or("", |whole| whole.as_str());
    let target = Target::of(whole.strip_prefix(INTAKE_ROUTE).unwrap_or_default());
    take(&intake, target, &client, request).await
}

async fn take(
    intake: &Intake,
    target: Result<Target, crate::intake::NoTarget>,
    client: &ClientAddress,
    request: Request,
) -> Response {
    let grant = grant(intake, request.headers());
    let told = intake.take(target, client, request).await;
    answer(told.status(), &told.body(), grant)
}

/// Profiles are not taken: the SDK asks first, and then makes none.
async fn quota(State(intake): State<Arc<Intake>>, request: Request) -> Response {
    if !asks_for_quota(request.uri().query().unwrap_or_default()) {
        return nothing().await;
    }
    let body = json!({"data": {"attributes": {"admitted": false, "reason": "org_disabled"}}});
    answer(StatusCode::OK, &body, grant(&intake, request.headers()))
}

async fn preflight(State(intake): State<Arc<Intake>>, headers: HeaderMap) -> Response {
    let mut granted = grant(&intake, &headers);
    if granted.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN) {
        for (name, value) in [
            (header::ACCESS_CONTROL_ALLOW_METHODS, "GET,POST"),
            (header::ACCESS_CONTROL_ALLOW_HEADERS, "content-type,dd-client-token"),
            (header::ACCESS_CONTROL_MAX_AGE, "600"),
        ] {
            granted.insert(name, HeaderValue::from_static(value));
        }
    }
    (StatusCode::NO_CONTENT, granted).into_response()
}

async fn nothing() -> Response {
    StatusCode::NOT_FOUND.into_response()
}

/// Lets pages of listed origins read the answer.
fn grant(intake: &Intake, headers: &HeaderMap) -> HeaderMap {
    let mut granted = HeaderMap::new();
    granted.insert(header::VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = intake.origins.listed(headers) {
        granted.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    }
    granted
}

fn answer(status: StatusCode, body: &Value, mut headers: HeaderMap) -> Response {
    headers.insert(header::CONTENT_TYPE, JSON_TYPE);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    (status, headers, body.to_string()).into_response()
}
