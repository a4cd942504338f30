//! One start on one screen.

use jiff::Timestamp;

use super::{Boot, Failed, slower::Slower, tree};
use crate::words::{plugins, said, when};

/// So many failures and links of a path are told.
const MOST: usize = 8;

pub(super) fn of(boot: &Boot, before: Option<&Boot>, now: Timestamp) -> String {
    let mut out = vec![headline(boot, now)];
    failures(boot, &mut out);
    path(boot, &mut out);
    let (lines, hidden) = tree::lines(boot);
    if !lines.is_empty() {
        out.push(String::new());
        out.push(format!("{:>9} {:>9}", "at", "took"));
        out.extend(lines);
        if hidden > 0 {
            out.push(format!("{:>21} {hidden} shorter steps are left out", ""));
        }
        if !boot.critical_path.is_empty() {
            out.push("* held the start: nothing else would have made it shorter".to_owned());
        }
    }
    if let Some(slower) = before.and_then(|before| Slower::of(boot, before)) {
        out.push(String::new());
        out.push(slower.text());
    }
    out.push(String::new());
    out.join("\n")
}

fn headline(boot: &Boot, now: Timestamp) -> String {
    let (who, at) =
        (boot.who(), boot.began_at.map(|at| format!(", at {}", when(at, now))).unwrap_or_default());
    let took = boot.took_ms.map(tree::time);
    match (boot.outcome.as_deref(), took) {
        (Some("success"), Some(took)) => {
            let without = boot.failures.iter().filter(|failed| failed.permitted).count();
            let without =
                if without == 0 { String::new() } else { format!(", without {without} that failed and may") };
            format!("{who} started in {took}{at}{without}.")
        }
        (Some("success"), None) => format!("{who} started{at}; its lines have no times."),
        (Some(_), took) => {
            let after = took.map(|took| format!(" after {took}")).unwrap_or_default();
            format!("{who}'s start FAILED{after}{at}.")
        }
        (None, _) => {
            let pending = boot.pending();
            let waits = if pending.is_empty() {
                String::new()
            } else {
                format!(", it waits for {}", plugins(&pending))
            };
            format!("{who} is still starting{at}{waits}.")
        }
    }
}

/// Which plugin, why, innermost cause first, and what else was wrong.
fn failures(boot: &Boot, out: &mut Vec<String>) {
    let failed = boot.failed();
    if let (true, Some(why)) = (failed.is_empty(), &boot.failure) {
        out.push(format!("  {}", said(why)));
    }
    for (index, one) in failed.iter().take(MOST).enumerate() {
        if index == 1 {
            out.push("  Also wrong:".to_owned());
        }
        out.extend(block(one, if index == 0 { "  " } else { "    " }));
    }
    if failed.len() > MOST {
        out.push(format!("    and {} more", failed.len() - MOST));
    }
}

fn block(failed: &Failed, indent: &str) -> Vec<String> {
    let who = failed.owner.as_deref().map_or_else(|| "the backend".to_owned(), said);
    let may = if failed.permitted { " (its config permits that)" } else { "" };
    let first = failed.causes.first().map_or_else(|| "it says not why".to_owned(), |cause| said(cause));
    let outer = failed.causes.iter().skip(1).take(4).map(|cause| format!("{indent}  in: {}", said(cause)));
    std::iter::once(format!("{indent}{who}: {first}{may}")).chain(outer).collect()
}

fn path(boot: &Boot, out: &mut Vec<String>) {
    let mut links: Vec<_> =
        boot.critical_path.iter().filter(|link| link.held_ms >= 1.0 && link.kind != "start").collect();
    links.sort_by(|one, other| other.held_ms.total_cmp(&one.held_ms));
    if !links.is_empty() {
        let named = links
            .iter()
            .take(4)
            .map(|link| format!("{} '{}' {}", said(&link.kind), said(&link.name), tree::time(link.held_ms)));
        out.push(format!("What held it: {}.", named.collect::<Vec<_>>().join(", ")));
    }
}
