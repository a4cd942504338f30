use axum::{Router, extract::State, routing::get};
use greenroom::prelude::*;

async fn rooms(State(count): State<u32>) -> Json<u32> {
    Json(count)
}

fn mount(http: &HttpRouter) {
    // `.with_state(7)` is missing.
    let router: Router<u32> = Router::new().route("/rooms", get(rooms));
    http.mount(router);
}

fn main() {}
