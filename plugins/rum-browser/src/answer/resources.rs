//! What pages wait for.

use greenroom_plugin_observatory_node::{foreign_plain, format};
use greenroom_plugin_rum_store::queries::{ENOUGH, Resource};

use super::Answer;
use crate::words::{count, counted, span, took};

/// From how many failures on they are the answer.
const MANY_FAILURES: i64 = 5;

/// Of all resources of a time.
pub(crate) fn resources(all: &[Resource], one_of: i64, t: &str) -> Answer {
    let asked: i64 = all.iter().map(|resource| resource.n).sum();
    let failed: i64 = all.iter().map(|resource| resource.failures).sum();
    let enough = all.iter().filter(|resource| resource.n >= ENOUGH);
    let slowest = enough.max_by(|a, b| a.p75_ms.unwrap_or(0.0).total_cmp(&b.p75_ms.unwrap_or(0.0)));
    let failing = all.iter().max_by_key(|resource| resource.failures).filter(|most| {
        // Most of one thing fails, and not now and then.
        most.failures >= MANY_FAILURES && most.failures * 2 > most.n
    });
    let sentence = match (failing, slowest.and_then(|slowest| Some((slowest, slowest.p75_ms?)))) {
        (Some(failing), _) => format!(
            "{} fails: {} of {} had no answer, or one that says so.",
            named(failing),
            count(failing.failures),
            counted(failing.n, "request", "requests")
        ),
        (None, Some((slowest, p75))) => {
            format!(
                "{} takes longest: 75 of 100 are there within {}, of {}.",
                named(slowest),
                took(p75),
                count(slowest.n)
            )
        }
        (None, None) => {
            format!("{} in {}: too few to compare.", counted(asked, "request", "requests"), span(t))
        }
    };
    let answer = Answer::new(sentence).detail(format!(
        "{} in {}; {} failed, {}.",
        counted(asked, "request", "requests"),
        span(t),
        count(failed),
        format::share(u64::try_from(failed).unwrap_or_default(), u64::try_from(asked).unwrap_or_default())
    ));
    if one_of > 1 {
        answer.detail(format!("There are very many: figures are of every {}th.", count(one_of)))
    } else {
        answer
    }
}

/// `GET /api/catalog`.
fn named(resource: &Resource) -> String {
    let name = foreign_plain(&resource.name);
    resource
        .method
        .as_ref()
        .map_or_else(|| name.clone(), |method| format!("{} {name}", foreign_plain(method)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(name: &str, n: i64, failures: i64, p75_ms: f64) -> Resource {
        Resource { name: name.to_owned(), method: Some("GET".to_owned()), n, failures, p75_ms: Some(p75_ms) }
    }

    fn said(all: &[Resource]) -> String {
        resources(all, 1, "1h").sentence.replace('\u{a0}', " ")
    }

    #[test]
    fn what_mostly_fails_is_said_before_what_is_slow() {
        let (slow, rare) = (resource("/api/slow", 40, 1, 2500.0), resource("/api/rare", 3, 3, 9000.0));
        assert_eq!(
            said(&[slow.clone(), rare.clone()]),
            "GET /api/slow takes longest: 75 of 100 are there within 2.50 s, of 40."
        );
        let failing = resource("/api/down", 30, 28, 10.0);
        assert_eq!(
            said(&[slow, failing]),
            "GET /api/down fails: 28 of 30 requests had no answer, or one that says so."
        );
        assert_eq!(said(&[rare]), "3 requests in the last hour: too few to compare.");
    }
}
