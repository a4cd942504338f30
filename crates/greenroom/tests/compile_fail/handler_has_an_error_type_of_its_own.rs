use axum::debug_handler;
use greenroom::prelude::*;

#[derive(Debug)]
struct NoRoom;

impl std::fmt::Display for NoRoom {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("no room")
    }
}

impl std::error::Error for NoRoom {}

// `HandlerResult<Json<u32>>` takes any error by `?`.
#[debug_handler]
async fn rooms() -> Result<Json<u32>, NoRoom> {
    Err(NoRoom)
}

fn main() {}
