//! Paths on which a probe is green whatever happens, because the front end's page answers them.

use crate::{
    finding::Finding,
    known::READINESS,
    seen::{Reply, Seen, listed},
};

const ID: &str = "probe-answered-by-page";

pub(super) fn check(seen: &Seen) -> Vec<Finding> {
    let is_page = |reply: &Reply| {
        // The same page as at `/`, by its length at least.
        reply.is_html() && seen.index.reply().is_some_and(|index| index.body.len() == reply.body.len())
    };
    let by_page: Vec<_> = seen
        .probes
        .iter()
        .filter(|(_, asked)| asked.with(200).is_some_and(is_page))
        .map(|(path, _)| *path)
        .collect();
    let asked = seen.probes.iter().filter(|(_, asked)| asked.reply().is_some());
    let asked: Vec<_> = asked.map(|(path, _)| *path).collect();
    if asked.is_empty() {
        return vec![Finding::unknown(ID, "Which paths a probe may ask in vain was not found out")];
    }
    if by_page.is_empty() {
        return vec![Finding::ok(
            ID,
            format!("The front end's page does not answer for {}", asked.join(" and ")),
        )];
    }
    let paths = listed(&by_page, 5);
    vec![
        Finding::warn(ID, format!("{paths} answered 200 with the front end's page, as does any path that nothing else has"))
            .why("A probe, a load balancer or an uptime monitor that asks there is green even if no plugin has started")
            .change(format!("Point each of them at {READINESS}:\nreadinessProbe: {{httpGet: {{path: {READINESS}, port: 7007}}}}"))
            .source("https://github.com/backstage/backstage/issues/11398"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::tests::{PAGE, healthy, only_ok, only_problem, page};

    #[test]
    fn a_probe_path_that_the_page_answers_is_told() {
        let mut seen = healthy();
        only_ok(check(&seen), ID);
        seen.probes[1].1 = page(PAGE);
        let told = only_problem(check(&seen), ID);
        assert!(told.observed.starts_with("/healthz answered 200 with the front"), "{told:?}");
    }
}
