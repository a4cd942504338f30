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
    operators::{INFO, items},
    outside::READINESS,
    reach,
    words::said,
};

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
        let gateway = asker.get_with_token(at, "/.greenroom/v1/gateway").await.document().unwrap_or_default();
        let kept = asker.get_with_token(at, "/.greenroom/v1/boots").await.document().unwrap_or_default();
        let own = boot.document().and_then(|boot| serde_json::from_value::<BootDocument<Piece>>(boot).ok());
        let own = own.and_then(|boot| boot.map_steps(|piece| Ok::<_, Infallible>(piece.items)).ok());
        let mut all: Vec<_> = own.map(bounded).into_iter().chain(node(&gateway)).collect();
        for boot in items(&kept).iter().rev().filter_map(document) {
            if !all.iter().any(|known| (&known.backend, known.began_at) == (&boot.backend, boot.began_at)) {
                all.push(boot);
            }
        }
        match all.is_empty() {
            true => Err(Untold(format!(
                "Greenroom at {at} tells of no start, though it knows the token: {}.",
                untold(&boot)
            ))),
            false => Ok(Self(all)),
        }
    }
}

/// Why an answer is no document.
fn untold(asked: &Asked) -> String {
    match asked {
        Asked::Answered(reply) => format!("it answers {}", reply.status),
        Asked::Failed(error) => said(&error.to_string()),
        Asked::Not => "there was no time left to ask".to_owned(),
    }
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

    /// A surface for operators that lets nobody in, and answers so whoever brings a token.
    async fn surface(answer: &'static str) -> Target {
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
                let has_token = String::from_utf8_lossy(&head).to_lowercase().contains("\r\nauthorization:");
                let closed = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer realm=\"greenroom\"\r\n";
                let begin = if has_token { answer } else { closed };
                let text = format!("{begin}Content-Length: 0\r\nConnection: close\r\n\r\n");
                let _ = socket.write_all(text.as_bytes()).await;
            }
        });
        format!("http://127.0.0.1:{port}").parse().unwrap()
    }

    #[tokio::test]
    async fn a_greenroom_that_does_not_tell_its_start_has_not_started_well() {
        let target = surface("HTTP/1.1 500 Internal Server Error\r\n").await;
        let token = Token::parse("a-token-of-operators").unwrap();
        let told = Boots::fetch(&target, None, Some(token), ClientEnvironment::default()).await;
        let Untold(why) = told.unwrap_err();
        assert!(
            why.starts_with("Greenroom at ") && why.ends_with("though it knows the token: it answers 500."),
            "{why}"
        );
    }
}
