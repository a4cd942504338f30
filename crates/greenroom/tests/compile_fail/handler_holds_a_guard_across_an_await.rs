use std::sync::{Arc, Mutex};

use axum::{debug_handler, extract::State};
use greenroom::prelude::*;

#[debug_handler]
async fn count(State(counter): State<Arc<Mutex<u32>>>) -> Json<u32> {
    let guard = counter.lock().unwrap();
    std::future::ready(()).await;
    Json(*guard)
}

fn main() {}
