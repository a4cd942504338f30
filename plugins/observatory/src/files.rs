//! The style sheet, the script and the icon of all pages.

use axum::{Router, response::IntoResponse, routing::get};
use greenroom_plugin_observatory_node::assets;
use http::header;

/// Relative to where the ops surface serves files.
pub(crate) fn router() -> Router {
    let files = [
        (assets::style_name(), "text/css; charset=utf-8", assets::STYLE),
        (assets::script_name(), "text/javascript; charset=utf-8", assets::SCRIPT),
        (assets::icon_name(), "image/svg+xml", assets::ICON),
    ];
    files.into_iter().fold(Router::new(), |router, (name, kind, content)| {
        router.route(&format!("/{name}"), get(async move || file(kind, content)))
    })
}

/// Its name changes with its content.
fn file(kind: &'static str, content: &'static str) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "public, max-age=31536000, immutable")], content)
}
