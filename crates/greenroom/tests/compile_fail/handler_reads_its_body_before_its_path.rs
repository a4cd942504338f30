use axum::debug_handler;
use greenroom::prelude::*;

#[debug_handler]
async fn rename(Json(name): Json<Vec<String>>, Path(id): Path<u32>) -> String {
    format!("{id} {name:?}")
}

fn main() {}
