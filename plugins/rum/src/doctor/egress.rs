//! Whether events that go through the backend can leave.

use greenroom::{
    http_client::{Call, Fault},
    prelude::HttpClient,
};
use http::{Method, Request};

use super::{Diagnosis, Finding};
use crate::settings::{Rum, Way};

/// Asks the intake for nothing, from here: any answer means that it is reached.
pub(super) async fn check(client: &HttpClient, rum: &Rum, told: &mut Diagnosis) {
    let Way::Forward { intake, tells_address } = &rum.way else { return };
    if !tells_address {
        told.add(Finding::note(format!(
            "{} sees all users where this backend is, because it is told no address; greenroom.rum.clientAddress: truncated \
             tells it their network",
            rum.recipient()
        )));
    }
    let request = Request::builder().method(Method::HEAD).uri(format!("{intake}/"));
    let Ok(request) = request.body(bytes::Bytes::new()) else { return };
    match client.send(Call::from(request)).await {
        Ok(_) => told.fine(format!("{intake} is reached from here")),
        Err(error) => {
            let help = match error.fault() {
                Fault::ProxyRefused { .. } | Fault::ProxyFailed { .. } => {
                    "Set HTTPS_PROXY and NO_PROXY for the backend"
                }
                _ => {
                    "Let the backend out to it on this port: by a rule of the firewall, by HTTPS_PROXY, or by a proxy of your own \
                     in greenroom.rum.intakeUrl"
                }
            };
            told.add(
                Finding::error("the intake is not reached from here", format!("{error}"))
                    .at(intake.clone())
                    .help(help),
            );
        }
    }
}
