//! What the extractors accept, and how they refuse.

use std::net::IpAddr;

use async_compression::tokio::bufread::{BrotliEncoder, GzipEncoder, ZlibEncoder};
use axum::{Router, routing::get, routing::post};
use greenroom_http::{Json, Path};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::kit::{Answer, Kit, Up};

#[derive(Deserialize)]
struct Task {
    name: String,
}

#[derive(Deserialize)]
struct Named {
    on: bool,
    size: f64,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Bug,
    Wish,
}

async fn up() -> Up {
    let router = Router::new()
        .route("/json", post(async |Json(body): Json<Value>| Json(json!({"got": body}))))
        .route("/task", post(async |Json(task): Json<Task>| task.name))
        .route("/param/{p}", get(async |Path(p): Path<String>| Json(p)))
        .route("/two/{name}/{n}", get(async |Path((name, n)): Path<(String, u32)>| format!("{name}{n}")))
        .route(
            "/named/{on}/{size}",
            get(async |Path(named): Path<Named>| format!("{}{}", named.on, named.size)),
        )
        .route("/one/{n}", get(async |Path(n): Path<u64>| n.to_string()))
        .route("/address/{address}", get(async |Path(address): Path<IpAddr>| address.to_string()))
        .route(
            "/kind/{kind}",
            get(async |Path(kind): Path<Kind>| matches!(kind, Kind::Bug | Kind::Wish).to_string()),
        )
        .route("/misfit/{one}", get(async |_: Path<(String, String)>| "never"))
        .route("/misnamed/{one}", get(async |_: Path<Named>| "never"));
    Kit::new().open(router).start().await
}

const JSON: (&str, &str) = ("Content-Type", "application/json");

async fn send(up: &Up, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Answer {
    up.client.ask("POST", "/api/x/json", headers, body.as_ref()).await
}

fn error(answer: &Answer) -> Value {
    answer.json()["error"].clone()
}

#[tokio::test]
async fn http_17_malformed_json_is_echoed() {
    let up = up().await;
    let answer = send(&up, &[JSON], "{bad").await;
    let expected = r#"{"error":{"name":"SyntaxError","message":"Expected property name or '}' in JSON at position 1 (line 1 column 2)","expose":true,"statusCode":400,"status":400,"body":"{bad","type":"entity.parse.failed"},"request":{"method":"POST","url":"/json"},"response":{"statusCode":400}}"#;
    assert_eq!(answer.seen(), (400, expected));
}

#[tokio::test]
async fn only_objects_and_arrays_are_json() {
    let up = up().await;
    for (body, message) in [
        ("nope", "Unexpected token 'n', \"nope\" is not valid JSON"),
        ("\"x\"", "Unexpected token '\"', \"\"x\"\" is not valid JSON"),
        (" 1", "Unexpected token '1', \" 1\" is not valid JSON"),
        (" ", "Unexpected end of JSON input"),
    ] {
        let answer = send(&up, &[JSON], body).await;
        assert_eq!((answer.status, &error(&answer)["message"]), (400, &json!(message)), "{body}");
        assert_eq!(error(&answer)["body"], body);
    }
    assert_eq!(send(&up, &[JSON], "[1]").await.seen(), (200, r#"{"got":[1]}"#));
    assert_eq!(send(&up, &[JSON], "\u{feff}{}").await.seen(), (200, r#"{"got":{}}"#));
}

#[tokio::test]
async fn no_body_or_another_type_is_an_empty_object() {
    let up = up().await;
    let empty = (200, r#"{"got":{}}"#);
    assert_eq!(send(&up, &[JSON], "").await.seen(), empty);
    assert_eq!(send(&up, &[JSON, ("Content-Length", "0")], "").await.seen(), empty);
    assert_eq!(send(&up, &[("Content-Type", "text/plain")], "{bad").await.seen(), empty);
    assert_eq!(send(&up, &[], "{bad").await.seen(), empty);
    let kind = ("Content-Type", "Application/JSON ; charset=\"UTF-8\"");
    assert_eq!(send(&up, &[kind], "{\"a\":1}").await.seen(), (200, r#"{"got":{"a":1}}"#));
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_and_the_connection_used_on() {
    let up = up().await;
    let mut connection = up.client.connect().await;
    let fits = format!("[\"{}\"]", "x".repeat(100 * 1024 - 4));
    assert_eq!(connection.ask("POST", "/api/x/json", &[JSON], fits.as_bytes()).await.status, 200);
    let long = format!("[\"{}\"]", "x".repeat(200 * 1024));
    let declared = connection.ask("POST", "/api/x/json", &[JSON], long.as_bytes()).await;
    let expected = json!({
        "name": "PayloadTooLargeError",
        "message": "request entity too large",
        "expected": long.len(),
        "length": long.len(),
        "limit": 102_400,
        "type": "entity.too.large",
    });
    assert_eq!((declared.status, error(&declared)), (413, expected));
    let chunked = format!("{:x}\r\n{long}\r\n0\r\n\r\n", long.len());
    let head = "POST /api/x/json HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    connection.send(format!("{head}{chunked}")).await;
    let chunked = connection.answer("POST").await;
    assert_eq!(chunked.status, 413);
    assert!(error(&chunked)["received"].as_u64().unwrap() > 102_400, "{}", chunked.text());
    assert_eq!(connection.ask("POST", "/api/x/json", &[JSON], b"{}").await.status, 200);
}

#[tokio::test]
async fn charsets_are_those_of_unicode() {
    let up = up().await;
    let with = |charset: &str| format!("application/json; charset={charset}");
    let little: Vec<u8> = "{\"a\":\"é\"}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = "{\"a\":\"é\"}".encode_utf16().flat_map(u16::to_be_bytes).collect();
    for (charset, body) in [("utf-16", &little), ("utf-16le", &little), ("UTF-16BE", &big), ("utf-16", &big)]
    {
        let answer = send(&up, &[("Content-Type", &with(charset))], body).await;
        assert_eq!(answer.seen(), (200, r#"{"got":{"a":"é"}}"#), "{charset}");
    }
    for charset in ["foo", "latin1", "utf8", "utf-9"] {
        let answer = send(&up, &[("Content-Type", &with(charset))], "{}").await;
        let expected = json!({
            "name": "UnsupportedMediaTypeError",
            "message": format!("unsupported charset \"{}\"", charset.to_uppercase()),
            "charset": charset,
            "type": "charset.unsupported",
        });
        assert_eq!((answer.status, error(&answer)), (415, expected));
    }
    let headers = [("Content-Type", "application/json; charset=foo"), ("Content-Length", "0")];
    assert_eq!(send(&up, &headers, "").await.status, 415, "even of an empty body");
}

async fn all(mut encoder: impl AsyncRead + Unpin) -> Vec<u8> {
    let mut bytes = vec![];
    encoder.read_to_end(&mut bytes).await.unwrap();
    bytes
}

#[tokio::test]
async fn gzip_and_deflate_are_inflated_and_the_limit_is_that_of_the_inflated_body() {
    let up = up().await;
    let text = &b"{\"a\":1}"[..];
    let gzip = all(GzipEncoder::new(text)).await;
    let deflate = all(ZlibEncoder::new(text)).await;
    let fine = (200, r#"{"got":{"a":1}}"#);
    for (encoding, body) in [("gzip", &gzip), ("GZIP", &gzip), ("deflate", &deflate)] {
        assert_eq!(send(&up, &[JSON, ("Content-Encoding", encoding)], body).await.seen(), fine, "{encoding}");
    }
    let members = [all(GzipEncoder::new(&b"{\"a\":"[..])).await, all(GzipEncoder::new(&b"1}"[..])).await];
    assert_eq!(send(&up, &[JSON, ("Content-Encoding", "gzip")], members.concat()).await.seen(), fine);
    let bomb = all(GzipEncoder::new(&vec![b'['; 10 << 20][..])).await;
    let answer = send(&up, &[JSON, ("Content-Encoding", "gzip")], bomb).await;
    assert_eq!((answer.status, &error(&answer)["type"]), (413, &json!("entity.too.large")));
}

#[tokio::test]
async fn spoilt_and_unknown_encodings_are_refused_in_nodes_words() {
    let up = up().await;
    let gzip = all(GzipEncoder::new(&b"{\"a\":1}"[..])).await;
    let mut spoilt = gzip.clone();
    let checksum = spoilt.len() - 6;
    spoilt[checksum] ^= 1;
    let trailing = [&gzip[..], b"xx"].concat();
    let cases: [(&str, &[u8], &str); 8] = [
        ("gzip", b"{\"a\":1}", "incorrect header check"),
        ("deflate", b"{\"a\":1}", "incorrect header check"),
        ("gzip", &gzip[..15], "unexpected end of file"),
        ("gzip", b"", "unexpected end of file"),
        ("gzip", b"]", "unexpected end of file"),
        ("deflate", b"]", "unexpected end of file"),
        ("gzip", &spoilt, "incorrect data check"),
        ("gzip", &trailing, "incorrect header check"),
    ];
    for (encoding, body, message) in cases {
        let length = ("Content-Length", "0");
        let mut headers = vec![JSON, ("Content-Encoding", encoding)];
        headers.extend(body.is_empty().then_some(length));
        let answer = send(&up, &headers, body).await;
        assert_eq!((answer.status, &error(&answer)["message"]), (400, &json!(message)), "{body:?}");
    }
    let brotli = all(BrotliEncoder::new(&b"{}"[..])).await;
    for encoding in ["br", "gzip, gzip", "br2"] {
        let answer = send(&up, &[JSON, ("Content-Encoding", encoding)], &brotli).await;
        let expected = json!({
            "name": "UnsupportedMediaTypeError",
            "message": format!("unsupported content encoding \"{encoding}\""),
            "encoding": encoding,
            "type": "encoding.unsupported",
        });
        assert_eq!((answer.status, error(&answer)), (415, expected));
    }
}

#[tokio::test]
async fn a_body_of_another_shape_is_an_input_error() {
    let up = up().await;
    let answer = up.client.ask("POST", "/api/x/task", &[JSON], b"{}").await;
    assert_eq!((answer.status, &error(&answer)["name"]), (400, &json!("InputError")));
    assert_eq!(error(&answer)["message"], "Invalid body: 'name' is missing");
}

#[tokio::test]
async fn a_body_that_was_not_read_is_refused_for_its_cause() {
    let up = up().await;
    let body = &b"{\"name\":\"x\"}"[..];
    let none = "Invalid body: the request has none";
    for (headers, body, message) in [
        (&[][..], body, "Invalid body: it needs the header 'Content-Type: application/json'"),
        (
            &[("Content-Type", "text/plain; charset=utf-8")],
            body,
            "Invalid body: its Content-Type is 'text/plain; charset=utf-8', not 'application/json'",
        ),
        (&[], b"", none),
        (&[("Content-Type", "text/plain"), ("Content-Length", "0")], b"", none),
        (&[JSON, ("Content-Length", "0")], b"", none),
    ] {
        let answer = up.client.ask("POST", "/api/x/task", headers, body).await;
        assert_eq!((answer.status, &error(&answer)["name"]), (400, &json!("InputError")), "{headers:?}");
        assert_eq!(error(&answer)["message"], message);
    }
}

#[tokio::test]
async fn path_parameters_are_refused_in_words_of_the_caller() {
    let up = up().await;
    for (path, message) in [
        ("/two/a/b", "Invalid path: 'n' must be a whole number from 0 to 4294967295, not 'b'"),
        ("/named/x/7", "Invalid path: 'on' must be true or false, not 'x'"),
        ("/named/true/x", "Invalid path: 'size' must be a number, not 'x'"),
        ("/one/x", "Invalid path: 'n' must be a whole number, 0 or more, not 'x'"),
        ("/address/x", "Invalid path: 'address': invalid IP address syntax"),
        ("/kind/x", "Invalid path: 'kind' must be one of 'bug', 'wish'"),
    ] {
        let answer = up.get(&format!("/api/x{path}")).await;
        assert_eq!((answer.status, &error(&answer)["name"]), (400, &json!("InputError")), "{path}");
        assert_eq!(error(&answer)["message"], message, "{path}");
    }
}

#[tokio::test]
async fn a_path_that_does_not_fit_its_route_is_a_mistake_of_the_plugin() {
    let up = up().await;
    for path in ["/misfit/a", "/misnamed/a"] {
        let answer = up.get(&format!("/api/x{path}")).await;
        assert_eq!((answer.status, &error(&answer)["name"]), (500, &json!("Error")), "{path}");
        let message = error(&answer)["message"].as_str().unwrap().to_owned();
        assert!(message.starts_with("The handler's Path does not fit its route: "), "{message}");
    }
}

#[tokio::test]
async fn path_parameters_are_decoded_or_refused_as_express_does() {
    let up = up().await;
    assert_eq!(up.get("/api/x/param/a%2Fb").await.seen(), (200, "\"a/b\""));
    assert_eq!(up.get("/api/x/param/%C3%A9").await.seen(), (200, "\"é\""));
    for raw in ["%zz", "%ff", "a%", "%E2%82"] {
        let answer = up.get(&format!("/api/x/param/{raw}")).await;
        let expected = json!({
            "name": "URIError",
            "message": format!("Failed to decode param '{raw}'"),
            "statusCode": 400,
            "status": 400,
        });
        assert_eq!((answer.status, error(&answer)), (400, expected));
    }
    let answer = up.get("/api/x/two/a/b").await;
    assert_eq!((answer.status, &error(&answer)["name"]), (400, &json!("InputError")));
    assert_eq!(up.get("/api/x/two/a/7?%zz=%ff").await.seen(), (200, "a7"), "the query is nobody's yet");
}
