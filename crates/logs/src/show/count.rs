//! How many records there are, and how long they are, by plugin and level: what a log costs, and who writes it.

use std::{
    collections::HashMap,
    io::{self, Write},
};

use greenroom_logging::Level;
use greenroom_node_log::Record;

use crate::{escape::escaped, show::origin};

/// Of more origins than that, the others are counted as one.
const MOST: usize = 1000;

/// So many bytes of a name are told apart.
const LONGEST: usize = 100;

/// What the others are called.
const OTHERS: &str = "(others)";

#[derive(Debug, Default)]
pub(crate) struct Count {
    rows: HashMap<String, [Sum; Level::ALL.len()]>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    records: u64,
    bytes: u64,
}

impl Count {
    pub(crate) fn add(&mut self, record: &Record<'_>, bytes: u64) {
        let (name, is_guess) = origin(record);
        let shown;
        let name = match (is_guess, name.len() > LONGEST) {
            (false, false) => name,
            (_, is_long) => {
                let (mark, end) = (if is_guess { "~" } else { "" }, if is_long { "…" } else { "" });
                shown = format!("{mark}{}{end}", &name[..name.floor_char_boundary(LONGEST)]);
                &*shown
            }
        };
        let sums = match self.rows.get_mut(name) {
            Some(sums) => sums,
            None => {
                let name = if self.rows.len() < MOST { name } else { OTHERS };
                self.rows.entry(name.to_owned()).or_default()
            }
        };
        let sum = &mut sums[record.level as usize];
        sum.records += 1;
        sum.bytes += bytes;
    }

    pub(crate) fn write(&self, as_json: bool, out: &mut impl Write) -> io::Result<()> {
        let mut rows: Vec<_> = self
            .rows
            .iter()
            .flat_map(|(name, sums)| {
                Level::ALL.into_iter().zip(sums).map(move |(level, sum)| (&**name, level, *sum))
            })
            .filter(|(.., sum)| sum.records > 0)
            .collect();
        rows.sort_by(|a, b| b.2.bytes.cmp(&a.2.bytes).then_with(|| (a.0, a.1).cmp(&(b.0, b.1))));
        if as_json {
            return rows.iter().try_for_each(|(name, level, sum)| {
                let object = serde_json::json!({
                    "plugin": name, "level": level.as_str(), "records": sum.records, "bytes": sum.bytes,
                });
                writeln!(out, "{object}")
            });
        }
        let all = rows.iter().fold(Sum::default(), |all, (.., sum)| Sum {
            records: all.records + sum.records,
            bytes: all.bytes + sum.bytes,
        });
        let names: Vec<_> = rows.iter().map(|(name, ..)| escaped(name)).collect();
        let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0).max("plugin".len());
        writeln!(
            out,
            "{:width$}  {:7}  {:>12}  {:>15}  {:>6}",
            "plugin", "level", "records", "bytes", "share"
        )?;
        for (name, (_, level, sum)) in names.iter().zip(&rows) {
            let share = 100.0 * sum.bytes as f64 / all.bytes.max(1) as f64;
            let (level, Sum { records, bytes }) = (level.as_str(), sum);
            writeln!(out, "{name:width$}  {level:7}  {records:>12}  {bytes:>15}  {share:>5.1}%")?;
        }
        writeln!(out, "{:width$}  {:7}  {:>12}  {:>15}", "all", "", all.records, all.bytes)
    }
}
