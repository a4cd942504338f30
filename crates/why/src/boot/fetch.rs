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
    ask::Asker,
    operators::{INFO, items},
    outside::READINESS,
    reach,
};

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
        if let crate::ask::Asked::Failed(error) = &stranger {
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
        let boot = asker.get_with_token(at, "/.greenroom/v1/boot?limit=1000").await;
        if boot.with(401).is_some() {
            return Err(Untold(format!("Greenroom at {at} refuses the token: give its own ops token.")));
        }
        let gateway = asker.get_with_token(at, "/.greenroom/v1/gateway").await.document().unwrap_or_default();
        let kept = asker.get_with_token(at, "/.greenroom/v1/boots").await.document().unwrap_or_default();
        let own = boot.document().and_then(|boot| serde_json::from_value::<BootDocument<Piece>>(boot).ok());
        let own = own.and_then(|boot| boot.map_steps(|piece| Ok::<_, Infallible>(piece.items)).ok());
        let mut all: Vec<_> = own.into_iter().chain(node(&gateway)).collect();
        for boot in items(&kept).iter().rev().filter_map(document) {
            if !all.iter().any(|known| (&known.backend, known.began_at) == (&boot.backend, boot.began_at)) {
                all.push(boot);
            }
        }
        Ok(Self(all))
    }
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
    BootDocument::deserialize(boot).ok()
}
