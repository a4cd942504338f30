//! The line of a request, in short.

use std::io::{self, Write};

use greenroom_node_log::{Record, facts::IncomingRequest};

use crate::{
    escape::escaped,
    field::{Fields, Found},
    show::paint::{BLUE, DIM, GREEN, Paint, RED, YELLOW},
};

/// Fields whose values the line shows in its own places, or that say little to people.
pub(super) const SHOWN: [&str; 14] = [
    "type",
    "date",
    "method",
    "url",
    "status",
    "httpVersion",
    "userAgent",
    "contentLength",
    "referrer",
    "durationMs",
    "route",
    "targetPlugin",
    "principalType",
    "bytesOut",
];

/// `GET /api/catalog/entities 200 12.3ms catalog user`; says whether the record is a request's.
pub(super) fn write(
    record: &Record<'_>,
    fields: &Fields<'_>,
    paint: Paint,
    out: &mut impl Write,
) -> io::Result<bool> {
    let Some(request) = IncomingRequest::of(record) else { return Ok(false) };
    write!(out, "{} {} ", escaped(request.method), escaped(request.url))?;
    let colour = match request.status {
        500.. => RED,
        400..=499 => YELLOW,
        _ => GREEN,
    };
    paint.write(out, colour, &request.status.to_string())?;
    if let Some(Found::Json(took)) = fields.get("durationMs")
        && let Ok(took) = took.parse::<f64>()
    {
        write!(out, " {took:.1}ms")?;
    }
    for (name, colour) in [("targetPlugin", BLUE), ("principalType", DIM)] {
        if let Some(text) = fields.get(name).and_then(Found::into_text) {
            out.write_all(b" ")?;
            paint.write(out, colour, &escaped(&text))?;
        }
    }
    Ok(true)
}
