//! Why a Backstage cannot be reached, or what answers in its place.

use greenroom_http_client::{CallError, Fault, Stage, TlsFault};
use greenroom_look::Target;

use crate::{
    answer::Finding,
    ask::{Asked, Reply},
    words::said,
};

/// What a URL should be: the end of several sentences.
const PAST_PROXY: &str = "ask the backend itself, as by `kubectl port-forward deploy/backstage 7007`, or by a URL that needs no sign-in";

/// Why there is no answer.
pub(crate) fn unreachable(target: &Target, error: &CallError) -> Finding {
    let to = target.authority();
    let found =
        |cause, what: String, next: String| Finding::new(cause, what, next).hits("everybody who asks there");
    match error.fault() {
        Fault::Connect(why) if why.to_lowercase().contains("refused") => found(
            "refused",
            format!("Nobody listens at {to}, it refuses connections"),
            "start the backend, or ask where it listens, as its config says by backend.listen".to_owned(),
        ),
        Fault::Connect(why) => found(
            "noConnection",
            format!("There is no way to {to}: {}", said(why)),
            "look at the network between this machine and that one".to_owned(),
        ),
        Fault::Name(why) => found(
            "nameUnknown",
            format!("The name in {to} is not known ({})", said(why)),
            "check its spelling and this machine's DNS".to_owned(),
        ),
        Fault::Deadline { of: Stage::Connect, .. } => found(
            "connectTimeout",
            format!("{to} takes no connection within 2 s and does not refuse it either"),
            "see whether a firewall or a network policy drops packets, or the machine is off".to_owned(),
        ),
        Fault::Deadline { .. } => found(
            "noAnswer",
            format!(
                "{to} takes connections and answers nothing within 2 s: its process is stopped, or its event loop stands still"
            ),
            "look at the CPU of its process: at 100 % it computes, at 0 % it is stopped or waits; \
             then restart it"
                .to_owned(),
        ),
        Fault::Tls(TlsFault::NotTls) => found(
            "notTls",
            format!("{to} does not speak TLS, and the URL says https"),
            format!("ask http://{to}, or the URL of what encrypts in front of it"),
        ),
        Fault::Tls(fault) => {
            // It says what to do behind a colon.
            let text = fault.to_string();
            let (what, next) = text.split_once(": ").unwrap_or((&text, "have its certificate mended"));
            found(
                "certificate",
                format!("No encrypted connection to {to} can be trusted, {what}"),
                next.to_owned(),
            )
        }
        Fault::ProxyRefused { .. } | Fault::ProxyFailed { .. } => {
            let text = error.to_string();
            let (what, next) = text.split_once(": ").unwrap_or((&text, "list the host in NO_PROXY"));
            found("proxy", what.to_owned(), next.to_owned())
        }
        Fault::ClosedEarly => found(
            "closedEarly",
            format!("{to} takes the connection and closes it without an answer"),
            "see whether it expects https, and whether a proxy in front of it has lost its backend"
                .to_owned(),
        ),
        Fault::Protocol(why) => found(
            "notHttp",
            format!("What answers at {to} is no web server ({})", said(why)),
            "check the port; if it speaks TLS, ask https".to_owned(),
        ),
        _ => found("noAnswer", said(&error.to_string()), "check the URL".to_owned()),
    }
}

/// What answers where readiness should be, if that is not Backstage's backend.
pub(crate) fn not_backstage(target: &Target, readiness: &Reply) -> Option<Finding> {
    let status = readiness.status;
    let body = readiness.json();
    let is_ours = body.as_ref().is_some_and(|body| {
        body["status"].is_string() && [200, 503].contains(&status) || body["error"]["name"].is_string()
    });
    if is_ours && ![401, 403].contains(&status) {
        return None;
    }
    let to = target.authority();
    let who = readiness.header("server").map(|server| format!(" ({})", said(server))).unwrap_or_default();
    let title = title(&readiness.text).map(|title| format!(", “{title}”")).unwrap_or_default();
    let found = |cause, what: String, next: &str| Some(Finding::new(cause, what, next));
    let lower =
        readiness.text.get(..readiness.text.floor_char_boundary(20_000)).unwrap_or_default().to_lowercase();
    if lower.contains("http request was sent to https port") {
        let next = format!("ask https://{to}");
        return found("plainToTls", format!("{to} speaks TLS{who}, and the URL says http"), &next);
    }
    if let Some(place) = readiness.header("location").filter(|_| (300..400).contains(&status)) {
        let place = said(place.split(['?', '#']).next().unwrap_or_default());
        return match ["login", "signin", "sign-in", "sign_in", "oauth2", "authorize", "saml", "sso"]
            .iter()
            .any(|word| place.to_lowercase().contains(word))
        {
            true => found(
                "loginPage",
                format!("A proxy in front of {to}{who} asks for a sign-in at {place}, also of health checks"),
                PAST_PROXY,
            ),
            false => found(
                "redirected",
                format!("{to}{who} sends who asks for its health to {place}"),
                "ask that URL, if it is yours",
            ),
        };
    }
    if [401, 403, 407].contains(&status) {
        return found(
            "accessRefused",
            format!("What stands at {to}{who} lets nobody through without credentials: status {status}"),
            PAST_PROXY,
        );
    }
    if readiness.is_html() && lower.contains("type=\"password\"") {
        let what = format!("A login page{title} answers at {to}{who} in place of the backend");
        return found("loginPage", what, PAST_PROXY);
    }
    if [502, 503, 504].contains(&status) && !is_ours {
        return found(
            "ingress",
            format!(
                "A proxy or ingress at {to}{who} answers {status}{title}, it does not reach the backend behind it"
            ),
            "see whether a pod of the backend is ready, and whether the service's port is the backend's",
        );
    }
    if lower.contains("backstage.io/config")
        || lower.contains("<title>backstage")
        || lower.contains("you need to enable javascript")
    {
        return found(
            "frontEndOnly",
            format!("{to} answers with the front end's page where the backend's health should be"),
            "ask the URL of the backend, which is backend.baseUrl of the config, or have /api and /.backstage routed there",
        );
    }
    if status == 429 {
        return found(
            "rateLimited",
            format!("{to}{who} answers 429, too many requests"),
            "ask again in a minute",
        );
    }
    let kind = if readiness.is_html() { "a page" } else { "something" };
    found(
        "notBackstage",
        format!(
            "What answers at {to}{who} is no Backstage backend: {kind}{title} with status {status} in place of its health"
        ),
        "check the URL; the backend of a Backstage listens on port 7007 unless its config says otherwise",
    )
}

/// What keeps both health endpoints from an answer, if there is one word for both.
pub(crate) fn silent(target: &Target, readiness: &Asked, liveness: &Asked) -> Option<Finding> {
    match (readiness, liveness) {
        (Asked::Failed(error), Asked::Failed(_) | Asked::Not) => Some(unreachable(target, error)),
        _ => None,
    }
}

/// The title of a page.
fn title(html: &str) -> Option<String> {
    let lower = html.to_ascii_lowercase();
    let from = lower.find("<title")?;
    let from = from + lower[from..].find('>')? + 1;
    let to = from + lower[from..].find("</title")?;
    let text = said(html.get(from..to)?);
    (!text.is_empty() && text.len() <= 100).then_some(text)
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, HeaderValue};

    use super::*;

    fn cause(status: u16, headers: &[(&'static str, &'static str)], text: &str) -> Option<&'static str> {
        let target = "https://portal.example".parse().unwrap();
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        let reply = Reply { status, headers, text: text.to_owned(), ..Reply::default() };
        not_backstage(&target, &reply).map(|found| found.cause)
    }

    #[test]
    fn what_answers_in_place_of_a_backend_is_told_apart() {
        for (status, headers, text, told) in [
            (200, &[][..], r#"{"status":"ok"}"#, None),
            (503, &[], r#"{"message":"Backend has not started yet","status":"error"}"#, None),
            (404, &[], r#"{"error":{"name":"NotFoundError"}}"#, None),
            (404, &[], "<html><title>404 Not Found</title>", Some("notBackstage")),
            (502, &[("server", "nginx")], "<title>502 Bad Gateway</title>", Some("ingress")),
            (503, &[], "upstream connect error", Some("ingress")),
            (302, &[("location", "https://idp.example/oauth2/start?rd=x")], "", Some("loginPage")),
            (301, &[("location", "https://other.example/")], "", Some("redirected")),
            (200, &[], "<form><input type=\"password\">", Some("loginPage")),
            (401, &[("www-authenticate", "Basic")], "", Some("accessRefused")),
            (400, &[], "<h1>The plain HTTP request was sent to HTTPS port</h1>", Some("plainToTls")),
            (200, &[], "<script type=\"backstage.io/config\">", Some("frontEndOnly")),
            (200, &[], "ok", Some("notBackstage")),
        ] {
            assert_eq!(cause(status, headers, text), told, "{status} {text}");
        }
    }

    #[test]
    fn a_fault_of_the_connection_has_its_own_word() {
        let target: Target = "http://p.example:7007".parse().unwrap();
        for (fault, cause) in [
            (Fault::Connect("Connection refused (os error 111)".to_owned()), "refused"),
            (Fault::Connect("No route to host".to_owned()), "noConnection"),
            (Fault::Name("no such name".to_owned()), "nameUnknown"),
            (Fault::Tls(TlsFault::UnknownIssuer), "certificate"),
            (Fault::Tls(TlsFault::NotTls), "notTls"),
            (Fault::ClosedEarly, "closedEarly"),
            (Fault::Protocol("x".to_owned()), "notHttp"),
        ] {
            let found = unreachable(&target, &CallError::new("p.example:7007", fault));
            assert_eq!(found.cause, cause);
            assert!(!found.what.is_empty() && !found.next.is_empty());
        }
    }
}
