//! Who may open the demo's page and press its buttons: this machine, by this machine's name, from the page itself.
//!
//! The page is open to everybody who reaches it, so what reaches it has to be of this machine: neither a name that a foreign
//! page has pointed here, nor a foreign page that posts a form to it.

use std::net::IpAddr;

use axum::{
    body::{Body, to_bytes},
    extract::{OriginalUri, Request},
    middleware::Next,
    response::{IntoResponse, Response},
};
use greenroom::{http::ClientAddress, ops::asked_host};
use http::{HeaderMap, HeaderName, Method, StatusCode, Uri, header};

/// The buttons send an empty form.
const MOST_BODY: usize = 1024;

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Lets through what may pass, its body read.
pub(crate) async fn guard(client: ClientAddress, request: Request, next: Next) -> Response {
    // Below a mount a URL has lost its host.
    let original = request.extensions().get::<OriginalUri>();
    let uri = original.map_or(request.uri(), |original| &original.0);
    if let Some(refused) = refused(&client, request.method(), uri, request.headers()) {
        return refused.into_response();
    }
    let (parts, body) = request.into_parts();
    match to_bytes(body, MOST_BODY).await {
        Ok(body) => next.run(Request::from_parts(parts, Body::from(body))).await,
        Err(_) => {
            (StatusCode::PAYLOAD_TOO_LARGE, "The buttons of the demo send an empty form.\n").into_response()
        }
    }
}

/// Why a request does not pass, for whoever has sent it.
fn refused(
    client: &ClientAddress,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
) -> Option<(StatusCode, &'static str)> {
    // A peer on a Unix socket is on this machine.
    if client.counted().is_some_and(|address| !address.is_loopback()) {
        return Some((StatusCode::FORBIDDEN, "The demo is for the machine that it runs on.\n"));
    }
    if came_through_a_proxy(headers) {
        let told = "The demo is for the machine that it runs on, and this came through a proxy.\n";
        return Some((StatusCode::FORBIDDEN, told));
    }
    let host = asked_host(uri, headers).filter(|host| is_of_this_machine(host.as_str()));
    let Some(host) = host else {
        let told = "The demo is opened by this machine's own name: localhost, 127.0.0.1 or [::1].\n";
        return Some((StatusCode::MISDIRECTED_REQUEST, told));
    };
    let is_read = matches!(*method, Method::GET | Method::HEAD);
    if is_read || is_of_the_page(headers, client.protocol(), host.as_str()) {
        return None;
    }
    let told =
        "The buttons of the demo are pressed on its own page: the request has no Origin of this backend.\n";
    Some((StatusCode::FORBIDDEN, told))
}

/// Whether a proxy says that it hands on what another has sent, who may be anywhere: the peer on this machine is the proxy.
fn came_through_a_proxy(headers: &HeaderMap) -> bool {
    let tells = |name: &HeaderName| {
        [header::FORWARDED, header::VIA].contains(name) || name.as_str().starts_with("x-forwarded-")
    };
    headers.keys().any(tells)
}

fn is_of_this_machine(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    name.eq_ignore_ascii_case("localhost") || address.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

/// Browsers say of each form and of each call where it comes from, at least in one of two ways. A page whose policy tells
/// no referrer sends `Origin: null` with its forms, to its own host too.
fn is_of_the_page(headers: &HeaderMap, scheme: &str, host: &str) -> bool {
    if [&header::ORIGIN, &FETCH_SITE].iter().any(|name| headers.get_all(*name).iter().count() > 1) {
        return false;
    }
    let origin = text(headers, &header::ORIGIN);
    let is_own = |origin: &str| {
        origin.split_once("://").is_some_and(|(of, at)| of == scheme && at.eq_ignore_ascii_case(host))
    };
    match (text(headers, &FETCH_SITE), origin) {
        (Some(site), None | Some("null")) => site == "same-origin",
        (Some(site), Some(origin)) => site == "same-origin" && is_own(origin),
        (None, origin) => origin.is_some_and(is_own),
    }
}

/// What a header says; what is no text is nothing that any browser says.
fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(told: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in told {
            headers.append(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn only_names_and_addresses_of_this_machine_are_its_own() {
        for own in ["localhost:7007", "LOCALHOST", "127.0.0.1:7007", "127.8.9.1", "[::1]:7007", "[::1]"] {
            assert!(is_of_this_machine(own), "{own}");
        }
        for foreign in [
            "",
            "evil.example:7007",
            "localhost.evil.example",
            "10.0.0.1:7007",
            "127.0.0.1.evil",
            "[::2]:1",
            "0",
        ] {
            assert!(!is_of_this_machine(foreign), "{foreign}");
        }
    }

    #[test]
    fn a_form_of_the_page_itself_is_told_from_all_others() {
        let passes = |told: &[(&str, &str)]| is_of_the_page(&headers(told), "http", "localhost:7007");
        for own in [
            &[("origin", "http://localhost:7007")][..],
            &[("sec-fetch-site", "same-origin")],
            &[("sec-fetch-site", "same-origin"), ("origin", "null")],
            &[("sec-fetch-site", "same-origin"), ("origin", "http://localhost:7007")],
        ] {
            assert!(passes(own), "{own:?}");
        }
        for foreign in [
            &[][..],
            &[("origin", "null")],
            &[("origin", "http://localhost:3000")],
            &[("origin", "https://localhost:7007")],
            &[("origin", "http://evil.example")],
            &[("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "none")],
            &[("sec-fetch-site", "cross-site"), ("origin", "http://localhost:7007")],
            &[("sec-fetch-site", "same-origin"), ("origin", "http://evil.example")],
            &[("origin", "http://localhost:7007"), ("origin", "http://evil.example")],
            &[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "same-origin"), ("origin", "http://localhost:7007\t")],
        ] {
            assert!(!passes(foreign), "{foreign:?}");
        }
    }

    #[test]
    fn a_proxy_is_known_by_what_it_says_of_itself() {
        for told in [
            ("forwarded", "for=192.0.2.7"),
            ("via", "1.1 proxy"),
            ("X-Forwarded-For", "127.0.0.1"),
            ("x-forwarded-host", "localhost:7007"),
            ("x-forwarded-proto", ""),
        ] {
            assert!(came_through_a_proxy(&headers(&[told])), "{told:?}");
        }
        assert!(!came_through_a_proxy(&headers(&[("host", "localhost:7007"), ("origin", "null")])));
    }
}
