//! Whether the metrics can be read by everybody.

use crate::{
    finding::Finding,
    seen::{Asked, Reply, Seen, listed, many},
};

const ID: &str = "metrics-public";

pub(super) fn check(seen: &Seen) -> Vec<Finding> {
    let own = seen.url("/metrics");
    let (port, on_port) = &seen.metrics_port;
    let asked: [(&str, &Asked); 2] = [(&own, &seen.metrics), (port, on_port)];
    let open: Vec<_> =
        asked.iter().filter_map(|(url, asked)| Some((*url, names(asked.with(200)?)?))).collect();
    if open.is_empty() {
        return vec![match seen.metrics.reply() {
            Some(_) => {
                Finding::ok(ID, format!("There are no metrics for everybody, neither at {own} nor at {port}"))
            }
            None => Finding::unknown(ID, "Whether metrics are public was not found out"),
        }];
    }
    let finding = |(url, names): (&str, Vec<String>)| {
        let observed = format!(
            "{url} gives metrics to everybody: {}, such as {}",
            many(names.len(), "name"),
            listed(&names, 3)
        );
        let finding = match seen.is_loopback() {
            true => Finding::warn(
                ID,
                format!("{observed}; you asked on this machine, so see whether it is open from elsewhere"),
            ),
            false => Finding::fail(ID, observed),
        };
        finding
            .why("They tell routes, versions, load and errors of the portal, and each reading costs work")
            .change("Keep the path or port inside the cluster: for nginx `location = /metrics { return 404; }`; port 9464 into no Service that an ingress serves")
            .source("https://backstage.io/docs/tutorials/setup-opentelemetry")
    };
    open.into_iter().map(finding).collect()
}

/// The names in a text of Prometheus; `None` where it is none.
fn names(reply: &Reply) -> Option<Vec<String>> {
    if reply.is_html() {
        return None;
    }
    let text = reply.text();
    let name = |line: &str| Some(line.strip_prefix("# TYPE ")?.split(' ').next()?.to_owned());
    let names: Vec<_> = text.lines().filter_map(name).collect();
    (!names.is_empty()).then_some(names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::tests::{healthy, only_ok, only_problem, reply};

    #[test]
    fn open_metrics_are_told_with_names_of_theirs() {
        let mut seen = healthy();
        only_ok(check(&seen), ID);
        let text = "# HELP x\n# TYPE catalog_entities_count gauge\ncatalog_entities_count 5\n";
        seen.metrics_port.1 = reply(200, &[("content-type", "text/plain")], text);
        let told = only_problem(check(&seen), ID);
        assert!(told.observed.starts_with("http://p.example:9464/metrics gives metrics to everybody: 1 name, such as catalog_entities_count"), "{told:?}");
    }

    #[test]
    fn the_front_ends_page_is_no_metrics() {
        let mut seen = healthy();
        seen.metrics = reply(200, &[("content-type", "text/html")], "# TYPE x gauge");
        only_ok(check(&seen), ID);
    }
}
