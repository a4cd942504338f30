//! Compression: what a client takes, and once for each file.

use futures_util::future::join_all;
use greenroom::http::finished::Coding;
use serde_json::json;

use crate::support::{Dist, header};

#[tokio::test]
async fn app_16_a_client_gets_the_encoding_that_it_likes_best() {
    let dist = Dist::new();
    dist.write("static/small.css", "a{}").write("static/logo.png", &"x".repeat(3000));
    let backend = dist.start().await;
    let plain = backend.get("/static/main.js").await.body;
    for (accepted, coding) in [
        ("br", Some(Coding::Brotli)),
        ("gzip, deflate, br, zstd", Some(Coding::Brotli)),
        ("gzip;q=1, br;q=0.5", Some(Coding::Gzip)),
        ("deflate", Some(Coding::Deflate)),
        ("identity", None),
        ("zstd", None),
    ] {
        let response = backend.get("/static/main.js").header("accept-encoding", accepted).await;
        assert_eq!(response.header("content-encoding"), coding.map(Coding::name), "{accepted}");
        assert_eq!(header(&response, "vary"), "Accept-Encoding");
        assert_eq!(header(&response, "etag"), "W/\"189c-1a1ee565e7b\"");
        let expected = coding.map_or_else(|| plain.to_vec(), |coding| coding.encode(&plain).unwrap());
        assert_eq!(response.body, expected, "{accepted}");
    }
    for (path, vary) in [("/static/small.css", Some("Accept-Encoding")), ("/static/logo.png", None)] {
        let response = backend.get(path).header("accept-encoding", "br").await;
        assert_eq!((response.header("content-encoding"), response.header("vary")), (None, vary), "{path}");
    }
}

#[tokio::test]
async fn an_encoded_file_says_its_length() {
    let dist = Dist::new();
    let backend = dist.start().await;
    for path in ["/static/main.js", "/catalog"] {
        let more = "x".repeat(2000);
        let response = backend.get(path).header("accept-encoding", "br").header("x-more", &more).await;
        let length = response.body.len().to_string();
        assert_eq!(response.header("content-length"), Some(&*length), "{path}");
    }
}

#[tokio::test]
async fn a_part_is_sent_as_it_is_whatever_the_client_takes() {
    let dist = Dist::new();
    let backend = dist.start().await;
    let request =
        backend.get("/static/main.js").header("range", "bytes=0-1999").header("accept-encoding", "gzip");
    let response = request.await;
    assert_eq!(
        (response.status.as_u16(), response.header("content-encoding"), response.body.len()),
        (206, None, 2000)
    );
}

#[tokio::test]
async fn a_file_is_encoded_once_however_many_ask_at_a_time() {
    let dist = Dist::new();
    let backend = dist.start().await;
    let all = (0..16).map(|_| backend.get("/static/main.js").header("accept-encoding", "br").into_future());
    let bodies: Vec<_> = join_all(all).await.into_iter().map(|response| response.body).collect();
    assert!(bodies.iter().all(|body| *body == bodies[0] && body.len() < 1000));
    backend.get("/static/main.js").header("accept-encoding", "gzip").await;
    let lines = backend.stop().await;
    let encoded = lines.iter().filter(|line| line["message"] == "Encoded a file, once");
    let told: Vec<_> = encoded.map(|line| (&line["file"], &line["coding"], &line["before"])).collect();
    let (file, length) = (&json!("static/main.js"), &json!(6300));
    assert_eq!(told, [(file, &json!("br"), length), (file, &json!("gzip"), length)]);
}

#[tokio::test]
async fn the_page_is_encoded_too() {
    let dist = Dist::new();
    let page = format!("<html><head><title>t</title></head>{}</html>", "x".repeat(2000));
    dist.write("index.html.tmpl", &page);
    let backend = dist.start().await;
    let plain = backend.get("/catalog").await;
    let encoded = backend.get("/catalog").header("accept-encoding", "gzip").await;
    assert_eq!(header(&encoded, "content-encoding"), "gzip");
    assert_eq!(encoded.body, Coding::Gzip.encode(&plain.body).unwrap());
    assert_eq!(
        (header(&encoded, "etag"), header(&encoded, "vary")),
        (header(&plain, "etag"), "Accept-Encoding")
    );
}
