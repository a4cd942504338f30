//! Which paths lead to which file.

use std::os::unix::fs::symlink;

use http::Method;
use serde_json::json;

use crate::support::{Dist, header, is_page};

#[tokio::test]
async fn app_4_a_file_below_static_is_cached_for_a_fortnight() {
    let dist = Dist::new();
    let backend = dist.start().await;
    let script = backend.get("/static/main.js").without_credentials().await;
    assert_eq!((script.status.as_u16(), script.body.len()), (200, 6300));
    for (name, value) in [
        ("cache-control", "public, max-age=1209600"),
        ("etag", "W/\"189c-1a1ee565e7b\""),
        ("last-modified", "Wed, 18 Nov 2026 11:06:40 GMT"),
        ("accept-ranges", "bytes"),
        ("content-type", "application/javascript; charset=UTF-8"),
        ("content-length", "6300"),
        ("vary", "Accept-Encoding"),
        ("x-frame-options", "DENY"),
    ] {
        assert_eq!(header(&script, name), value, "{name}");
    }
    for other in ["/STATIC/main.js", "/static//main.js", "/api/app/static/main.js", "/static/x/../main.js"] {
        assert_eq!(backend.get(other).await.body, script.body, "{other}");
    }
}

#[tokio::test]
async fn app_5_what_is_not_there_below_static_is_an_empty_404() {
    let dist = Dist::new();
    let backend = dist.start().await;
    for path in
        ["/static/nope.js", "/static/", "/static/main.js/", "/static/%zz", "/static/a%00", "/static/MAIN.js"]
    {
        let response = backend.get(path).await;
        assert_eq!((response.status.as_u16(), response.text()), (404, String::new()), "{path}");
        assert_eq!(header(&response, "x-frame-options"), "DENY");
    }
}

#[tokio::test]
async fn app_6_other_files_are_asked_for_again_and_pages_never_kept() {
    let dist = Dist::new();
    dist.write("manifest.json", "{}").write("other.html", "<p>").write("docs/index.html", "<i>");
    let backend = dist.start().await;
    let caching = async |path| header(&backend.get(path).await, "cache-control").to_owned();
    assert_eq!(caching("/manifest.json").await, "public, max-age=0");
    // One slash more, and it is no longer below /static.
    assert_eq!(caching("//static/main.js").await, "public, max-age=0");
    assert_eq!(caching("/other.html").await, "no-store, max-age=0");
    assert_eq!(caching("/docs/").await, "no-store, max-age=0");
    assert_eq!(backend.get("/docs/").await.text(), "<i>");
}

#[tokio::test]
async fn app_7_other_methods_and_unknown_apis_are_empty_404s_and_all_else_is_the_page() {
    let dist = Dist::new();
    let backend = dist.start().await;
    for (method, path) in [
        (Method::POST, "/"),
        (Method::POST, "/static/main.js"),
        (Method::DELETE, "/catalog"),
        (Method::OPTIONS, "/static/main.js"),
        (Method::GET, "/api"),
        (Method::GET, "/api/nope"),
    ] {
        let response = backend.request(method, path).await;
        assert_eq!((response.status.as_u16(), response.text()), (404, String::new()), "{path}");
    }
    for path in ["/apix", "/catalog/default/component/x", "/api/app", "/api/app/catalog", "/favicon.ico"] {
        assert!(is_page(&backend.get(path).await), "{path}");
    }
    let options = backend.request(Method::OPTIONS, "/catalog").await;
    assert_eq!((options.status.as_u16(), header(&options, "allow")), (200, "GET,HEAD"));
    assert_eq!(header(&options, "etag"), "W/\"8-ZRAf8oNBS3Bjb/SU2GYZCmbtmXg\"");
}

#[tokio::test]
async fn app_9_a_directory_without_its_slash_is_a_redirect_on_this_host() {
    let dist = Dist::new();
    dist.write("docs/index.html", "<i>");
    let backend = dist.start().await;
    for (path, location) in [
        ("/static", "/static/"),
        ("/api/app/static?q=1", "/api/app/static/?q=1"),
        ("/docs", "/docs/"),
        ("//docs", "/docs/"),
        (r"/\evil.example/%2e%2e/docs", "/%5Cevil.example/%2e%2e/docs/"),
    ] {
        let response = backend.get(path).await;
        assert_eq!((response.status.as_u16(), header(&response, "location")), (301, location), "{path}");
        assert!(response.text().contains(&format!("<pre>Redirecting to {location}</pre>")), "{path}");
        assert_eq!(header(&response, "content-security-policy"), "default-src 'none'");
        assert_eq!(response.header("etag"), None);
    }
}

#[tokio::test]
async fn app_10_hidden_files_are_not_served() {
    let dist = Dist::new();
    dist.write("static/d/.dot.css", "a{}").write(".hidden", "h").write(".well-known/x.txt", "x");
    let backend = dist.start().await;
    assert_eq!(backend.get("/static/d/.dot.css").await.status, 404);
    assert!(is_page(&backend.get("/.hidden").await));
    assert!(is_page(&backend.get("/.config-schema.json").await));
    // As in Express, a hidden directory's files are not hidden.
    assert_eq!(backend.get("/.well-known/x.txt").await.text(), "x");
}

#[tokio::test]
async fn app_11_every_path_of_the_built_page_is_the_rendered_one() {
    let dist = Dist::new();
    dist.write("docs/other.html", "<p>");
    symlink("index.html", dist.path().join("alias.html")).unwrap();
    symlink(".", dist.path().join("here")).unwrap();
    let backend = dist.start().await;
    for path in [
        "/",
        "/index.html",
        "/INDEX.html",
        "/%69ndex.html",
        "/docs/../index.html",
        "/docs/%2e%2e/index.html",
        "/docs%2f..%2findex.html",
        "/docs%5c..%5cindex.html",
        "/..%5cindex.html",
        "/alias.html",
        "/%2e",
        "/%252e%252e/index.html",
        "/../../etc/passwd",
        "/..%2f..%2fetc%2fpasswd",
        "/a%00b",
    ] {
        assert!(is_page(&backend.get(path).await), "{path}");
    }
}

#[tokio::test]
async fn app_12_a_path_that_cannot_be_decoded_is_a_400_that_shows_it() {
    let dist = Dist::new();
    let backend = dist.start().await;
    for method in [Method::GET, Method::POST] {
        let response = backend.request(method.clone(), "/a/%zz").await;
        assert_eq!((response.status.as_u16(), header(&response, "x-frame-options")), (400, "DENY"));
        let error = json!({"name": "URIError", "message": "Failed to decode param 'a/%zz'", "statusCode": 400, "status": 400});
        let request = json!({"method": method.as_str(), "url": "/a/%zz"});
        assert_eq!(
            response.json(),
            json!({"error": error, "request": request, "response": {"statusCode": 400}})
        );
    }
}

#[tokio::test]
async fn source_maps_and_the_template_are_served_to_nobody() {
    let dist = Dist::new();
    dist.write("static/main.js.map", "{}")
        .write("root.js.MAP", "{}")
        .write("public/index.html.tmpl", "<%= secret %>");
    let backend = dist.start().await;
    assert_eq!(backend.get("/static/main.js.map").await.status, 404);
    for path in ["/root.js.MAP", "/index.html.tmpl", "/public/index.html.tmpl"] {
        assert!(is_page(&backend.get(path).await), "{path}");
    }
}

#[tokio::test]
async fn links_that_lead_out_of_the_app_are_told_and_not_served() {
    let dist = Dist::new();
    std::fs::write(dist.beside().join("secret.txt"), "sesame").unwrap();
    dist.write("manifest.json", "{}");
    symlink("../secret.txt", dist.path().join("leak.txt")).unwrap();
    symlink("../..", dist.path().join("static/out")).unwrap();
    symlink("../manifest.json", dist.path().join("static/inside.json")).unwrap();
    let backend = dist.start().await;
    assert!(is_page(&backend.get("/leak.txt").await));
    assert_eq!(backend.get("/static/out/secret.txt").await.status, 404);
    assert_eq!(backend.get("/static/inside.json").await.text(), "{}");
    let told = backend.await_log(|line| line["level"] == "warn" && line["count"] == 2).await;
    assert_eq!(
        told["message"],
        "Links that lead out of the app, or nowhere, are not served: leak.txt, static/out"
    );
}

#[tokio::test]
async fn a_file_that_changes_after_the_start_is_not_served_as_what_it_was() {
    let dist = Dist::new();
    dist.write("static/a.txt", "first");
    let backend = dist.start().await;
    std::fs::write(dist.path().join("static/a.txt"), "a longer one").unwrap();
    assert_eq!(backend.get("/static/a.txt").await.status, 404);
    let told = backend.await_log(|line| line["level"] == "warn" && line["file"] == "static/a.txt").await;
    assert_eq!(told["message"], "Cannot serve a file of the app: it has changed since the start");
}

#[tokio::test]
async fn a_file_that_is_not_kept_comes_in_pieces_whole_and_in_part() {
    let dist = Dist::new();
    let long: String = (0..700_000).map(|line| format!("{line:07}\n")).collect();
    dist.write("static/long.png", &long);
    let backend = dist.start().await;
    let whole = backend.get("/static/long.png").await;
    assert_eq!((header(&whole, "content-length"), whole.status.as_u16()), ("5600000", 200));
    assert!(whole.text() == long, "the bytes are those of the file");
    let part = backend.get("/static/long.png").header("range", "bytes=131000-4999999").await;
    assert_eq!(header(&part, "content-range"), "bytes 131000-4999999/5600000");
    assert!(part.text() == long[131_000..5_000_000], "the bytes are those of the part");
}
