//! What is asked of a page or a list: the parameters of its URL, and links to the same with one of them changed.

use std::time::{SystemTime, UNIX_EPOCH};

use greenroom::errors::Error;
use greenroom_plugin_rum_store::{
    group::State,
    queries::{By, Cursor, Filter, Has, MOST_ROWS, Met, Vital},
};
use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// The longest value of a parameter, in bytes.
const MOST_OF_A_VALUE: usize = 2_048;
/// The longest time that can be asked for, in hours: ten years.
const MOST_HOURS: i64 = 10 * 366 * 24;
const HOUR_MS: i64 = 3_600_000;
/// How many rows a list has, unless it is asked for others.
const ROWS: usize = 50;
/// The longest reason for a deletion that is written down, in characters.
pub(crate) const MOST_OF_A_REASON: usize = 500;

/// The parameters of every page and list.
const COMMON: [&str; 7] = ["t", "to", "route", "version", "env", "device", "service"];

/// What is asked.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    given: Vec<(String, String)>,
    /// Now, in milliseconds since 1970.
    pub(crate) now_ms: i64,
    /// The time and what else views must have in common.
    pub(crate) filter: Filter,
}

impl Asked {
    /// By the query of a URL, of which these parameters are known besides those of every page.
    pub(crate) fn parse(query: Option<&str>, known: &[&str]) -> Result<Self, Error> {
        Self::parse_at(query, known, now_ms())
    }

    pub(crate) fn parse_at(query: Option<&str>, known: &[&str], now_ms: i64) -> Result<Self, Error> {
        let given: Vec<(String, String)> =
            serde_html_form::from_str(query.unwrap_or_default()).map_err(|_| {
                Error::input("The query is no list of parameters, as in `?t=24h&route=%2Fcatalog`")
            })?;
        let mut kept: Vec<(String, String)> = vec![];
        for (name, value) in given {
            if !COMMON.contains(&&*name) && !known.contains(&&*name) {
                let all: Vec<_> = COMMON.iter().chain(known).map(|name| format!("`{name}`")).collect();
                let name: String = name.chars().take(40).collect();
                return Err(Error::input(format!(
                    "There is no parameter `{name}`: there are {}",
                    all.join(", ")
                )));
            }
            if kept.iter().any(|(other, _)| *other == name) {
                return Err(Error::input(format!("`{name}` is given twice")));
            }
            if value.len() > MOST_OF_A_VALUE || value.contains('\0') {
                return Err(Error::input(format!("`{name}` is no text of at most {MOST_OF_A_VALUE} bytes")));
            }
            // A form sends what nothing was chosen of, too.
            if !value.is_empty() {
                kept.push((name, value));
            }
        }
        let mut asked = Self { given: kept, now_ms, filter: Filter::default() };
        asked.filter = asked.filter()?;
        Ok(asked)
    }

    fn filter(&self) -> Result<Filter, Error> {
        let to_ms = match self.get("to") {
            None => self.now_ms,
            Some(text) => text
                .parse::<Timestamp>()
                .map(Timestamp::as_millisecond)
                .map_err(|_| Error::input("`to` is no time by RFC 3339, as in `2026-03-12T23:14:07Z`"))?,
        };
        let hours = hours(self.t()).ok_or_else(|| {
            Error::input("`t` is no length of time of at most ten years, as in `1h`, `24h` or `7d`")
        })?;
        let text = |name| self.get(name).map(str::to_owned);
        Ok(Filter {
            from_ms: to_ms - hours * HOUR_MS,
            // What is just now is in it.
            to_ms: to_ms + 1,
            route: text("route"),
            version: text("version"),
            env: text("env"),
            device: text("device"),
            service: text("service"),
        })
    }

    /// A parameter.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.given.iter().find(|(given, _)| given == name).map(|(_, value)| &**value)
    }

    /// How long the time is, as in `24h`.
    pub(crate) fn t(&self) -> &str {
        self.get("t").unwrap_or("24h")
    }

    /// Where a list goes on.
    pub(crate) fn cursor(&self) -> Result<Option<Cursor>, Error> {
        self.get("cursor").map(Cursor::parse).transpose()
    }

    /// How many rows a list has.
    pub(crate) fn limit(&self) -> Result<usize, Error> {
        self.limit_or(ROWS)
    }

    /// How many rows a list has, of which so many are shown unless it is asked for others.
    pub(crate) fn limit_or(&self, otherwise: usize) -> Result<usize, Error> {
        let Some(text) = self.get("limit") else { return Ok(otherwise) };
        let rows = text.parse().ok().filter(|rows| (1..=MOST_ROWS).contains(rows));
        rows.ok_or_else(|| Error::input(format!("`limit` is no number from 1 to {MOST_ROWS}")))
    }

    /// What sessions must have met.
    pub(crate) fn met(&self) -> Result<Met, Error> {
        Ok(Met { has: self.one_of("has", &Has::ALL, Has::key)?, error: self.get("error").map(str::to_owned) })
    }

    /// The state of groups of errors.
    pub(crate) fn state(&self) -> Result<Option<State>, Error> {
        self.one_of("state", &[State::New, State::Back, State::Ongoing], State::as_str)
    }

    /// By what resources are sorted.
    pub(crate) fn sort(&self) -> Result<By, Error> {
        Ok(self.one_of("sort", &By::ALL, By::key)?.unwrap_or_default())
    }

    /// Which vital is drawn.
    pub(crate) fn vital(&self) -> Result<Vital, Error> {
        Ok(self.one_of("vital", &Vital::ALL, Vital::key)?.unwrap_or(Vital::Lcp))
    }

    fn one_of<T: Copy>(
        &self,
        name: &str,
        all: &[T],
        key: impl Fn(T) -> &'static str,
    ) -> Result<Option<T>, Error> {
        let Some(text) = self.get(name) else { return Ok(None) };
        let found = all.iter().copied().find(|one| key(*one) == text);
        found.map(Some).ok_or_else(|| {
            let all: Vec<_> = all.iter().map(|one| format!("`{}`", key(*one))).collect();
            Error::input(format!("`{name}` is none of {}", all.join(", ")))
        })
    }

    /// A page with the same parameters, of which one is another or is left out. Where a list goes on is not kept.
    pub(crate) fn link(&self, path: &str, name: &str, value: Option<&str>) -> String {
        let others = self.given.iter().filter(|(given, _)| given != name && given != "cursor");
        let pairs = others.map(|(name, value)| (&**name, &**value)).chain(value.map(|value| (name, value)));
        url(path, pairs)
    }

    /// Another page of the same time, and of the same routes, versions, environments and devices.
    pub(crate) fn other(&self, path: &str) -> String {
        let common = self.given.iter().filter(|(name, _)| COMMON.contains(&&**name));
        url(path, common.map(|(name, value)| (&**name, &**value)))
    }

    /// What is filtered by, by name.
    pub(crate) fn filters(&self) -> impl Iterator<Item = (&str, &str)> {
        self.given.iter().map(|(name, value)| (&**name, &**value))
    }
}

/// A path with a query.
pub(crate) fn url<'a>(path: &str, pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut url = path.to_owned();
    for (index, (name, value)) in pairs.enumerate() {
        url.push(if index == 0 { '?' } else { '&' });
        url.push_str(name);
        url.push('=');
        url.extend(utf8_percent_encode(value, NON_ALPHANUMERIC));
    }
    url
}

/// An id as a segment of a path.
pub(crate) fn segment(id: &str) -> String {
    utf8_percent_encode(id, NON_ALPHANUMERIC).to_string()
}

/// Now, in milliseconds since 1970.
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX / 2)
}

/// `24h` or `7d`.
fn hours(text: &str) -> Option<i64> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let unit = match unit {
        "h" => 1,
        "d" => 24,
        _ => return None,
    };
    let number =
        number.bytes().all(|digit| digit.is_ascii_digit()).then(|| number.parse::<i64>().ok()).flatten()?;
    number.checked_mul(unit).filter(|hours| (1..=MOST_HOURS).contains(hours))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_773_357_247_000;

    fn asked(query: &str) -> Result<Asked, String> {
        let known = ["cursor", "limit", "has", "state", "sort", "vital"];
        Asked::parse_at(Some(query), &known, NOW).map_err(|error| error.message().to_owned())
    }

    #[test]
    fn nothing_asked_is_the_last_24_hours() {
        let asked = asked("route=&t=").unwrap();
        assert_eq!(asked.filter, Filter { from_ms: NOW - 24 * HOUR_MS, to_ms: NOW + 1, ..Filter::default() });
        assert_eq!(
            (asked.limit().unwrap(), asked.cursor().unwrap(), asked.vital().unwrap()),
            (50, None, Vital::Lcp)
        );
    }

    #[test]
    fn a_time_has_a_length_and_an_end() {
        let of = asked("t=7d&to=2026-03-01T00:00:00Z&device=mobile").unwrap().filter;
        assert_eq!((of.to_ms - of.from_ms - 1) / HOUR_MS, 7 * 24);
        assert_eq!((of.to_ms, of.device.as_deref()), (1_772_323_200_001, Some("mobile")));
    }

    #[test]
    fn a_time_is_any_number_of_hours_or_days_up_to_ten_years() {
        for (t, hours) in [("1h", 1), ("2h", 2), ("36h", 36), ("3d", 72), ("3660d", 87_840)] {
            let of = asked(&format!("t={t}")).unwrap().filter;
            assert_eq!(of.to_ms - of.from_ms - 1, hours * HOUR_MS, "{t}");
        }
        assert!(asked("t=0h").is_err() && asked("t=3661d").is_err());
    }

    #[test]
    fn rum_105_what_is_wrong_is_named() {
        let message = |query: &str| {
            let asked = match asked(query) {
                Ok(asked) => asked,
                Err(message) => return message,
            };
            let checks = [
                asked.limit().err(),
                asked.cursor().err(),
                asked.met().err(),
                asked.state().err(),
                asked.sort().err(),
                asked.vital().err(),
            ];
            checks.into_iter().flatten().map(|error| error.message().to_owned()).collect()
        };
        for (query, named) in [
            ("t=1w", "`t`"),
            ("t=h", "`t`"),
            ("t=-1h", "`t`"),
            ("t=99999999999999999999h", "`t`"),
            ("t=%E2%82%AC", "`t`"),
            ("to=yesterday", "`to`"),
            ("limit=0", "`limit`"),
            ("limit=201", "`limit`"),
            ("cursor=x", "`cursor`"),
            ("has=luck", "`has` is none of `errors`, `frustration`, `slow-view`"),
            ("state=old", "`state`"),
            ("sort=name", "`sort`"),
            ("vital=fid", "`vital`"),
            ("rout=x", "There is no parameter `rout`"),
            ("route=a&route=b", "`route` is given twice"),
            ("route=%00", "`route`"),
        ] {
            assert!(message(query).starts_with(named), "{query}: {}", message(query));
        }
        assert!(message(&format!("route={}", "x".repeat(3000))).starts_with("`route`"));
    }

    #[test]
    fn links_keep_what_was_asked_and_escape_it() {
        let asked = asked("t=7d&route=%2Fa%26b%3D%22&cursor=Mw").unwrap();
        assert_eq!(asked.link("/p", "device", Some("mobile")), "/p?t=7d&route=%2Fa%26b%3D%22&device=mobile");
        assert_eq!(asked.link("/p", "route", None), "/p?t=7d");
        assert_eq!(asked.other("/q"), "/q?t=7d&route=%2Fa%26b%3D%22");
    }
}
