//! One start on one screen.

use greenroom_boot_document::{BootDocument, Cause, Outcome};
use jiff::Timestamp;

use super::{slower::Slower, tree, who};
use crate::words::{is_time, plugins, said, when};

/// So many causes are told.
const MOST: usize = 8;

/// So many plugins are named that one cause hit.
const MOST_NAMES: usize = 40;

pub(super) fn of(boot: &BootDocument, before: Option<&BootDocument>, now: Timestamp) -> String {
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

fn headline(boot: &BootDocument, now: Timestamp) -> String {
    let (who, at) =
        (who(boot), boot.began_at.map(|at| format!(", at {}", when(at, now))).unwrap_or_default());
    let took = boot.took_ms.and_then(tree::time);
    match (boot.outcome, took) {
        (Some(Outcome::Success), Some(took)) => {
            let without = boot.failures.iter().filter(|failed| failed.permitted).count();
            let without =
                if without == 0 { String::new() } else { format!(", without {without} that failed and may") };
            format!("{who} started in {took}{at}{without}.")
        }
        (Some(Outcome::Success), None) => format!("{who} started{at}; its lines have no times."),
        (Some(Outcome::Failure), took) => {
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

/// Each cause once, the innermost first, with all that it hit; then what else was wrong.
fn failures(boot: &BootDocument, out: &mut Vec<String>) {
    let causes = boot.causes();
    let is_explained = causes.iter().any(|cause| !cause.is_permitted());
    if let (true, false, Some(why)) = (boot.has_failed(), is_explained, &boot.failure) {
        out.push(format!("  {}", said(why)));
    }
    for (index, one) in causes.iter().take(MOST).enumerate() {
        if index == 1 {
            out.push("  Also wrong:".to_owned());
        }
        out.extend(block(one, if index == 0 { "  " } else { "    " }));
    }
    if causes.len() > MOST {
        out.push(format!("    and {} other causes", causes.len() - MOST));
    }
}

fn block(cause: &Cause<'_>, indent: &str) -> Vec<String> {
    let whom = match &*cause.failed {
        [one] => said(&one.who()),
        all => {
            let named = all
                .iter()
                .take(MOST_NAMES)
                .map(|failed| format!("'{}'", said(failed.plugin.as_deref().unwrap_or_default())));
            let more = match all.len().saturating_sub(MOST_NAMES) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            format!("{} plugins, {}{more}", all.len(), named.collect::<Vec<_>>().join(", "))
        }
    };
    let may = if cause.is_permitted() { " (its config permits that)" } else { "" };
    let outer = cause.outer().iter().take(4).map(|outer| format!("{indent}  in: {}", said(outer)));
    std::iter::once(format!("{indent}{whom}: {}{may}", said(cause.text))).chain(outer).collect()
}

fn path(boot: &BootDocument, out: &mut Vec<String>) {
    let links = boot.critical_path.iter().filter(|link| link.held_ms >= 1.0 && link.kind != "start");
    let mut links: Vec<_> = links.filter(|link| is_time(link.held_ms)).collect();
    links.sort_by(|one, other| other.held_ms.total_cmp(&one.held_ms));
    if !links.is_empty() {
        let named = links.iter().take(4).filter_map(|link| {
            Some(format!("{} '{}' {}", said(&link.kind), said(&link.name), tree::time(link.held_ms)?))
        });
        out.push(format!("What held it: {}.", named.collect::<Vec<_>>().join(", ")));
    }
}
