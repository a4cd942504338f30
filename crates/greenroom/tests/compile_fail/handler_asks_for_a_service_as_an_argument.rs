use axum::debug_handler;
use greenroom::prelude::*;

// Services are asked for by `register_init`, and handed to handlers as `State`.
#[debug_handler]
async fn rooms(logger: Logger) -> String {
    logger.info("Telling the rooms.");
    "none".to_owned()
}

fn main() {}
