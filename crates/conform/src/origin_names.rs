//! The names under which a side speaks of itself.

use crate::side::Origin;

/// URL, host and port, host of one side, each with what stands for it.
#[derive(Clone, Debug)]
pub(crate) struct OriginNames(Vec<(String, &'static str)>);

/// Names of this machine that a backend and whoever asks it may use for one another.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

impl OriginNames {
    /// Those of a backend that is there.
    pub(crate) fn of(origin: &Origin) -> Self {
        let hosts = match LOOPBACK.contains(&origin.host()) {
            true => LOOPBACK.map(str::to_owned).to_vec(),
            false => vec![origin.host().to_owned()],
        };
        let mut names = vec![(origin.to_string(), "<origin>")];
        for host in &hosts {
            let authority = match origin.port() {
                Some(port) => format!("{host}:{port}"),
                None => host.clone(),
            };
            names.push((
                format!("{}{authority}", origin.as_sent().split_inclusive("//").next().unwrap_or_default()),
                "<origin>",
            ));
            if origin.port().is_some() {
                names.push((authority, "<authority>"));
            }
        }
        names.extend(hosts.into_iter().map(|host| (host, "<host>")));
        // As they stand in the query of another URL.
        let encoded = |name: &String| name.replace(':', "%3A").replace('/', "%2F");
        let more: Vec<_> = names.iter().map(|(name, with)| (encoded(name), *with)).collect();
        names.extend(more.into_iter().filter(|(name, _)| name.contains('%')));
        // What holds another one goes first.
        names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        Self(names)
    }

    /// A text in which they are replaced where they stand by themselves.
    pub(crate) fn replaced(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (name, with)| replace(text, name, with))
    }
}

fn replace(text: String, name: &str, with: &str) -> String {
    if name.is_empty() || !text.contains(name) {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = &*text;
    while let Some(at) = rest.find(name) {
        let (before, after) = (&rest[..at], &rest[at + name.len()..]);
        out.push_str(before);
        let stands_alone = !out.ends_with(is_of_a_name) && !after.starts_with(is_of_a_name);
        out.push_str(if stands_alone { with } else { name });
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Characters that go on with a name, and those of what stands for one.
fn is_of_a_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || "-.<>_".contains(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_side_is_found_by_each_of_its_names_where_that_stands_by_itself() {
        let names = OriginNames::of(&Origin::parse("http://127.0.0.1:7007").unwrap());
        for (text, replaced) in [
            ("http://127.0.0.1:7007/api", "<origin>/api"),
            ("http://localhost:7007", "<origin>"),
            ("localhost:7007", "<authority>"),
            ("Domain=localhost; Path=/", "Domain=<host>; Path=/"),
            ("localhost:70071", "<host>:70071"),
            ("?to=http%3A%2F%2Flocalhost%3A7007%2Fapi", "?to=<origin>%2Fapi"),
            (
                "mylocalhost my.localhost localhost.example.com",
                "mylocalhost my.localhost localhost.example.com",
            ),
        ] {
            assert_eq!(names.replaced(text), replaced);
        }
    }

    #[test]
    fn the_path_below_which_a_side_is_belongs_to_its_name() {
        let names = OriginNames::of(&Origin::parse("https://portal.example.com/base").unwrap());
        assert_eq!(names.replaced("https://portal.example.com/base/api"), "<origin>/api");
        assert_eq!(names.replaced("https://portal.example.com/api"), "<origin>/api");
    }
}
