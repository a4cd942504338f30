//! Whether events that go through the backend can leave.

use std::net::IpAddr;

use greenroom::{
    http_client::{Call, Fault},
    prelude::HttpClient,
};
use http::{Method, Request, Uri};

use super::{Diagnosis, Finding};
use crate::settings::{Forwarding, Rum};

/// Asks the intake for nothing, from here: any answer means that it is reached.
pub(super) async fn check(client: &HttpClient, rum: &Rum, told: &mut Diagnosis) {
    let Some(Forwarding { intake, tells_address }) = rum.way.forwarding() else { return };
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
                _ if is_of_this_machine(intake) => {
                    "See that something listens at greenroom.rum.intakeUrl, on the machine that the backend runs on"
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

/// Whether no firewall and no proxy stands between the backend and it.
fn is_of_this_machine(url: &str) -> bool {
    let uri = url.parse::<Uri>().ok();
    uri.as_ref().and_then(Uri::host).is_some_and(|host| {
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
    })
}

#[cfg(test)]
mod tests {
    use super::is_of_this_machine;

    #[test]
    fn an_intake_of_this_machine_needs_no_way_out() {
        for (url, expected) in [
            ("http://127.0.0.1:4318/dd", true),
            ("http://LOCALHOST", true),
            ("http://[::1]:1", true),
            ("https://browser-intake-datadoghq.eu", false),
            ("http://10.0.0.1", false),
        ] {
            assert_eq!(is_of_this_machine(url), expected, "{url}");
        }
    }
}
