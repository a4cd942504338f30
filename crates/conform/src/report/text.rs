//! The report for people: first how many, then each difference once.

use std::{collections::BTreeMap, fmt::Write as _};

use super::{Checked, Count, Report, Verdict};
use crate::{area::Area, compare::Difference};

/// So many other requests with the same difference are named.
const NAMED: usize = 3;

impl Report {
    /// For people.
    pub fn text(&self) -> String {
        let mut out = String::new();
        let _ = self.write(&mut out);
        out.trim_end().to_owned()
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        if let Some([a, b]) = &self.origins {
            writeln!(out, "a  {a}\nb  {b}\n")?;
        }
        for (area, count) in self.areas() {
            writeln!(out, "{:<8} {}", area.name(), counted(count))?;
        }
        self.write_differences(out)?;
        self.write_known(out)?;
        self.write_not_comparable(out)?;
        let mut applied: BTreeMap<&str, usize> = BTreeMap::new();
        for rule in self.checked.iter().flat_map(|checked| &checked.applied) {
            *applied.entry(rule).or_default() += 1;
        }
        if !applied.is_empty() {
            let all: Vec<String> = applied.iter().map(|(name, count)| format!("{name} {count}")).collect();
            writeln!(out, "\nNot compared, as it changes by nature, in so many: {}", all.join(", "))?;
        }
        for index in self.unused() {
            let known = &self.known.0[index];
            let area = known.area.map_or("*", Area::name);
            writeln!(
                out,
                "\nKnown, but not seen: {area}, {}, {} ({}): take it out of the file?",
                known.request, known.what, known.why
            )?;
        }
        if let Some((why, count)) = &self.left_out {
            writeln!(out, "\n{count} requests were not made: {why}")?;
        }
        writeln!(out, "\n{}", self.verdict())
    }

    fn verdict(&self) -> String {
        let differs: usize = self.areas().map(|(_, count)| count.differs).sum();
        let known =
            if self.areas().any(|(_, count)| count.known > 0) { ", but for what is known" } else { "" };
        match differs {
            0 if self.is_same() => format!("The same{known}."),
            0 if self.left_out.is_some() => "Not all was compared.".to_owned(),
            0 => "Nothing could be compared.".to_owned(),
            count => {
                format!("{} in {count} of {}.", several(self.told().len(), "difference"), self.checked.len())
            }
        }
    }

    fn write_differences(&self, out: &mut String) -> std::fmt::Result {
        let mut last: Option<&Checked> = None;
        for (difference, all) in self.told() {
            let first = all[0];
            if !last.is_some_and(|last| std::ptr::eq(last, first)) {
                let subject = &first.subject;
                write!(out, "\n{}: {}", subject.area, subject.name)?;
                if let Some([curl, _]) = &subject.curl {
                    write!(out, "\n  {curl}")?;
                }
                writeln!(out)?;
            }
            last = Some(first);
            write_difference(out, difference)?;
            let others = &all[1..];
            if !others.is_empty() {
                let named: Vec<String> = others
                    .iter()
                    .take(NAMED)
                    .map(|checked| format!("{}: {}", checked.subject.area, checked.subject.name))
                    .collect();
                let more = others.len() - named.len();
                let more = if more > 0 { format!("; and {more} more") } else { String::new() };
                writeln!(out, "    the same in {}{more}", named.join("; "))?;
            }
        }
        Ok(())
    }

    fn write_known(&self, out: &mut String) -> std::fmt::Result {
        for (index, known) in self.known.0.iter().enumerate() {
            let is_of = |checked: &&Checked| matches!(&checked.verdict, Verdict::Differs(all) if all.iter().any(|(_, by)| *by == Some(index)));
            let count = self.checked.iter().filter(is_of).count();
            if count > 0 {
                writeln!(out, "\nKnown: {} in {}: {}", known.what, several(count, "place"), known.why)?;
            }
        }
        Ok(())
    }

    fn write_not_comparable(&self, out: &mut String) -> std::fmt::Result {
        let mut reasons: Vec<(&str, Vec<&Checked>)> = vec![];
        for checked in &self.checked {
            let Verdict::NotComparable(why) = &checked.verdict else { continue };
            match reasons.iter_mut().find(|(known, _)| known == why) {
                Some((_, all)) => all.push(checked),
                None => reasons.push((why, vec![checked])),
            }
        }
        for (why, all) in reasons {
            let first = &all[0].subject;
            let more = if all.len() > 1 { format!(" and {} more", all.len() - 1) } else { String::new() };
            writeln!(out, "\nNot comparable: {}: {}{more}: {why}", first.area, first.name)?;
        }
        Ok(())
    }
}

fn counted(count: Count) -> String {
    let parts = [
        (count.same, "same"),
        (count.differs, "differ"),
        (count.known, "known"),
        (count.not_comparable, "not comparable"),
    ];
    let parts: Vec<String> = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| match (*count, *what) {
            (1, "differ") => "1 differs".to_owned(),
            (count, what) => format!("{count} {what}"),
        })
        .collect();
    parts.join(", ")
}

fn several(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

pub(super) fn write_difference(out: &mut String, difference: &Difference) -> std::fmt::Result {
    let said = |value: &Option<String>| match value {
        None => "(absent)".to_owned(),
        Some(value) if value.is_empty() => "(empty)".to_owned(),
        Some(value) => value.clone(),
    };
    writeln!(out, "  {}\n    a: {}\n    b: {}", difference.what, said(&difference.a), said(&difference.b))
}
