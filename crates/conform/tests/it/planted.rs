//! One difference is planted in one of two servers: it is told, and nothing else.

use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use greenroom_conform::{Also, Area, Conform, Difference, Known, Pace, Report, Token, Verdict};

use crate::kit::{Said, Server, client, compared, conform};

/// What is told, each once, with how many requests it is in.
fn told(report: &Report) -> Vec<(Area, Difference)> {
    let mut told: Vec<(Area, Difference)> = vec![];
    for checked in &report.checked {
        let Verdict::Differs(all) = &checked.verdict else { continue };
        for (difference, _) in all {
            if !told.iter().any(|(_, known)| known == difference) {
                told.push((checked.subject.area, difference.clone()));
            }
        }
    }
    told
}

fn difference(what: &str, a: Option<&str>, b: Option<&str>) -> Difference {
    Difference { what: what.to_owned(), a: a.map(str::to_owned), b: b.map(str::to_owned) }
}

/// The same difference in either direction: what is planted in `b` is told as planted in `b`, and in `a` as in `a`.
async fn told_once(
    plant: impl Fn(&str, &mut Said) + Clone + Send + Sync + 'static,
    area: Area,
    what: &str,
    without: Option<&str>,
    with: Option<&str>,
) {
    let (plain, planted) = (Server::plain().await, Server::with(plant).await);
    let report = compared(&plain, &planted, "").await.unwrap();
    assert_eq!(told(&report), [(area, difference(what, without, with))], "{}", report.text());
    assert_eq!(report.exit_code(), 1);
    let mirrored = compared(&planted, &plain, "").await.unwrap();
    assert_eq!(told(&mirrored), [(area, difference(what, with, without))], "{}", mirrored.text());
}

#[tokio::test]
async fn two_that_differ_by_nature_only_are_the_same() {
    let (a, b) = (Server::plain().await, Server::plain().await);
    let report = compared(&a, &b, "").await.unwrap();
    assert_eq!((told(&report), report.exit_code()), (vec![], 0), "{}", report.text());
    let applied: std::collections::BTreeSet<_> =
        report.checked.iter().flat_map(|checked| checked.applied.clone()).collect();
    for rule in ["request-id", "log-id", "port-and-host", "jwk", "asset-hash", "file-of-another-build"] {
        assert!(applied.contains(rule), "{rule}: {applied:?}");
    }
    let curl = report.checked[0].subject.curl.as_ref().unwrap();
    assert!(curl[0].ends_with(&format!("'http://{}/.backstage/health/v1/readiness'", a.address)), "{curl:?}");
}

#[tokio::test]
async fn a_server_is_the_same_as_itself() {
    let server = Server::plain().await;
    let report = compared(&server, &server, "").await.unwrap();
    assert_eq!((told(&report), report.exit_code()), (vec![], 0), "{}", report.text());
}

#[tokio::test]
async fn another_status_is_told() {
    let plant = |path: &str, said: &mut Said| {
        if path == "/healthcheck" {
            said.status = StatusCode::SERVICE_UNAVAILABLE;
        }
    };
    told_once(plant, Area::Health, "status", Some("404"), Some("503")).await;
}

#[tokio::test]
async fn a_header_that_is_everywhere_is_told_once() {
    let plant = |_: &str, said: &mut Said| said.header("x-powered-by", "Express");
    told_once(plant, Area::Health, "header x-powered-by", None, Some("Express")).await;
}

#[tokio::test]
async fn where_the_status_is_another_one_what_goes_with_it_is_not_told_too() {
    let plant = |path: &str, said: &mut Said| {
        if path == "/healthcheck" {
            said.status = StatusCode::NO_CONTENT;
            said.headers.remove("content-type");
            said.header("cache-control", "no-store");
        }
    };
    let (a, b) = (Server::plain().await, Server::with(plant).await);
    let report = compared(&a, &b, "").await.unwrap();
    let what: Vec<_> = told(&report).into_iter().map(|(_, difference)| difference.what).collect();
    assert_eq!(what, ["status", "body"], "{}", report.text());
}

#[tokio::test]
async fn a_policy_is_told_by_its_directive() {
    let plant = |path: &str, said: &mut Said| {
        if path == "/catalog" {
            said.header("content-security-policy", "script-src 'self' 'unsafe-eval'; default-src 'self'");
        }
    };
    let what = "header content-security-policy script-src";
    told_once(plant, Area::App, what, Some("'self'"), Some("'self' 'unsafe-eval'")).await;
}

#[tokio::test]
async fn a_field_deep_in_json_is_told_by_its_path_whatever_the_order_of_keys() {
    let plant = |path: &str, said: &mut Said| {
        if path == "/api" {
            said.body = r#"{"request":{"url":"x"},"error":{"message":"m","name":"InputError"}}"#.to_owned();
        }
    };
    let alike = |path: &str, said: &mut Said| {
        if path == "/api" {
            said.body =
                r#"{"error":{"name":"NotFoundError","message":"m"},"request":{"url":"x"}}"#.to_owned();
        }
    };
    let (a, b) = (Server::with(alike).await, Server::with(plant).await);
    let report = compared(&a, &b, "").await.unwrap();
    let expected = difference("body $.error.name", Some("NotFoundError"), Some("InputError"));
    assert_eq!(told(&report), [(Area::Errors, expected)], "{}", report.text());
}

#[tokio::test]
async fn a_value_of_the_injected_config_is_told_by_its_key() {
    let plant = |path: &str, said: &mut Said| {
        if path.starts_with("/static") {
            return;
        }
        said.body = said.body.replace("\"title\":\"T\"", "\"title\":\"Another\"");
    };
    let what = "injected config $[0].data.app.title";
    told_once(plant, Area::Headers, what, Some("T"), Some("Another")).await;
}

#[tokio::test]
async fn a_key_set_that_is_empty_is_not_comparable() {
    let plant = |path: &str, said: &mut Said| {
        if path.ends_with("jwks.json") {
            said.body = r#"{"keys":[]}"#.to_owned();
        }
    };
    let (a, b) = (Server::plain().await, Server::with(plant).await);
    let report = compared(&a, &b, "").await.unwrap();
    assert_eq!((told(&report), report.exit_code()), (vec![], 0), "{}", report.text());
    assert!(report.text().contains("b shows no key"), "{}", report.text());
}

#[tokio::test]
async fn who_limits_our_rate_is_not_comparable() {
    let plant = |path: &str, said: &mut Said| {
        if path == "/api" {
            said.status = StatusCode::TOO_MANY_REQUESTS;
        }
    };
    let (a, b) = (Server::plain().await, Server::with(plant).await);
    let report = compared(&a, &b, "").await.unwrap();
    assert_eq!(told(&report), []);
    assert!(report.text().contains("no plugin: b limits our rate (429)"), "{}", report.text());
}

#[tokio::test]
async fn known_differences_are_no_failure_and_unused_entries_are_told() {
    let plant = |_: &str, said: &mut Said| said.header("x-powered-by", "Express");
    let (a, b) = (Server::plain().await, Server::with(plant).await);
    let known = "known:\n- {what: header x-powered-by, why: an old proxy}\n\
                 - {area: health, request: GET /healthcheck, what: status, why: it was so once}";
    let report = compared(&a, &b, known).await.unwrap();
    assert_eq!(report.exit_code(), 0, "{}", report.text());
    assert_eq!(report.unused(), [1]);
    let text = report.text();
    assert!(text.contains("header x-powered-by in ") && text.contains("an old proxy"), "{text}");
    assert!(
        text.contains("Known, but not seen: health, GET /healthcheck, status (it was so once)"),
        "{text}"
    );
    assert!(text.ends_with("The same, but for what is known."), "{text}");
}

#[tokio::test]
async fn who_does_not_answer_is_named() {
    let a = Server::plain().await;
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut conform = conform(&a, &a);
    conform.sides[1].origin =
        greenroom_conform::Origin::parse(&format!("http://{}", free.local_addr().unwrap())).unwrap();
    drop(free);
    let error = conform.run(&client(), Known::default()).await.unwrap_err();
    assert!(error.to_string().starts_with("b does not answer: Cannot connect to 127.0.0.1:"), "{error}");
}

#[tokio::test]
async fn tokens_go_each_to_its_own_side_and_are_never_shown() {
    let (a, b) = (Server::plain().await, Server::with(|_, said| said.status = StatusCode::IM_A_TEAPOT).await);
    let mut conform = conform(&a, &b);
    conform.sides[0].token = Some(Token::new("TOKEN_A", "secret-of-a").unwrap());
    conform.sides[1].token = Some(Token::new("TOKEN_B", "secret-of-b").unwrap());
    let report = conform.run(&client(), Known::default()).await.unwrap();
    for (server, own) in [(&a, "Bearer secret-of-a"), (&b, "Bearer secret-of-b")] {
        let seen = server.seen.lock().unwrap();
        let tokens: Vec<_> = seen.iter().filter_map(|(_, _, headers)| headers.get("authorization")).collect();
        assert!(tokens.iter().any(|token| *token == own));
        assert!(!tokens.iter().any(|token| token.to_str().unwrap().contains("secret-of") && *token != own));
    }
    for shown in [report.text(), report.json(), report.junit()] {
        assert!(!shown.contains("secret-of"));
    }
    assert!(report.json().contains("$TOKEN_A") && report.junit().contains("$TOKEN_A"));
}

/// A server that repeats a token wherever an answer has room for it, in the forms of each place.
async fn repeats(token: &'static str) -> Server {
    Server::with(move |path, said| {
        said.header("x-echo", &format!("{}{token}", "x".repeat(190)));
        let name = format!("x-{token}").to_ascii_lowercase();
        said.headers.insert(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_static("1"));
        let percent = token.replace('-', "%2D");
        if path == "/healthcheck" {
            said.headers.insert("content-type", HeaderValue::from_static("text/plain"));
            said.body = format!("Illegal token '{token}'\nBearer {token}, {percent}");
        } else if path == "/api" {
            let json = format!("\\u{:04x}{}", token.as_bytes()[0], &token[1..]);
            said.body = format!(r#"{{"{token}":{{"{json}":"{percent}"}},"error":"Illegal token '{json}'"}}"#);
        }
    })
    .await
}

async fn with_tokens(a: &Server, b: &Server) -> Report {
    let mut conform = conform(a, b);
    conform.sides[0].token = Some(Token::new("TOKEN_A", "Opaque-of-a").unwrap());
    conform.sides[1].token = Some(Token::new("TOKEN_B", "Longer-Opaque-of-b").unwrap());
    conform.run(&client(), Known::default()).await.unwrap()
}

#[tokio::test]
async fn a_token_that_a_side_repeats_is_not_shown_whatever_its_form_and_place() {
    let (plain, echo) = (Server::plain().await, repeats("Longer-Opaque-of-b").await);
    for report in [with_tokens(&plain, &echo).await, with_tokens(&echo, &plain).await] {
        assert_eq!(report.exit_code(), 1);
        for shown in [report.text(), report.json(), report.junit()] {
            assert!(shown.contains("x***") && shown.contains("body $.***"), "{shown}");
            assert!(shown.contains("Illegal token"), "{shown}");
            let shown = shown.to_lowercase();
            assert!(!shown.contains("longer") && !shown.contains("opaque"), "{shown}");
        }
    }
}

#[tokio::test]
async fn credentials_of_a_server_are_in_no_report_whatever_their_place() {
    let name = format!("{}{}", "n".repeat(1_000_000), "\u{202e}\u{1b}");
    let plant = move |path: &str, said: &mut Said| {
        let policy =
            "script-src https://me:hunter2@cdn.example; report-uri https://csp.example/?token=hunter2";
        said.header("content-security-policy", policy);
        said.headers.append("set-cookie", HeaderValue::from_static("a=hunter2; Path=/"));
        said.headers.append("set-cookie", HeaderValue::from_static("b=hunter2; Path=/"));
        said.headers.append("set-cookie", HeaderValue::from_static("hunter2"));
        if path == "/api" {
            said.body = serde_json::json!({
                "password": {"value": "hunter2"},
                "credentials": [{"a": "hunter2"}, ["hunter2"]],
                "eyJhbGciOi.eyJzdWIi.hunter2": {"a": 1},
                "error": {"message": "postgres://me:hunter2@db", (name.clone()): 1},
                "jwk": {"kty": "EC", "d": "hunter2"},
            })
            .to_string();
        } else if path.ends_with("jwks.json") {
            said.body = serde_json::json!({"keys": [
                {"kty": "RSA", "kid": "1", "d": "hunter2", "p": "hunter2", "qi": "hunter2"},
                {"kty": "oct", "k": "hunter2"},
            ]})
            .to_string();
        }
    };
    let other = |path: &str, said: &mut Said| {
        if path == "/api" {
            said.body = serde_json::json!({
                "password": {"value": "x"},
                "credentials": [{"a": "y"}, ["z"]],
                "error": {"message": "x"},
                "jwk": {"kty": "EC", "d": "x"},
            })
            .to_string();
        }
    };
    let (plain, planted) = (Server::with(other).await, Server::with(plant).await);
    for (a, b) in [(&plain, &planted), (&planted, &plain)] {
        let report = compared(a, b, "").await.unwrap();
        let places: Vec<_> = told(&report).into_iter().map(|(_, difference)| difference.what).collect();
        for place in ["body $.password.value", "body $.***", "body $.jwk.d", "body $.error.message"] {
            assert!(places.iter().any(|told| told == place), "{place}: {places:?}");
        }
        assert!(places.iter().all(|place| place.chars().count() < 500));
        for shown in [report.text(), report.json(), report.junit()] {
            assert!(
                !shown.contains("hunter2"),
                "{}",
                &shown[shown.find("hunter2").unwrap().saturating_sub(300)..]
            );
            assert!(!shown.contains(|c: char| (c.is_control() && c != '\n') || c == '\u{202e}'));
        }
    }
}

#[tokio::test]
async fn two_that_repeat_each_its_own_token_are_the_same() {
    let (a, b) = (repeats("Opaque-of-a").await, repeats("Longer-Opaque-of-b").await);
    let report = with_tokens(&a, &b).await;
    assert_eq!((told(&report), report.exit_code()), (vec![], 0), "{}", report.text());
}

#[tokio::test]
async fn all_requests_name_us_and_only_safe_methods_are_used_until_others_are_asked_for() {
    let server = Server::plain().await;
    let run = conform(&server, &server);
    run.run(&client(), Known::default()).await.unwrap();
    {
        let seen = server.seen.lock().unwrap();
        assert!(seen.iter().all(|(method, ..)| method.is_safe()));
        assert!(seen.iter().all(|(_, _, headers)| {
            headers["user-agent"].to_str().unwrap().starts_with("greenroom-conform/")
        }));
    }
    let mut run: Conform = run;
    run.wanted.also = [Also::WrongMethods].into_iter().collect();
    run.run(&client(), Known::default()).await.unwrap();
    assert!(server.seen.lock().unwrap().iter().any(|(method, ..)| *method == Method::DELETE));
}

#[tokio::test]
async fn what_is_not_asked_in_time_is_told_and_is_no_success() {
    let server = Server::plain().await;
    let mut conform = conform(&server, &server);
    conform.pace = Pace { rate: 5, deadline: std::time::Duration::from_secs(1) };
    let report = conform.run(&client(), Known::default()).await.unwrap();
    let (why, count) = report.left_out.clone().unwrap();
    assert_eq!((&*why, count > 100), ("the 1 s of --deadline were over", true));
    assert_eq!(report.exit_code(), 1);
    assert!(report.text().ends_with("Not all was compared."), "{}", report.text());
}
