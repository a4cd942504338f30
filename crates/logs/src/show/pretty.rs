//! Records as people read them.

use std::io::{self, Write};

use greenroom_node_log::{Kind, Record};
use jiff::{Timestamp, civil::Date, tz::TimeZone};

use crate::{
    escape::escaped,
    field::{Fields, Found},
    show::{
        access, origin,
        paint::{self, CYAN, DIM, Paint, RED},
    },
};

/// How records are shown to people.
#[derive(Clone, Debug)]
pub struct Pretty {
    /// In colours.
    pub colour: bool,
    /// Whose clock the times are shown by.
    pub zone: TimeZone,
    /// The fields behind the message; all unless some are chosen.
    pub fields: Option<Vec<String>>,
}

impl Default for Pretty {
    /// No colours, and UTC.
    fn default() -> Self {
        Self { colour: false, zone: TimeZone::UTC, fields: None }
    }
}

#[derive(Debug)]
pub(crate) struct PrettyWriter {
    pretty: Pretty,
    date: Option<Date>,
}

/// How wide a time is.
const TIME: usize = 12;

impl PrettyWriter {
    pub(crate) fn new(pretty: Pretty) -> Self {
        Self { pretty, date: None }
    }

    pub(crate) fn write(
        &mut self,
        record: &Record<'_>,
        fields: &Fields<'_>,
        out: &mut impl Write,
    ) -> io::Result<()> {
        let paint = Paint(self.pretty.colour);
        self.time(fields.time(), paint, out)?;
        let level = format!("{:<5}", record.level.as_str());
        paint.write(out, paint::of_level(record.level), &level)?;
        let (plugin, is_guess) = origin(record);
        out.write_all(if is_guess { b" ~" } else { b" " })?;
        paint.write(out, paint::BLUE, &escaped(plugin))?;
        out.write_all(b" ")?;

        let is_access = access::write(record, fields, paint, out)?;
        let mut message = record.message.lines();
        if !is_access {
            out.write_all(escaped(message.next().unwrap_or_default()).as_bytes())?;
        }
        self.fields(record, fields, is_access, paint, out)?;
        if record.truncated_bytes > 0 {
            paint.write(out, RED, &format!(" … {} bytes more", record.truncated_bytes))?;
        }
        out.write_all(b"\n")?;
        if !is_access {
            message.try_for_each(|line| writeln!(out, "    {}", escaped(line)))?;
        }
        self.stack(record, paint, out)
    }

    fn time(&mut self, time: Option<&str>, paint: Paint, out: &mut impl Write) -> io::Result<()> {
        let Some(text) = time else { return write!(out, "{:TIME$} ", "") };
        let Ok(time) = text.parse::<Timestamp>() else {
            paint.write(out, DIM, &escaped(text))?;
            return out.write_all(b" ");
        };
        let time = time.to_zoned_datetime(self.pretty.zone.clone());
        if self.date != Some(time.date()) {
            self.date = Some(time.date());
            paint.write(out, DIM, &format!("--- {} ---", time.strftime("%Y-%m-%d %A %:z")))?;
            out.write_all(b"\n")?;
        }
        paint.write(out, DIM, &time.strftime("%H:%M:%S%.3f").to_string())?;
        out.write_all(b" ")
    }

    fn fields(
        &self,
        record: &Record<'_>,
        fields: &Fields<'_>,
        is_access: bool,
        paint: Paint,
        out: &mut impl Write,
    ) -> io::Result<()> {
        let mut write = |key: &str, value: &Found<'_>| {
            out.write_all(b" ")?;
            paint.write(out, CYAN, &escaped(key))?;
            write!(out, "={}", value.shown())
        };
        if let Some(chosen) = &self.pretty.fields {
            return chosen
                .iter()
                .filter_map(|name| Some((name, fields.get(name)?)))
                .try_for_each(|(name, value)| write(name, &value));
        }
        if !matches!(record.kind, Kind::Json | Kind::Development) {
            return Ok(());
        }
        for field in fields.others() {
            if !is_access || !access::SHOWN.contains(&&*field.key) {
                write(&field.key, &Found::Json((&*field.json).into()))?;
            }
        }
        Ok(())
    }

    /// The stack, without what the message has said already.
    fn stack(&self, record: &Record<'_>, paint: Paint, out: &mut impl Write) -> io::Result<()> {
        let Some(stack) = &record.stack else { return Ok(()) };
        let rest = stack.strip_prefix(&*record.message).unwrap_or(stack);
        for line in rest.lines().filter(|line| !line.trim().is_empty()) {
            // A tab would be escaped, and it is no harm at the beginning.
            let text = line.trim_start();
            let depth = if text.len() < line.len() { 8 } else { 4 };
            write!(out, "{:depth$}", "")?;
            paint.write(out, DIM, &escaped(text.trim_end()))?;
            out.write_all(b"\n")?;
        }
        Ok(())
    }
}
