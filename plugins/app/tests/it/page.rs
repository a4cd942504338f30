//! The page: its config, its values, its headers.

use greenroom::prelude::*;
use greenroom_plugin_app::app;
use greenroom_plugin_app_node::IndexDocument;
use greenroom_test::TestBackend;
use serde_json::{Value, json};

use crate::support::{Dist, header, is_page};

/// The config in a page.
fn injected(page: &str) -> Value {
    let (_, rest) = page.split_once("\n<script type=\"backstage.io/config\">\n").unwrap();
    let (json, rest) = rest.split_once("\n</script>\n").unwrap();
    assert!(rest.starts_with("</head>"), "{rest}");
    serde_json::from_str(json).unwrap()
}

#[tokio::test]
async fn app_1_every_address_shows_the_page_with_the_config_for_the_browser() {
    let dist = Dist::new();
    let base = "http://localhost:7007";
    let config = json!({"app": {"title": "Ours", "key": "sesame", "old": "x"}, "backend": {"baseUrl": base}});
    let backend = dist.backend(&config).start().await.unwrap();
    for path in ["/", "/catalog"] {
        let page = backend.get(path).without_credentials().await;
        assert!(is_page(&page), "{path}");
        assert_eq!(header(&page, "cache-control"), "no-store, max-age=0");
        assert_eq!(header(&page, "x-frame-options"), "DENY");
        let deprecated = json!([{"key": "app.old", "description": "use app.new"}]);
        let data = json!({"app": {"title": "Ours", "old": "x"}, "backend": {"baseUrl": base}});
        assert_eq!(
            injected(&page.text()),
            json!([{"context": "app", "deprecatedKeys": deprecated, "data": data}])
        );
        assert!(page.text().contains("<title>Ours</title>"));
        assert_eq!(page.text().matches("backstage.io/config").count(), 1);
    }
    let tag = header(&backend.get("/").await, "etag").to_owned();
    assert_eq!(backend.get("/x").header("if-none-match", &tag).await.status, 304);
}

#[tokio::test]
async fn app_1_the_config_is_printed_as_node_prints_it() {
    let dist = Dist::new();
    let backend = dist.backend(&json!({"app": {"title": "Ours"}})).start().await.unwrap();
    let expected = "</script></head>";
    let page = backend.get("/").await.text();
    let script = "\n<script type=\"backstage.io/config\">\n[\n  {\n    \"context\": \"app\",\n    \"deprecatedKeys\": [],\n    \
                  \"data\": {\n      \"app\": {\n        \"title\": \"Ours\"\n      }\n    }\n  }\n]\n</script>\n</head>";
    assert!(page.contains(script), "{page}");
    assert!(!page.contains(expected));
}

#[tokio::test]
async fn app_2_no_text_of_the_config_ends_its_script() {
    let dist = Dist::new();
    for title in
        ["Tit </script><!-- x", "</SCRIPT\n>", "'\"`\\", "<b>&amp;</b>", "</title><script>alert(1)</script>"]
    {
        let backend = dist.backend(&json!({"app": {"title": title}})).start().await.unwrap();
        let page = backend.get("/").await.text();
        assert_eq!(injected(&page)[0]["data"]["app"]["title"], title);
        // Of the template and of the config.
        assert_eq!(page.matches("</script").count(), 2, "{page}");
        assert_eq!(page.matches("</title").count(), 1, "{page}");
        assert!(!page.contains("<!--"));
        backend.stop().await;
    }
}

#[tokio::test]
async fn app_3_the_path_of_the_base_url_is_the_pages_public_path() {
    let dist = Dist::new();
    for (url, path) in [
        ("http://h/base/", "/base"),
        ("http://h/a/b//", "/a/b"),
        ("http://h", ""),
        ("http://h/", ""),
        ("/base", "/base"),
    ] {
        let backend = dist.backend(&json!({"app": {"baseUrl": url}})).start().await.unwrap();
        let page = backend.get("/").await.text();
        assert!(
            page.contains(&format!("content=\"{path}/\""))
                && page.contains(&format!("src=\"{path}/static/main.js\""))
        );
        // A proxy takes the path away before the backend sees it.
        assert!(is_page(&backend.get("/base/static/main.js").await));
        backend.stop().await;
    }
}

#[tokio::test]
async fn app_8_without_a_schema_the_browser_gets_nothing() {
    let dist = Dist::new();
    dist.remove(".config-schema.json");
    let backend =
        dist.backend(&json!({"app": {"title": "Ours", "baseUrl": "http://h/base"}})).start().await.unwrap();
    let page = backend.get("/").await.text();
    assert_eq!(injected(&page), json!([]));
    assert!(page.contains("<title>Backstage</title>") && page.contains("content=\"/\""));
}

#[tokio::test]
async fn variables_come_first_and_what_holds_comes_last() {
    let dist = Dist::new();
    let file = dist.beside().join("app-config.yaml");
    std::fs::write(&file, "app: {title: File, key: sesame}\ngreenroom: {app: {dist: dist}}\n").unwrap();
    let options = greenroom::config::ConfigOptions {
        args: vec!["--config".to_owned(), file.display().to_string()],
        env: [("APP_CONFIG_app_title".to_owned(), "Variable".to_owned())].into_iter().collect(),
        cwd: dist.beside().to_owned(),
        ..Default::default()
    };
    let backend =
        TestBackend::new().config(RootConfig::load(&options).unwrap()).add(app()).start().await.unwrap();
    let config = injected(&backend.get("/").await.text());
    let contexts: Vec<_> = config.as_array().unwrap().iter().map(|source| &source["context"]).collect();
    assert_eq!(contexts, ["env", "app"]);
    assert!(
        config
            .as_array()
            .unwrap()
            .iter()
            .all(|source| source["data"] == json!({"app": {"title": "Variable"}}))
    );
}

#[tokio::test]
async fn app_17_without_injection_the_page_is_served_as_it_was_built() {
    let dist = Dist::new();
    dist.remove("index.html.tmpl");
    let backend = dist.backend(&json!({"app": {"disableConfigInjection": true}})).start().await.unwrap();
    for path in ["/", "/index.html", "/catalog"] {
        let page = backend.get(path).await;
        assert_eq!(
            (page.status.as_u16(), page.text()),
            (200, "<html><head></head>built</html>".to_owned()),
            "{path}"
        );
        assert_eq!(header(&page, "cache-control"), "no-store, max-age=0");
        assert_eq!(header(&page, "etag"), "W/\"1f-1a1ee565e7b\"");
        assert_eq!(header(&page, "content-type"), "text/html; charset=UTF-8");
    }
    let part = backend.get("/catalog").header("range", "bytes=0-5").await;
    assert_eq!((part.status.as_u16(), part.text()), (206, "<html>".to_owned()));
}

#[tokio::test]
async fn a_bundle_without_a_template_is_refused_with_the_remedy() {
    let dist = Dist::new();
    dist.remove("index.html.tmpl");
    let refused = dist.refused(&json!({})).await;
    assert!(refused.contains("was built by a Backstage before 1.30; build it by a newer one"), "{refused}");
    dist.remove("index.html");
    let refused = dist.refused(&json!({})).await;
    assert!(refused.contains("has no index.html.tmpl: it is not the dist of an app"), "{refused}");
}

#[tokio::test]
async fn what_of_a_template_is_not_understood_is_a_start_error_below_a_path_and_a_warning_at_the_root() {
    let dist = Dist::new();
    dist.write("index.html.tmpl", "<html>\n<head>\n<%= config.getConfig('app').keys() %></head></html>");
    let refused = dist.refused(&json!({"app": {"baseUrl": "http://h/base"}})).await;
    assert!(refused.contains("index.html.tmpl:3: 'config.getConfig' is not understood here"), "{refused}");

    let backend = dist.backend(&json!({"app": {"title": "Ours"}})).start().await.unwrap();
    let page = backend.get("/").await;
    assert_eq!(injected(&page.text())[0]["data"]["app"]["title"], "Ours");
    assert!(page.text().ends_with("</head>built</html>"));
    let told = backend.await_log(|line| line["level"] == "warn").await;
    let told = told["message"].as_str().unwrap();
    assert!(told.contains("index.html.tmpl:3: 'config.getConfig' is not understood here"), "{told}");
}

#[tokio::test]
async fn app_18_a_value_that_the_template_needs_and_the_config_lacks_fails_the_start() {
    let dist = Dist::new();
    dist.write("index.html.tmpl", "<head>\n<%= config.getString('app.title') %></head>");
    let refused = dist.refused(&json!({})).await;
    assert!(refused.contains("Missing required config value at 'app.title' in 'app'"), "{refused}");
    assert!(refused.contains("index.html.tmpl:2)"), "{refused}");
}

#[tokio::test]
async fn app_19_a_config_that_the_bundles_schema_refuses_fails_the_start() {
    let dist = Dist::new();
    for schema in ["{}", "no json"] {
        dist.write(".config-schema.json", schema);
        let refused = dist.refused(&json!({})).await;
        assert!(refused.contains("Invalid app bundle schema. If this error is unexpected"), "{refused}");
    }
    dist.write(".config-schema.json", crate::support::SCHEMA);
    let refused = dist.refused(&json!({"app": {"title": ["a"]}})).await;
    assert!(refused.contains("Invalid app bundle schema.") && refused.contains("/app/title"), "{refused}");
}

/// Browsers go by `default-src` then, which would keep out what the page needs.
#[tokio::test]
async fn a_directive_that_the_operator_takes_out_is_default_src_and_what_is_added() {
    let adding = module("app", "adding", |env| {
        env.register_init(async |document: IndexDocument| {
            document.allow("script-src", "https://cdn.example");
            Ok(())
        });
    });
    let dist = Dist::new();
    let config = json!({"backend": {"csp": {"script-src": false}}});
    let backend = dist.backend(&config).add(adding).start().await.unwrap();
    let page = backend.get("/").await;
    let policy = header(&page, "content-security-policy");
    let scripts = policy.split(';').find(|directive| directive.starts_with("script-src "));
    assert_eq!(scripts, Some("script-src 'self' https://cdn.example"), "{policy}");
}

#[tokio::test]
async fn modules_add_to_the_head_and_to_the_policy_of_the_page() {
    let dist = Dist::new();
    let greeting = module("app", "greeting", |env| {
        env.register_init(async |document: IndexDocument| {
            document.head_start(|page| {
                let title = page.config.optional_string("app.title")?.unwrap_or_default();
                Ok(format!("<script src=\"{}/{title}.js\"></script>", page.public_path))
            });
            document.allow("worker-src", "blob:");
            Ok(())
        });
    });
    let config = json!({"app": {"title": "ours", "baseUrl": "http://h/base"}});
    let backend = dist.backend(&config).add(greeting).start().await.unwrap();
    let page = backend.get("/").await;
    assert!(
        page.text().contains("/\"><script src=\"/base/ours.js\"></script><script defer"),
        "{}",
        page.text()
    );
    assert!(header(&page, "content-security-policy").ends_with(";worker-src 'self' blob:"));
    let script = backend.get("/static/main.js").await;
    assert!(!header(&script, "content-security-policy").contains("blob:"));

    let failing = module("app", "failing", |env| {
        env.register_init(async |document: IndexDocument| {
            document.head_start(|_| Err(Error::new("no head for it"))?);
            Ok(())
        });
    });
    let error = dist.backend(&json!({})).add(failing).start().await.err().unwrap().to_string();
    assert!(error.contains("no head for it"), "{error}");
}
