use axum::debug_handler;
use greenroom::prelude::*;

struct NewGuest {
    name: String,
}

#[debug_handler]
async fn invite(Json(guest): Json<NewGuest>) -> String {
    guest.name
}

fn main() {}
