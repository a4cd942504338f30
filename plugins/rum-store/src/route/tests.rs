//! Paths as browsers send them, and the routes that they are told by.

use super::*;

fn routes() -> Routes {
    Routes::new(["https://portal.example.com/portal", "https://api.example.com"])
}

#[test]
fn rum_74_a_view_is_told_by_its_route() {
    for (path, expected) in [
        ("", "/"),
        ("/", "/"),
        ("/portal", "/"),
        ("/portal/catalog", "/catalog"),
        ("/portalx/catalog", "/portalx/catalog"),
        ("/catalog/default/component/wayback", "/catalog/:namespace/:kind/:name"),
        ("/catalog/default/component/wayback/", "/catalog/:namespace/:kind/:name"),
        ("/catalog/default/component/wayback/ci-cd", "/catalog/:namespace/:kind/:name/ci-cd"),
        ("/catalog/default/component/wayback/ci-cd/build/7", "/catalog/:namespace/:kind/:name/ci-cd/*"),
        ("/catalog/default/component/wayback/17", "/catalog/:namespace/:kind/:name/*"),
        ("/docs/default/component/wayback", "/docs/:namespace/:kind/:name"),
        ("/docs/default/component/wayback/how-to/start", "/docs/:namespace/:kind/:name/*"),
        ("/create", "/create"),
        ("/create/templates/default/react-app", "/create/templates/:namespace/:templateName"),
        ("/create/tasks/5f0c2f0e-14bb-4f4e-8b0c-a6e5be6c0b6b", "/create/tasks/:taskId"),
        ("/create/tasks", "/create/tasks"),
        ("/create/actions", "/create/actions"),
        ("/orders/42/lines/0a1b2c3d4e5f6a7b", "/orders/:id/lines/:id"),
        ("/people/jane@example.com", "/people/:email"),
        ("/people/jane%40example.com", "/people/:email"),
        ("/compare/component%3Adefault%2Fwayback", "/compare/:entityRef"),
        ("/search?query=secret#there", "/search"),
    ] {
        assert_eq!(routes().view(None, &format!("https://portal.example.com{path}")), expected, "{path}");
    }
}

#[test]
fn rum_74_the_name_that_the_app_gave_a_view_is_its_route() {
    let view = |name: &str| routes().view(Some(name), "https://portal.example.com/portal/x/1");
    assert_eq!(view("Entity page"), "Entity page");
    assert_eq!(view("/catalog/:kind/:name/*"), "/catalog/:kind/:name/*");
    assert_eq!(view("/orders/42?token=secret"), "/orders/:id");
    assert_eq!(
        view("https://portal.example.com/portal/catalog/a/b/c?x=1"),
        "/catalog/:namespace/:kind/:name"
    );
    assert_eq!(view(" "), "/x/:id");
    assert_eq!(view("safe\u{202e}evil\n"), "safeevil");
}

#[test]
fn rum_74_the_path_of_a_view_names_no_person() {
    let path = |path: &str| routes().view_path(&format!("https://portal.example.com/portal{path}?x=1"));
    assert_eq!(path("/catalog/default/component/wayback"), "/catalog/default/component/wayback");
    assert_eq!(path("/catalog/default/user/jane.doe"), "/catalog/default/user/:name");
    assert_eq!(path("/catalog/team-1/User/jane.doe/about"), "/catalog/team-1/user/:name/*");
    assert_eq!(path("/people/jane@example.com"), "/people/:email");
}

#[test]
fn rum_74_a_request_is_told_by_its_route_and_by_a_host_that_is_not_the_portals() {
    let page = "https://second.example.com/catalog";
    for (url, expected) in [
        ("https://portal.example.com/portal/static/main.3f2a1b9c.js", "/static/main.js"),
        ("https://portal.example.com/static/4711.3f2a1b9c.chunk.js?x", "/static/*.chunk.js"),
        ("https://second.example.com/api/catalog/entities?filter=a", "/api/catalog/entities"),
        ("https://API.example.com/api/catalog/refresh", "/api/catalog/refresh"),
        (
            "https://api.example.com/api/catalog/entities/by-name/component/default/wayback",
            "/api/catalog/entities/by-name/:kind/:namespace/:name",
        ),
        (
            "https://api.example.com/api/catalog/entities/by-name/user/default/jane/ancestry",
            "/api/catalog/entities/by-name/:kind/:namespace/:name/ancestry",
        ),
        (
            "https://api.example.com/api/techdocs/static/docs/a/b/c/d/e.html",
            "/api/techdocs/static/docs/:namespace/:kind/:name/*",
        ),
        (
            "https://api.example.com/api/user-settings/buckets/starred/keys/refs",
            "/api/user-settings/buckets/:bucket/keys/:key",
        ),
        ("https://api.example.com/api/proxy/pets/v1/owners/17", "/api/proxy/pets/v1/owners/:id"),
        ("/api/catalog/entities/by-uid/abc", "/api/catalog/entities/by-uid/:uid"),
        ("https://me:secret@fonts.example.net/css2/17?family=x", "fonts.example.net/css2/:id"),
        ("https://avatars.example.net/u/jane@example.com", "avatars.example.net/u/:email"),
        ("data:image/png;base64,abc", "data:"),
        ("blob:https://portal.example.com/5f0c2f0e", "blob:"),
        ("chrome-extension://abcdef/inject.js", "chrome-extension://"),
    ] {
        assert_eq!(routes().resource(url, page), expected, "{url}");
    }
}

#[test]
fn a_route_has_bounds() {
    let long = format!("https://portal.example.com/{}", "é/".repeat(100_000));
    assert!(routes().view(None, &long).len() <= MOST_BYTES);
    assert!(routes().view(None, &long).ends_with("/*"));
    assert!(routes().view(Some(&"é".repeat(10_000)), "").len() <= MOST_BYTES);
    assert_eq!(routes().view(None, &format!("https://h/{}/x", "z".repeat(65))), "/:value/x");
}

proptest::proptest! {
    #[test]
    fn rum_74_no_query_and_no_address_of_a_person_is_kept(
        path in r"(/|[a-z]{1,6}|%2f|:|\.|é){0,12}",
        query in "[a-z]{1,8}=SECRET[a-z]{0,8}",
        person in "[a-z]{1,8}(@|%40)example",
    ) {
        for url in [format!("https://h{path}?{query}"), format!("/{path}?{query}"), format!("https://h{path}/{person}#{query}")] {
            let routes = routes();
            let all = [routes.view(None, &url), routes.view(Some(&url), ""), routes.view_path(&url), routes.resource(&url, "https://h/")];
            for route in all {
                proptest::prop_assert!(!route.contains("SECRET") && !route.contains("example"), "{} of {}", route, url);
                proptest::prop_assert!(!route.is_empty() && route.len() <= MOST_BYTES);
            }
        }
    }

    #[test]
    fn any_text_has_a_route(url in r"(://|[a-z]{1,4}|[/?#@:%\\*=]|\u{202e}|[^\n]|é){0,40}") {
        let routes = routes();
        for route in [routes.view(Some(&url), &url), routes.view_path(&url), routes.resource(&url, &url)] {
            proptest::prop_assert!(route.len() <= MOST_BYTES);
            proptest::prop_assert!(!route.starts_with('/') || !route.contains(['?', '#']), "{}", route);
            proptest::prop_assert!(!route.chars().any(is_invisible));
        }
    }
}
