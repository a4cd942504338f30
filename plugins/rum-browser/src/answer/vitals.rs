//! How fast pages are.

use greenroom_plugin_observatory_node::foreign_plain;
use greenroom_plugin_rum_store::queries::{ENOUGH, Measured, Rating, Summary, Vital, Vitals};

use super::Answer;
use crate::words::{at_text, count, counted, short, span, took, value};

/// By how much a vital must get worse to be told.
const WORSE: f64 = 1.2;

/// `waits_for` is what the pages of the worst route wait for.
pub(crate) fn vitals(told: &Summary, waits_for: Option<&str>, t: &str, now_ms: i64) -> Answer {
    let of = &told.measurements;
    let mut answer = Answer::new(worsened(told, now_ms).or_else(|| worst(&of.routes)).unwrap_or_else(|| well(&of.all, t)));
    if let Some(p75) = of.all.of(Vital::Lcp).p75 {
        let n = of.all.of(Vital::Lcp).n;
        answer = answer.detail(format!(
            "75 of 100 first loads show their main content within {}; {} measured.",
            took(p75),
            if n == 1 { "one was".to_owned() } else { format!("{} were", count(n)) }
        ));
    }
    if let (Some((route, _)), Some(waits_for)) = (worst_route(&of.routes), waits_for) {
        answer = answer.detail(format!(
            "{} is worst; its pages wait for {}.",
            foreign_plain(route),
            foreign_plain(waits_for)
        ));
    }
    if of.one_of > 1 {
        answer = answer.detail(format!("There are very many: figures are of every {}th view.", count(of.one_of)));
    }
    answer
}

/// What got worse with the last release.
fn worsened(told: &Summary, now_ms: i64) -> Option<String> {
    let [before, since] = told.measurements.around.as_ref()?;
    let release = told.releases.last()?;
    let worse = |vital: &Vital| {
        let (before, since) = (before.of(*vital), since.of(*vital));
        let (Some(was), Some(is)) = (before.rating(), since.rating()) else { return false };
        let (Some(from), Some(to)) = (before.p75, since.p75) else { return false };
        is > Rating::Good && to > from * WORSE && is >= was
    };
    let vital = Vital::ALL.into_iter().find(worse)?;
    let of = |vitals: &Vitals| vitals.of(vital).p75.map(|p75| value(vital, p75)).unwrap_or_default();
    Some(format!(
        "Pages {} at {} with {}: {} rose from {} to {}.",
        if vital == Vital::Cls { "began to shift" } else { "got slower" },
        at_text(release.at_ms, now_ms),
        foreign_plain(&release.version),
        short(vital),
        of(before),
        of(since),
    ))
}

/// The route with the worst rating, of several the one with most views.
pub(crate) fn worst_route(routes: &[(String, Vitals)]) -> Option<(&str, &Measured)> {
    let rated = routes.iter().filter_map(|(route, vitals)| Some((&**route, vitals.views, rated_worst(vitals)?)));
    let bad = rated.filter(|(.., of)| of.rating() > Some(Rating::Good));
    let worst = bad.max_by_key(|(_, views, of)| (of.rating(), *views))?;
    Some((worst.0, worst.2))
}

/// The vital of a route with the worst rating; of several the first.
fn rated_worst(vitals: &Vitals) -> Option<&Measured> {
    let rated = vitals.measured.iter().filter(|of| of.rating().is_some());
    rated.rev().max_by_key(|of| of.rating())
}

fn worst(routes: &[(String, Vitals)]) -> Option<String> {
    let (route, of) = worst_route(routes)?;
    let (p75, rating) = (of.p75?, of.rating()?);
    let does = match of.vital {
        Vital::Lcp => "shows its main content late",
        Vital::Inp => "answers clicks late",
        Vital::Cls => "moves while people read",
        Vital::Fcp => "stays empty for long",
        Vital::Ttfb => "waits long for its first byte",
    };
    Some(format!(
        "{} {does}: {} is {}, {}, over {}.",
        foreign_plain(route),
        short(of.vital),
        value(of.vital, p75),
        rating.word(),
        counted(of.n, "view", "views")
    ))
}

fn well(all: &Vitals, t: &str) -> String {
    let views = counted(all.views, "view", "views");
    if all.measured.iter().any(|of| of.rating().is_some()) {
        return format!("Pages are fast: what can be rated is good, over {views} in {}.", span(t));
    }
    format!("{views} in {}: too few to rate, which takes {ENOUGH}.", span(t))
}
