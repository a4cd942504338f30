use axum::debug_handler;
use greenroom::prelude::*;

struct NoRoom;

fn room() -> std::result::Result<u32, NoRoom> {
    Err(NoRoom)
}

#[debug_handler]
async fn rooms() -> HandlerResult<Json<u32>> {
    Ok(Json(room()?))
}

fn main() {}
