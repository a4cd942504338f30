//! A browser, as far as cookies go (RFC 6265, section 5), and what it was answered, without what is each visit's own.

use std::collections::BTreeMap;

use greenroom_conformance::wire::Answer;
use greenroom_gateway_tests::Connection;

use super::Portal;

/// A browser with its cookies.
pub(super) struct Browser {
    port: u16,
    portal: Portal,
    /// Values and whether these are for https alone, by name and path.
    cookies: BTreeMap<(String, String), (String, bool)>,
}

/// An answer. What is made by chance, or of the time, is `<>`.
#[derive(Debug, PartialEq)]
pub(super) struct Told {
    pub(super) status: u16,
    reason: String,
    headers: Vec<(String, String)>,
    pub(super) body: String,
    /// As it came; it is among the headers, too.
    pub(super) location: Unmasked,
}

/// What is not compared.
#[derive(Debug)]
pub(super) struct Unmasked(String);

impl PartialEq for Unmasked {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl std::ops::Deref for Unmasked {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Browser {
    pub(super) fn at(port: u16, portal: Portal) -> Self {
        Self { port, portal, cookies: BTreeMap::new() }
    }

    /// How many cookies it has whose names begin so.
    pub(super) fn count(&self, name: &str) -> usize {
        self.cookies.keys().filter(|(it, _)| it.starts_with(name)).count()
    }

    /// What the front end asks when a page is opened.
    pub(super) async fn refresh(&mut self) -> Told {
        let path = "/api/auth/oidc/refresh?env=production&scope=openid%20profile%20email";
        self.ask("GET", path, "X-Requested-With: XMLHttpRequest\r\n").await
    }

    /// Asks for a path of the portal.
    pub(super) async fn ask(&mut self, method: &str, path: &str, headers: &str) -> Told {
        let Portal { origin, prefix, forwarded } = self.portal;
        let host = origin.split_once("://").map_or(origin, |(_, host)| host);
        let url = format!("{prefix}{path}");
        let url = url.split('?').next().unwrap_or_default();
        let is_for = |of: &str| {
            url.strip_prefix(of).is_some_and(|rest| matches!(rest.bytes().next(), None | Some(b'/')))
        };
        let sent = self.cookies.iter().filter(|((_, path), (_, is_secure))| {
            (path == "/" || is_for(path)) && (!is_secure || self.portal.is_encrypted())
        });
        let sent: Vec<_> = sent.map(|((name, _), (value, _))| format!("{name}={value}")).collect();
        let cookie = if sent.is_empty() { String::new() } else { format!("Cookie: {}\r\n", sent.join("; ")) };
        let request = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\n{forwarded}{cookie}{headers}\r\n");
        let answer = Connection::to(self.port).await.ask(&request).await;
        for (_, cookie) in
            answer.head.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"))
        {
            self.keep(cookie);
        }
        Told::of(&answer)
    }

    fn keep(&mut self, cookie: &str) {
        let mut parts = cookie.split("; ");
        let (name, value) = parts.next().and_then(|pair| pair.split_once('=')).expect("a name and a value");
        let attributes: Vec<_> = parts.collect();
        let attribute =
            |name: &str| attributes.iter().find_map(|it| it.strip_prefix(name)?.strip_prefix('='));
        // A cookie for a host and all below it is another one than a cookie for that host.
        let domain = attribute("Domain").map(|domain| format!("{domain} ")).unwrap_or_default();
        let key = (format!("{domain}{name}"), attribute("Path").unwrap_or("/").to_owned());
        if attribute("Max-Age") == Some("0") {
            self.cookies.remove(&key);
        } else {
            self.cookies.insert(key, (value.to_owned(), attributes.contains(&"Secure")));
        }
    }
}

impl Told {
    fn of(answer: &Answer<Vec<u8>>) -> Self {
        const OWN: [&str; 4] = ["connection", "keep-alive", "date", "x-request-id"];
        let headers = answer.head.headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value));
        let headers = headers.filter(|(name, _)| !OWN.contains(&&**name)).map(|(name, value)| {
            let value = if name == "etag" { "<>".to_owned() } else { masked(value) };
            (name, value)
        });
        Self {
            status: answer.head.status,
            reason: answer.head.reason.clone(),
            headers: headers.collect(),
            body: masked(&String::from_utf8_lossy(&answer.body)),
            location: Unmasked(answer.head.header("location").unwrap_or_default().to_owned()),
        }
    }

    pub(super) fn cookies(&self) -> impl Iterator<Item = &str> {
        self.headers.iter().filter(|(name, _)| name == "set-cookie").map(|(_, value)| &**value)
    }
}

/// What stands behind these is each answer's own, for as long as it is made of that.
fn masked(text: &str) -> String {
    let is_of_value = |char: char| !matches!(char, ';' | '&' | '\'');
    let is_of_token = |char: char| char.is_ascii_alphanumeric() || "-_.".contains(char);
    let is_digit = |char: char| char.is_ascii_digit();
    let rules: [(&str, &dyn Fn(char) -> bool); 10] = [
        ("oidc-nonce=", &is_of_value),
        ("connect.sid=", &is_of_value),
        ("Expires=", &is_of_value),
        ("state=", &is_of_value),
        ("nonce=", &is_of_value),
        ("code_challenge=", &is_of_value),
        ("'sha256-", &is_of_value),
        ("eyJ", &is_of_token),
        ("expiresInSeconds\":", &is_digit),
        ("expiresInSeconds%22%3A", &is_digit),
    ];
    rules.into_iter().fold(text.to_owned(), |text, (begin, is_part)| {
        let (mut masked, mut rest) = (String::new(), &*text);
        while let Some(at) = rest.find(begin) {
            let (before, value) = rest.split_at(at + begin.len());
            let end = value.find(|char| !is_part(char)).unwrap_or(value.len());
            masked.push_str(before);
            // An empty value is one that is taken back.
            if end > 0 {
                masked.push_str("<>");
            }
            rest = &value[end..];
        }
        masked + rest
    })
}
