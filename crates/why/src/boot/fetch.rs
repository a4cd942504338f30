//! The starts that a running Greenroom tells of.

use std::convert::Infallible;

use greenroom_boot_document::{BootDocument, Step};
use greenroom_http_client::ClientEnvironment;
use greenroom_look::{Target, Token};
use serde::Deserialize;
use serde_json::Value;

use super::Boots;
use crate::{
    answer::Untold,
    ask::{Asked, Asker},
    in_time::in_time,
    operators::{INFO, items},
    outside::READINESS,
    reach,
    words::said,
};

/// How many of the starts that are kept are read, the newest: as many as a Greenroom keeps.
const KEPT: usize = 8;

/// How many steps of a start are read.
const STEPS: usize = 1000;

impl Boots {
    /// Of the Greenroom at this URL, whose surface for operators is at `operators`.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// use greenroom_why::{Boots, Untold};
    ///
    /// // Nobody listens there.
    /// let target = "http://127.0.0.1:1".parse().unwrap();
    /// let Untold(why) = Boots::fetch(&target, None, None, Default::default()).await.unwrap_err();
    /// assert!(why.starts_with("Nobody listens at 127.0.0.1:1"));
    /// # }
    /// ```
    ///
    /// # Errors
    /// When nobody answers, it is no Greenroom, or it refuses the token.
    pub async fn fetch(
        target: &Target,
        operators: Option<&Target>,
        token: Option<Token>,
        environment: ClientEnvironment,
    ) -> Result<Self, Untold> {
        let asker = Asker::new(environment, token);
        let at = operators.unwrap_or(target);
        let stranger = asker.get(at, INFO).await;
        if let Asked::Failed(error) = &stranger {
            return Err(Untold(asker.masked(&sentence(&reach::unreachable(at, error)))));
        }
        if !stranger.is_closed_greenroom() {
            let readiness = asker.get(target, READINESS).await;
            let other = readiness.reply().and_then(|reply| reach::not_backstage(target, reply));
            return Err(Untold(match other {
                Some(found) => sentence(&found),
                None => format!(
                    "The backend at {target} tells operators nothing of its start: of a Node backend alone its log does, as in \
                     `kubectl logs … | greenroom boot --log -`."
                ),
            }));
        }
        if !asker.has_token() {
            let text = format!(
                "Greenroom at {at} tells of its start to operators only: give its ops token by GREENROOM_OPS_TOKEN or --token-env."
            );
            return Err(Untold(text));
        }
        let boot = asker.get_with_token(at, &format!("/.greenroom/v1/boot?limit={STEPS}")).await;
        if boot.with(401).is_some() {
            return Err(Untold(format!("Greenroom at {at} refuses the token: give its own ops token.")));
        }
        let gateway = asker.get_with_token(at, "/.greenroom/v1/gateway").await;
        let kept = asker.get_with_token(at, "/.greenroom/v1/boots").await;
        let why = boot.why_untold();
        let all = in_time(move || starts(&boot, &gateway, &kept)).await?;
        match all.is_empty() {
            true => Err(Untold(format!(
                "Greenroom at {at} tells of no start, though it knows the token: {}.",
                said(&asker.masked(&why))
            ))),
            false => Ok(Self(all)),
        }
    }
}

/// All that these answers tell of, the newest of each backend first.
fn starts(boot: &Asked, gateway: &Asked, kept: &Asked) -> Vec<BootDocument> {
    let (gateway, kept) = (gateway.document().unwrap_or_default(), kept.document().unwrap_or_default());
    let own = boot.document().and_then(|boot| serde_json::from_value::<BootDocument<Piece>>(boot).ok());
    let own = own.and_then(|boot| boot.map_steps(|piece| Ok::<_, Infallible>(piece.items)).ok());
    let mut all: Vec<_> = own.map(bounded).into_iter().chain(node(&gateway)).collect();
    for boot in items(&kept).iter().rev().filter_map(document).take(KEPT) {
        if !all.iter().any(|known| (&known.backend, known.began_at) == (&boot.backend, boot.began_at)) {
            all.push(boot);
        }
    }
    all
}

/// Greenroom itself is asked for no more steps: what answers may be something else.
fn bounded(mut boot: BootDocument) -> BootDocument {
    boot.steps.truncate(STEPS);
    boot.critical_path.truncate(STEPS);
    boot.failures.truncate(STEPS);
    boot
}

fn sentence(found: &crate::answer::Finding) -> String {
    format!("{}: {}.", found.what, found.next)
}

/// As much as fits into an answer.
#[derive(Default, Deserialize)]
struct Piece {
    items: Vec<Step>,
}

/// Node's start, as the gateway's document tells it.
pub(crate) fn node(gateway: &Value) -> Option<BootDocument> {
    document(&gateway["boot"]).filter(BootDocument::is_nodes)
}

fn document(boot: &Value) -> Option<BootDocument> {
    BootDocument::deserialize(boot).ok().map(bounded)
}

#[cfg(test)]
mod tests {
    use greenroom_context::spawn;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;

    /// A surface for operators that lets nobody in, and answers so whoever brings a token, by the path.
    async fn surface(
        answer: impl Fn(&str) -> (&'static str, String) + Send + 'static,
    ) -> Result<Boots, Untold> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        spawn("a surface", async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let mut head = vec![];
                while !head.ends_with(b"\r\n\r\n") {
                    let mut byte = [0];
                    let Ok(1) = socket.read(&mut byte).await else { break };
                    head.extend(byte);
                }
                let head = String::from_utf8_lossy(&head);
                let closed = "401 Unauthorized\r\nWWW-Authenticate: Bearer realm=\"greenroom\"";
                let (begin, body) = match head.to_lowercase().contains("\r\nauthorization:") {
                    true => answer(head.split(' ').nth(1).unwrap_or_default()),
                    false => (closed, String::new()),
                };
                let length = body.len();
                let text = format!(
                    "HTTP/1.1 {begin}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
                );
                let _ = socket.write_all(text.as_bytes()).await;
            }
        });
        let target: Target = format!("http://127.0.0.1:{port}").parse().unwrap();
        let token = Token::parse("a-token-of-operators").unwrap();
        Boots::fetch(&target, None, Some(token), ClientEnvironment::default()).await
    }

    #[tokio::test]
    async fn a_greenroom_that_does_not_tell_its_start_has_not_started_well() {
        for (begin, body, ends) in [
            ("500 Internal Server Error", "", "it answers 500."),
            ("200 OK", "{", "it answers 200 without a document."),
        ] {
            let told = surface(move |_| (begin, body.to_owned())).await;
            let Untold(why) = told.unwrap_err();
            assert!(why.starts_with("Greenroom at ") && why.ends_with(ends), "{why}");
        }
    }

    #[tokio::test]
    async fn of_many_starts_as_many_are_read_as_are_kept_the_newest() {
        let told = surface(|path| {
            let each = |number: usize| format!("{{\"backend\":\"{number}\"}}");
            let all: Vec<_> = (0..20_000).map(each).collect();
            let kept = format!("{{\"items\":[{}]}}", all.join(","));
            ("200 OK", if path.ends_with("/boots") { kept } else { "{}".to_owned() })
        });
        let named: Vec<_> = told.await.unwrap().iter().map(|boot| boot.backend.clone()).collect();
        assert!(named.contains(&"19999".to_owned()) && !named.contains(&"0".to_owned()), "{named:?}");
        assert!(named.len() <= KEPT + 2, "{named:?}");
    }
}
