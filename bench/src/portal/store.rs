//! What browsers have sent, kept: through the intake into SQLite, beside nothing but the inserts of the same rows.

use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Instant;

use super::intake::{Batch, EACH};
use super::sides::{self, ID};
use super::used_by;
use crate::requests::{CONNECTIONS, Connections};
use crate::subject::{Places, command};

/// How long a UUID is.
const UUID: usize = 36;
/// How many of its digits are made anew.
const NEW: usize = 8;

/// What it costs to keep an event.
pub(super) struct Kept {
    /// CPU in microseconds by which one is taken, scrubbed and kept.
    pub(super) cpu: f64,
    /// The same of the inserts alone.
    pub(super) floor: f64,
}

/// Sends a batch again and again, each time with ids of its own, as other visits have them.
pub(super) fn kept(places: &Places, batch: &Batch, seconds: u64, scratch: &Path) -> io::Result<Kept> {
    let data = scratch.join("rum");
    let _ = fs::remove_dir_all(&data);
    fs::create_dir_all(&data)?;
    let server = sides::keeping(places, scratch, &data)?;
    let mut clients = Connections::open(server.port(), CONNECTIONS)?;
    let mut number = 0;
    let mut send = |rounds: u64| {
        let began = Instant::now();
        for round in 0..rounds {
            thread::sleep((began + EACH * round as u32).saturating_duration_since(Instant::now()));
            clients.send(|client| batch.with_body(client, anew(&batch.body, number + client)), 202)?;
            number += CONNECTIONS as usize;
        }
        Ok(())
    };
    send(10)?;
    let rounds = seconds * 1000 / EACH.as_millis() as u64;
    let (used, ()) = used_by(&server, || send(rounds))?;
    server.stop()?;
    let events = batch.body.split(|byte| *byte == b'\n').count() as u64;
    let cpu = used.as_secs_f64() * 1e6 / (rounds * CONNECTIONS * events) as f64;
    Ok(Kept { cpu, floor: floor(places, &data, events)? })
}

/// CPU in microseconds of the insert of a row.
fn floor(places: &Places, data: &Path, at_once: u64) -> io::Result<f64> {
    let mut rows: Command = command(places.target.join("release/bench-rows"));
    rows.arg(data.join("rum.sqlite")).arg(data.join("floor.sqlite")).arg(at_once.to_string());
    let told = rows.output()?;
    let text = String::from_utf8_lossy(&told.stdout).into_owned();
    let nanoseconds = text.trim().parse::<f64>();
    nanoseconds.map(|each| each / 1e3).map_err(|_| {
        let why = String::from_utf8_lossy(&told.stderr).into_owned();
        io::Error::other(format!("bench-rows: {text}{why}"))
    })
}

/// The body with other ids but for the application's: of a number, so that no two are alike.
fn anew(body: &[u8], number: usize) -> Vec<u8> {
    let mut body = body.to_vec();
    let digits = format!("{number:0NEW$x}");
    let mut at = 0;
    while at + UUID <= body.len() {
        let id = &body[at..at + UUID];
        if !is_uuid(id) {
            at += 1;
            continue;
        }
        if id != ID.as_bytes() {
            body[at..at + NEW].copy_from_slice(digits.as_bytes());
        }
        at += UUID;
    }
    body
}

fn is_uuid(text: &[u8]) -> bool {
    text.iter().enumerate().all(|(at, byte)| match at {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_of_another_visit_each_time_and_of_one_application() {
        let body = format!(
            r#"{{"application":{{"id":"{ID}"}},"view":{{"id":"0b1c2d3e-4f50-4a6b-8c7d-8e9fa0b1c2d3"}}}}"#
        );
        let expected = body.replace("0b1c2d3e", "000000ff");
        assert_eq!(String::from_utf8(anew(body.as_bytes(), 255)).unwrap(), expected);
    }
}
