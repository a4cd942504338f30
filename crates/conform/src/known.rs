//! Differences that are meant, in a file, each with its reason.

use greenroom_config::{Config, RootConfig};

use crate::{area::Area, compare::Difference};

/// So many may be known.
const MOST: usize = 1000;

/// One difference, or several of a kind, that are meant. In `request` and `what`, `*` stands for anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownDifference {
    /// The area; any if `None`.
    pub area: Option<Area>,
    /// The request's name, or its method and path.
    pub request: String,
    /// What differs: `status`, `header etag`…
    pub what: String,
    /// Why that is as it should be.
    pub why: String,
}

/// All of them.
///
/// ```
/// use greenroom_conform::Known;
///
/// let known = Known::parse(
///     "known:\n\
///      - area: headers\n  what: header x-request-id\n  why: the gateway adds it\n",
/// )
/// .unwrap();
/// assert_eq!(known.0[0].request, "*");
/// assert!(Known::parse("known: [{what: status}]").unwrap_err().contains("why"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known(pub Vec<KnownDifference>);

impl Known {
    /// What is known without a file: what Greenroom adds to answers wherever it stands, on either side.
    pub(crate) fn by_itself() -> [KnownDifference; 1] {
        [KnownDifference {
            area: None,
            request: "*".to_owned(),
            what: "header x-request-id".to_owned(),
            why: "one side names each request and the other one does not, as with Greenroom on one side"
                .to_owned(),
        }]
    }

    /// Reads the text of a file: a list `known` of `area`, `request`, `what` and `why`. `area` and `request` may be left out.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn parse(text: &str) -> Result<Self, String> {
        let said = |error: greenroom_config::ConfigError| match error.place() {
            Some(place) => format!("line {}: {}", place.line, error.message()),
            None => error.message().to_owned(),
        };
        let config = RootConfig::from_yaml(text).map_err(said)?;
        if let Some(other) = config.keys().iter().find(|key| *key != "known") {
            return Err(format!("'{other}' is no key of this file, which is a list named 'known'"));
        }
        let entries = config.optional_config_array("known").map_err(said)?.unwrap_or_default();
        if entries.len() > MOST {
            return Err(format!("more than {MOST} differences are known"));
        }
        entries.iter().map(|entry| entry_of(entry, said)).collect::<Result<_, _>>().map(Self)
    }

    /// Which one covers a difference. `request` are all the names of the request.
    pub(crate) fn covers(&self, area: Area, request: &[&str], difference: &Difference) -> Option<usize> {
        self.0.iter().position(|known| {
            known.area.is_none_or(|known| known == area)
                && request.iter().any(|name| matches(&known.request, name))
                && matches(&known.what, &difference.what)
        })
    }
}

fn entry_of(
    entry: &Config,
    said: impl Fn(greenroom_config::ConfigError) -> String,
) -> Result<KnownDifference, String> {
    let line = |key: &str, text: String| match entry.place(key) {
        Some(place) => format!("line {}: {text}", place.line),
        None => text,
    };
    if let Some(other) =
        entry.keys().iter().find(|key| !["area", "request", "what", "why"].contains(&&***key))
    {
        let text = format!("'{other}' is no key of a known difference: expected area, request, what, why");
        return Err(line(other, text));
    }
    let text = |key: &str| entry.optional_string(key).map_err(&said);
    let needed = |key: &str| match text(key)? {
        Some(text) if !text.trim().is_empty() => Ok(text),
        _ => Err(line("what", format!("a known difference needs '{key}'"))),
    };
    let area = match text("area")?.as_deref() {
        None | Some("*") => None,
        Some(name) => Some(Area::named(name).ok_or_else(|| {
            let all: Vec<&str> = Area::ALL.iter().map(|area| area.name()).collect();
            line("area", format!("'{name}' is no area: expected one of {}", all.join(", ")))
        })?),
    };
    let request = text("request")?.unwrap_or_else(|| "*".to_owned());
    Ok(KnownDifference { area, request, what: needed("what")?, why: needed("why")? })
}

/// Whether a text is as a pattern says, in which `*` stands for anything.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let mut last = None;
    for part in parts {
        // What stood last was no end after all.
        if let Some(part) = last.replace(part) {
            let Some(at) = rest.find(part) else { return false };
            rest = &rest[at + part.len()..];
        }
    }
    match last {
        None => rest.is_empty(),
        Some(end) => rest.ends_with(end),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, text, is_one) in [
            ("status", "status", true),
            ("status", "statuses", false),
            ("header *", "header etag", true),
            ("header x-*-id", "header x-request-id", true),
            ("*", "", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "ac", false),
            ("a*a", "a", false),
            ("GET /api/*", "GET /api/catalog/x", true),
        ] {
            assert_eq!(matches(pattern, text), is_one, "{pattern} {text}");
        }
    }

    #[test]
    fn a_mistake_is_told_with_its_line() {
        for (text, told) in [
            ("known:\n- {area: heath, what: a, why: b}", "line 2: 'heath' is no area"),
            ("known:\n- {what: a, reason: b}", "line 2: 'reason' is no key"),
            ("known:\n- {what: a}", "line 2: a known difference needs 'why'"),
            ("known:\n- {what: a, why: ' '}", "needs 'why'"),
            ("differences: []", "'differences' is no key of this file"),
            ("known: [", "line"),
        ] {
            let error = Known::parse(text).unwrap_err();
            assert!(error.contains(told), "{text}: {error}");
        }
        assert_eq!(Known::parse("").unwrap(), Known::default());
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_and_never_panics(text in ".{0,200}") {
            let _ = Known::parse(&text);
        }

        #[test]
        fn a_text_is_as_it_says_itself_and_as_a_star_says(text in "[a-z /*]{0,20}", more in "[a-z]{0,5}") {
            prop_assert!(matches(&text, &text));
            prop_assert!(matches("*", &text));
            let begins = format!("{}*", text);
            let longer = format!("{text}{more}");
            prop_assert!(matches(&begins, &longer));
        }
    }
}
