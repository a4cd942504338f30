//! The starts that a running Greenroom tells of.

use greenroom_http_client::ClientEnvironment;
use greenroom_look::{Target, Token};
use serde_json::Value;

use super::{Boot, Boots, Failed, from_log};
use crate::{
    ask::Asker,
    operators::{INFO, items},
    outside::READINESS,
    reach,
    words::said,
};

/// Why no start can be told of, in a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoBoot(pub String);

impl Boots {
    /// Of the Greenroom at this URL, whose surface for operators is at `operators`.
    ///
    /// # Errors
    /// When nobody answers, it is no Greenroom, or it refuses the token.
    pub async fn fetch(
        target: &Target,
        operators: Option<&Target>,
        token: Option<Token>,
        environment: ClientEnvironment,
    ) -> Result<Self, NoBoot> {
        let asker = Asker::new(environment, token);
        let at = operators.unwrap_or(target);
        let stranger = asker.get(at, INFO).await;
        if let crate::ask::Asked::Failed(error) = &stranger {
            return Err(NoBoot(asker.masked(&sentence(&reach::unreachable(at, error)))));
        }
        let is_ours = stranger
            .with(401)
            .and_then(crate::ask::Reply::message)
            .is_some_and(|told| told.contains("send the ops token"));
        if !is_ours {
            let readiness = asker.get(target, READINESS).await;
            let other = readiness.reply().and_then(|reply| reach::not_backstage(target, reply));
            return Err(NoBoot(match other {
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
            return Err(NoBoot(text));
        }
        let boot = asker.get_with_token(at, "/.greenroom/v1/boot?limit=1000").await;
        if boot.with(401).is_some() {
            return Err(NoBoot(format!("Greenroom at {at} refuses the token: give its own ops token.")));
        }
        let gateway = asker.get_with_token(at, "/.greenroom/v1/gateway").await.document().unwrap_or_default();
        let kept = asker.get_with_token(at, "/.greenroom/v1/boots").await.document().unwrap_or_default();
        let own = boot.document().and_then(|boot| serde_json::from_value::<Boot>(boot).ok());
        let node = node(&gateway["boot"]);
        let mut all: Vec<_> = own.into_iter().chain(node).collect();
        let earlier =
            items(&kept).iter().rev().filter_map(|boot| serde_json::from_value::<Boot>(boot.clone()).ok());
        for boot in earlier {
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

/// Node's start as the gateway tells it.
pub(crate) fn node(told: &Value) -> Option<Boot> {
    let mut boot: Boot = serde_json::from_value(told.clone()).ok().filter(|_| told.is_object())?;
    "node".clone_into(&mut boot.backend);
    let failed = boot.steps.iter().filter(|step| step.failed && step.kind != "start");
    boot.failures = failed
        .map(|step| Failed {
            owner: step.owner.as_deref().map(said),
            causes: step.error.iter().map(|error| said(error)).collect(),
            permitted: step.state.as_deref() == Some("failedPermitted"),
        })
        .collect();
    let at = |key: &str| told[key].as_f64();
    boot.critical_path = from_log::path(&boot, at("configMs"), at("listeningMs"), at("pluginsMs"));
    Some(boot)
}
