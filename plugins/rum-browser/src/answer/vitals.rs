//! How fast pages are.

use greenroom_plugin_observatory_node::foreign_plain;
use greenroom_plugin_rum_store::queries::{ENOUGH, Measured, Rating, Summary, Vital, Vitals};

use super::Answer;
use crate::words::{at_text, count, counted, short, span, value};

/// By how much a vital must get worse to be told.
const WORSE: f64 = 1.2;

/// `waits_for` is what the pages of the worst route wait for.
pub(crate) fn vitals(told: &Summary, waits_for: Option<&str>, t: &str, now_ms: i64) -> Answer {
    let of = &told.measurements;
    let mut answer =
        Answer::new(worsened(told, now_ms).or_else(|| worst(&of.routes)).unwrap_or_else(|| well(&of.all, t)));
    if let Some(p75) = of.all.of(Vital::Lcp).p75 {
        let n = of.all.of(Vital::Lcp).n;
        answer = answer.detail(format!(
            "75 of 100 first loads show their main content within {}; {} measured.",
            value(Vital::Lcp, p75),
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
        answer =
            answer.detail(format!("There are very many: figures are of every {}th view.", count(of.one_of)));
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
    let rated =
        routes.iter().filter_map(|(route, vitals)| Some((&**route, vitals.views, rated_worst(vitals)?)));
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

#[cfg(test)]
mod tests {
    use greenroom_plugin_rum_store::queries::{Buckets, Filter, Measurements, Release};

    use super::*;

    const NOW: i64 = 1_773_357_247_000;

    fn of(views: i64, values: [(f64, i64); 5]) -> Vitals {
        let mut index = 0;
        let measured = values.map(|(p75, n)| {
            let vital = Vital::ALL[index];
            index += 1;
            Measured { vital, p75: (n > 0).then_some(p75), n, good: 0, poor: 0 }
        });
        Vitals { views, measured }
    }

    fn fast(views: i64) -> Vitals {
        of(views, [(1800.0, views), (90.0, views), (0.02, views), (1100.0, views), (400.0, views)])
    }

    fn told(all: Vitals, routes: Vec<(&str, Vitals)>, around: Option<[Vitals; 2]>) -> Summary {
        let releases = if around.is_some() {
            vec![Release { version: "1.14.2".to_owned(), at_ms: NOW - 6 * 3_600_000 }]
        } else {
            vec![]
        };
        Summary {
            buckets: Buckets::of(&Filter { from_ms: 0, to_ms: 1, ..Filter::default() }),
            measurements: Measurements {
                one_of: 1,
                all,
                routes: routes.into_iter().map(|(route, of)| (route.to_owned(), of)).collect(),
                over_time: vec![],
                around,
            },
            sessions: 0,
            sessions_over_time: vec![],
            errors: 0,
            errors_over_time: vec![],
            releases,
        }
    }

    fn said(told: &Summary, waits_for: Option<&str>) -> Vec<String> {
        let Answer { sentence, details } = vitals(told, waits_for, "24h", NOW);
        [sentence].into_iter().chain(details).map(|line| line.replace('\u{a0}', " ")).collect()
    }

    #[test]
    fn what_got_worse_with_a_release_is_said_first() {
        let since = of(200, [(2940.0, 90), (90.0, 200), (0.02, 200), (1100.0, 90), (400.0, 90)]);
        let routes = vec![("/catalog", since.clone()), ("/", fast(100))];
        let told = told(since.clone(), routes, Some([fast(800), since]));
        assert_eq!(
            said(&told, Some("/api/catalog/entities/by-query")),
            [
                "Pages got slower at 17:14:07 with 1.14.2: LCP rose from 1.80 s to 2.94 s.",
                "75 of 100 first loads show their main content within 2.94 s; 90 were measured.",
                "/catalog is worst; its pages wait for /api/catalog/entities/by-query."
            ]
        );
    }

    #[test]
    fn what_is_just_above_a_limit_is_not_said_to_be_at_it() {
        let since = of(200, [(2503.0, 90), (90.0, 200), (0.02, 200), (1100.0, 90), (400.0, 90)]);
        let told = told(since.clone(), vec![("/catalog", since.clone())], Some([fast(800), since]));
        let said = said(&told, None);
        assert_eq!(said[0], "Pages got slower at 17:14:07 with 1.14.2: LCP rose from 1.80 s to 2.51 s.");
        assert!(said[1].contains("within 2.51 s"), "{}", said[1]);
    }

    #[test]
    fn else_the_worst_route_is_the_one_with_the_worst_rating_and_most_views() {
        let shifts = |views| {
            of(views, [(1800.0, views), (90.0, views), (0.27, views), (1100.0, views), (400.0, views)])
        };
        let slow = of(500, [(2900.0, 500), (90.0, 500), (0.02, 500), (1100.0, 500), (400.0, 500)]);
        let routes = vec![
            ("/catalog", slow),
            ("/docs", shifts(60)),
            ("/create", shifts(30)),
            ("/settings", shifts(12)),
        ];
        let told = told(fast(602), routes, Some([fast(300), fast(300)]));
        assert_eq!(said(&told, None)[0], "/docs moves while people read: CLS is 0.270, poor, over 60 views.");
    }

    #[test]
    fn else_all_is_well_or_too_little_was_measured_to_say_so() {
        assert_eq!(
            said(&told(fast(1678), vec![("/", fast(1678))], None), None)[0],
            "Pages are fast: what can be rated is good, over 1,678 views in the last 24 hours."
        );
        let one = of(1, [(9000.0, 1), (90.0, 1), (0.02, 1), (1100.0, 1), (400.0, 1)]);
        assert_eq!(
            said(&told(one.clone(), vec![("/", one)], None), None),
            [
                "1 view in the last 24 hours: too few to rate, which takes 20.",
                "75 of 100 first loads show their main content within 9.00 s; one was measured."
            ]
        );
    }
}
