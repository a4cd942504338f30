//! A run: what is asked, and what is made of it.

use std::time::Duration;

use greenroom_http_client::ClientEnvironment;
use greenroom_look::{Target, Token};
use jiff::Timestamp;

use crate::{
    answer::{Answer, Finding},
    ask::{Asked, Asker},
    data_dir::DataDir,
    log::Log,
    operators::Surface,
    outside::{self, Health, Plugins},
    reach,
    words::is_time,
};

/// What a gateway has found out of the backend behind is a second old at most. A probe that was just told that it is ready knows better:
/// after so long it is asked anew.
const SETTLES: [Duration; 2] = [Duration::from_millis(300), Duration::from_millis(900)];

/// Says in one sentence what is wrong with a Backstage.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use greenroom_why::{Verdict, Why};
///
/// // Nobody listens there.
/// let answer = Why::at("http://127.0.0.1:1".parse().unwrap()).run().await;
/// assert_eq!((answer.verdict(), answer.exit_code()), (Verdict::Unreachable, 3));
/// assert!(answer.sentence().starts_with("Nobody listens at 127.0.0.1:1"));
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Why {
    target: Option<Target>,
    operators: Option<Target>,
    token: Option<Token>,
    /// The token is none that plugins may get.
    is_own_token: bool,
    environment: ClientEnvironment,
    data_dir: Option<DataDir>,
    log: Option<Log>,
    plugins: Vec<String>,
    spent: Duration,
}

impl Why {
    /// By the URL of a backend.
    pub fn at(target: Target) -> Self {
        Self { target: Some(target), ..Self::by_log(None) }
    }

    /// By a log alone; nobody is asked.
    pub fn by_log(log: Option<Log>) -> Self {
        Self {
            target: None,
            operators: None,
            token: None,
            is_own_token: false,
            environment: ClientEnvironment::default(),
            data_dir: None,
            log,
            plugins: vec![],
            spent: Duration::ZERO,
        }
    }

    /// Its surface for operators is at another URL.
    #[must_use]
    pub fn operators_at(mut self, target: Option<Target>) -> Self {
        self.operators = target;
        self
    }

    /// With a token: the ops token of a Greenroom, else one that plugins take.
    #[must_use]
    pub fn token(mut self, token: Option<Token>) -> Self {
        self.token = token;
        self
    }

    /// With the ops token that the backend has of itself: it goes to its surface for operators, and to no plugin.
    #[must_use]
    pub fn own_token(self, token: Option<Token>) -> Self {
        Self { is_own_token: true, ..self.token(token) }
    }

    /// By these proxies, trusting these certificates.
    #[must_use]
    pub fn environment(mut self, environment: ClientEnvironment) -> Self {
        self.environment = environment;
        self
    }

    /// It is the backend of this machine that has its files there.
    #[must_use]
    pub fn data_dir(mut self, dir: Option<DataDir>) -> Self {
        self.data_dir = dir;
        self
    }

    /// This is its log.
    #[must_use]
    pub fn log(mut self, log: Option<Log>) -> Self {
        self.log = log;
        self
    }

    /// Asks these plugins besides those that most portals have.
    #[must_use]
    pub fn plugins(mut self, plugins: Vec<String>) -> Self {
        self.plugins = plugins;
        self
    }

    /// So much of its time was spent before, as on reading the log.
    #[must_use]
    pub fn spent(mut self, time: Duration) -> Self {
        self.spent = time;
        self
    }

    /// Asks, and answers in less than 5 s.
    pub async fn run(self) -> Answer {
        let asker = Asker::new(self.environment.clone(), self.token.clone()).spent(self.spent);
        let answer = match &self.target {
            None => self.of_log(),
            Some(target) => self.of(&asker, target).await,
        };
        // What servers and logs say may repeat the token.
        let answer = answer.masked(|text| asker.masked(text));
        answer.made(asker.into_made())
    }

    fn of_log(&self) -> Answer {
        let now = Timestamp::now();
        let Some(log) = &self.log else { return Answer::well("Nothing was asked.".to_owned()) };
        if !log.is_of_a_backstage() {
            let what = match log.records() {
                0 if log.is_unfinished => "Nothing of the log has come in time".to_owned(),
                0 => "The log is empty".to_owned(),
                _ => "No line of a Backstage was found in the log".to_owned(),
            };
            let next = "give what its backend prints, as by `kubectl logs` or `docker logs`";
            let found = vec![Finding::new("notALog", what, next)];
            return Answer::of(found, true, now).unwrap_or_else(|| Answer::well(String::new()));
        }
        let mut found = log.wrong();
        found.extend(log.last_error());
        Answer::of(found, false, now).unwrap_or_else(|| {
            let how = match log.document() {
                Some(boot) => match boot.took_ms.filter(|took| is_time(*took)) {
                    Some(took) => format!("its last start went well in {:.1} s", took / 1000.0),
                    None => "its last start went well".to_owned(),
                },
                None => "it has no start".to_owned(),
            };
            Answer::well(format!(
                "Nothing is wrong by this log of {} records: {how}, and there is no error.",
                log.records()
            ))
        })
    }

    async fn of(&self, asker: &Asker, target: &Target) -> Answer {
        let now = Timestamp::now();
        let health = Health::of(asker, target).await;
        if let Some(found) = self.no_backend(asker, target, &health).await {
            return Answer::of(found, true, now).unwrap_or_else(|| Answer::well(String::new()));
        }
        let operators = self.operators.as_ref().unwrap_or(target);
        let mut surface = Surface::of(asker, operators).await;
        for pause in SETTLES {
            let Surface::Open(told) = &mut surface else { break };
            if !health.is_ready() || !told.says_not_ready() {
                break;
            }
            tokio::time::sleep(pause).await;
            told.ask_again(asker, operators).await;
        }
        let (mut found, note) = match &surface {
            Surface::Open(told) => (told.wrong(), told.note(now)),
            _ => (vec![], None),
        };
        found.extend(self.by_its_log());
        let plugins = if found.is_empty() {
            // A token that Greenroom has asked for is Greenroom's: no plugin is shown it.
            let is_theirs = matches!(surface, Surface::None) && asker.has_token() && !self.is_own_token;
            Plugins::of(asker, target, &self.plugins, is_theirs).await
        } else {
            Plugins::default()
        };
        found.extend(outside::wrong(&health, &plugins));
        if !found.is_empty() {
            found.extend(self.log.as_ref().and_then(Log::last_error));
        }
        // The ops token is none that plugins take.
        found.retain(|finding| finding.cause != "tokenRefused" || matches!(surface, Surface::None));
        if matches!(surface, Surface::Refused) {
            let what = format!(
                "Greenroom at {target} refuses the token, so that only what a stranger sees is known"
            );
            found.push(Finding::new(
                "opsTokenRefused",
                what,
                "give its ops token, by GREENROOM_OPS_TOKEN or --token-env",
            ));
        }
        if let Surface::Untold(why) = &surface {
            let what = format!(
                "Greenroom at {operators} tells nothing to who brings its token ({why}), so that only what a stranger sees is known"
            );
            found.push(Finding::new("operatorsUntold", what, "see its log, and ask again"));
        }
        if matches!(surface, Surface::Closed)
            && let Some(first) = found.first_mut()
        {
            first.next.push_str(", and give its ops token by GREENROOM_OPS_TOKEN to be told more");
        }
        Answer::of(found, false, now).unwrap_or_else(|| {
            let started = match &surface {
                Surface::Open(told) => Some(told.started_plugins()).filter(|count| *count > 0),
                _ => None,
            };
            let mut sentence = outside::well(target, &health, &plugins, started);
            if let Surface::Open(told) = &surface
                && let Some(since) = told.ready_since()
            {
                sentence =
                    format!("{}, since {}.", sentence.trim_end_matches('.'), crate::words::when(since, now));
            }
            match note {
                Some(note) => Answer::well(format!("{}, {note}.", sentence.trim_end_matches('.'))),
                None => Answer::well(sentence),
            }
        })
    }

    /// What the log says that explains what is seen.
    fn by_its_log(&self) -> Vec<Finding> {
        self.log.as_ref().map(Log::wrong).unwrap_or_default()
    }

    /// Why there is no backend to ask; `None` if there is one.
    async fn no_backend(&self, asker: &Asker, target: &Target, health: &Health) -> Option<Vec<Finding>> {
        if let Some(silent) = reach::silent(target, &health.readiness, &health.liveness) {
            // Why it is away is worth more than that it is.
            let explained = match silent.cause {
                "refused" | "closedEarly" | "noConnection" => {
                    self.by_its_log().into_iter().next().or_else(|| self.data_dir.as_ref()?.why_away())
                }
                _ => self.by_its_log().into_iter().next(),
            };
            let explained =
                explained.map(|found| Finding { what: format!("{}: {}", silent.what, found.what), ..found });
            return Some(explained.into_iter().chain([silent]).collect());
        }
        let reply = health.readiness.reply().or_else(|| health.liveness.reply())?;
        // A backend may stand at the origin though its portal stands below a path, and so do its plugins, which let nobody in.
        if let (Some(root), true) = (target.at_root(), [401, 403, 404].contains(&reply.status)) {
            let there =
                Health { readiness: asker.get(&root, outside::READINESS).await, liveness: Asked::Not };
            let is_there = there.readiness.reply().is_some_and(|reply| {
                reach::not_backstage(&root, reply).is_none() && [200, 503].contains(&reply.status)
            });
            if is_there {
                let what = format!("There is no backend at {target}, but there is one at {root}");
                return Some(vec![Finding::new("wrongPath", what, format!("ask {root}"))]);
            }
        }
        reach::not_backstage(target, reply).map(|found| vec![found])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A Greenroom in front of a Node backend that has just become ready: it learns of that by the second question.
    async fn just_ready() -> Target {
        const NOT_YET: &str = r#"{"upstream":{"state":"up"},"readiness":{"ready":false,"message":"Backend has not started yet"}}"#;
        const READY: &str =
            r#"{"upstream":{"state":"up"},"readiness":{"ready":true,"since":"2026-12-01T10:00:00.000Z"}}"#;
        let asked = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
        greenroom(move |path| match path {
            "/.greenroom/v1/gateway" => {
                let is_first = asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0;
                (200, if is_first { NOT_YET } else { READY })
            }
            "/.greenroom/v1/info" => (200, INFO),
            _ => (200, HEALTH),
        })
        .await
    }

    const INFO: &str = r#"{"state":"started","plugins":[]}"#;
    const HEALTH: &str = r#"{"ready":true,"causes":[]}"#;

    /// A Greenroom that is ready, and whose surface answers so whoever brings a token.
    async fn greenroom(told: impl Fn(&str) -> (u16, &'static str) + Clone + Send + Sync + 'static) -> Target {
        use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

        const CHALLENGE: &str = "WWW-Authenticate: Bearer realm=\"greenroom\"\r\n";
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let answer = move |path: &str, has_token: bool| match path {
            path if has_token && path.starts_with("/.greenroom") => {
                let (status, body) = told(path);
                (status, "", body)
            }
            path if path.starts_with("/.greenroom") => (401, CHALLENGE, "{}"),
            path if path.starts_with("/.backstage/health") => (200, "", r#"{"status":"ok"}"#),
            _ => (404, "", "{}"),
        };
        let serve = move |stream: tokio::net::TcpStream| {
            let answer = answer.clone();
            async move {
                let mut stream = BufReader::new(stream);
                loop {
                    let (mut head, mut line) = (String::new(), String::new());
                    while stream.read_line(&mut line).await.unwrap_or_default() > 2 {
                        head.push_str(&std::mem::take(&mut line));
                    }
                    let Some(path) = head.split(' ').nth(1) else { return };
                    let has_token = head.to_ascii_lowercase().contains("authorization:");
                    let (status, headers, body) = answer(path, has_token);
                    let length = body.len();
                    let answer = format!(
                        "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
                    );
                    if stream.write_all(answer.as_bytes()).await.is_err() {
                        return;
                    }
                }
            }
        };
        drop(greenroom_context::spawn("a gateway", async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                drop(greenroom_context::spawn("its connection", serve(stream)));
            }
        }));
        target
    }

    #[tokio::test]
    async fn why_10_a_backend_that_was_just_told_to_be_ready_is_not_said_not_to_be() {
        let token = greenroom_look::Token::parse("some-ops-token-1234").unwrap();
        let answer = Why::at(just_ready().await).token(Some(token)).run().await;
        assert_eq!(answer.exit_code(), 0, "{}", answer.sentence());
        assert!(answer.sentence().contains("is ready"), "{}", answer.sentence());
    }

    #[tokio::test]
    async fn a_surface_that_tells_its_operator_nothing_is_no_reason_to_say_that_all_is_well() {
        let token = || greenroom_look::Token::parse("some-ops-token-1234");
        for (status, body, why) in [
            (500, "", "it answers 500"),
            (500, r#"{"error":{"name":"Error"}}"#, "it answers 500"),
            (200, "{", "it answers 200 without a document"),
            (200, "{}", "it answers 200 without a document"),
            (404, "{}", "it answers 404"),
        ] {
            let answer = Why::at(greenroom(move |_| (status, body)).await).token(token().ok()).run().await;
            assert_eq!((answer.exit_code(), answer.found()[0].cause), (1, "operatorsUntold"), "{body}");
            let known = format!("({why}), so that only what a stranger sees is known");
            assert!(answer.sentence().contains(&known), "{}", answer.sentence());
        }
        // What it tells in part is told with what it does not.
        let part = |path: &str| if path.ends_with("info") { (200, INFO) } else { (500, "") };
        let answer = Why::at(greenroom(part).await).token(token().ok()).run().await;
        let says = "though /.greenroom/v1/health of it tells nothing: it answers 500.";
        assert!(answer.exit_code() == 0 && answer.sentence().ends_with(says), "{}", answer.sentence());
    }

    #[tokio::test]
    async fn of_a_log_in_which_no_backstage_has_written_nothing_is_said_to_be_well() {
        for (text, says) in [
            ("", "The log is empty"),
            ("# A portal\n\nHow to run it | see below\n", "No line of a Backstage was found in the log"),
            ("hello\n", "No line of a Backstage was found in the log"),
        ] {
            let log = Log::read(text.as_bytes(), |_| true).unwrap();
            let answer = Why::by_log(Some(log)).run().await;
            assert_eq!((answer.exit_code(), answer.found()[0].cause), (3, "notALog"), "{text}");
            assert!(answer.sentence().starts_with(says), "{}", answer.sentence());
        }
        let line = "{\"level\":\"info\",\"message\":\"Fetching results\",\"service\":\"backstage\"}\n";
        for text in [line.to_owned(), format!("backend-1  | {line}"), format!("portal | {line}")] {
            let log = Log::read(text.as_bytes(), |_| true).unwrap();
            assert_eq!(Why::by_log(Some(log)).run().await.exit_code(), 0, "{text}");
        }
    }
}
