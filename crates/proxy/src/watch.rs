//! Looks after the server behind: whether it takes connections, and what it says of its readiness.

use std::{
    net::SocketAddr,
    sync::{Arc, Weak},
    time::{Duration, Instant, SystemTime},
};

use axum::body::Body;
use bytes::BytesMut;
use http::{HeaderValue, Request, header};
use http_body_util::BodyExt;
use tokio::time::{sleep, timeout};

use crate::{
    connect::NotConnected,
    connection::Connection,
    shared::Shared,
    start::{Said, Start},
};

/// Where Backstage says whether it is ready, which the proxy asks again and again: `GET` of this path, as [`PROBE_AGENT`].
pub const PROBE_PATH: &str = "/.backstage/health/v1/readiness";

/// How the proxy calls itself then, in `User-Agent`.
pub const PROBE_AGENT: &str = "greenroom-probe";

/// How often it is asked while it is ready, and while it is not: somebody waits for that.
const WHILE_UP: Duration = Duration::from_secs(5);
const WHILE_AWAY: Duration = Duration::from_secs(1);

/// How often a connection is tried while requests wait.
const WHILE_AWAITED: Duration = Duration::from_millis(50);

/// How long its answer may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// So much is kept of what it says.
const MOST_BYTES: usize = 4096;

/// Looks again and again, until nobody has the proxy any more.
pub(crate) async fn watch(of: Weak<Shared>) {
    let mut asked: Option<Instant> = None;
    while let Some(shared) = of.upgrade() {
        let availability = &shared.availability;
        let is_ready =
            availability.is_up() && shared.readiness().is_some_and(|readiness| readiness.is_ready());
        let is_due = !is_ready || asked.is_none_or(|asked| asked.elapsed() >= WHILE_UP);
        // Between two starts there is nobody to look at: whoever listens where the last one did is another program.
        if let Some(start) = availability.start().filter(|_| is_due) {
            asked = Some(Instant::now());
            look(&shared, &start).await;
        }
        let pause = if availability.is_awaited() { WHILE_AWAITED } else { WHILE_AWAY };
        shared.pool.tidy();
        tokio::select! {
            () = sleep(pause) => {}
            () = shared.availability.awaited(), if pause != WHILE_AWAITED => {}
        }
    }
}

async fn look(shared: &Arc<Shared>, start: &Arc<Start>) {
    match shared.connector.connect_as_probe(start.address).await {
        Ok(connection) => {
            let is_it =
                shared.availability.is_up() || timeout(PATIENCE, start.is_it()).await.unwrap_or(false);
            if !is_it {
                return;
            }
            shared.availability.takes(start);
            tokio::select! {
                (answer, took) = ask(connection, start.address) => {
                    if shared.availability.is_up() && start.says(answer, SystemTime::now(), took) {
                        shared.news.notify_one();
                    }
                }
                // It has gone again, and requests wait.
                () = gone(shared) => {}
            }
        }
        Err(NotConnected::Refused(why)) => shared.availability.refuses(start, &why),
        // Of this machine, which says nothing of the other side.
        Err(NotConnected::Unable(_)) => {}
    }
}

async fn gone(shared: &Arc<Shared>) {
    loop {
        shared.availability.awaited().await;
        if !shared.availability.is_up() {
            return;
        }
    }
}

async fn ask(connection: Connection, address: SocketAddr) -> (Said, Duration) {
    let began = Instant::now();
    let answer = timeout(PATIENCE, answer(connection, address)).await;
    let late = || Err(format!("no answer within {} s", PATIENCE.as_secs()).into());
    (answer.unwrap_or_else(|_| late()), began.elapsed())
}

async fn answer(mut connection: Connection, address: SocketAddr) -> Said {
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = http::Uri::from_static(PROBE_PATH);
    let host = HeaderValue::try_from(address.to_string()).map_err(|error| error.to_string())?;
    request.headers_mut().insert(header::HOST, host);
    request.headers_mut().insert(header::USER_AGENT, HeaderValue::from_static(PROBE_AGENT));
    let answer = connection.send(Box::new(request)).await.map_err(|error| error.to_string())?;
    let status = answer.status().as_u16();
    let mut body = answer.into_body();
    let mut said = BytesMut::new();
    while said.len() < MOST_BYTES {
        let Some(frame) = connection.drive(body.frame()).await else { break };
        let frame = frame.map_err(|error| error.to_string())?;
        said.extend_from_slice(frame.data_ref().map_or(&[], |data| data));
    }
    said.truncate(MOST_BYTES);
    Ok((status, String::from_utf8_lossy(&said).into_owned()))
}
