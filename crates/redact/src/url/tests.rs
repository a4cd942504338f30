//! How URLs are masked.

use proptest::prelude::*;

use super::*;

#[test]
fn credentials_are_masked_and_nothing_else_is() {
    for (text, told) in [
        ("/cb?code=abc&x=1&STATE=s&token=", "/cb?code=***&x=1&STATE=***&token="),
        ("/cb?%74oken=abc", "/cb?%74oken=***"),
        ("/x%c3%a9?y=%c3%a9", "/x%c3%a9?y=%c3%a9"),
        (
            "/x?client_secret=a&api_key=b&X-Amz-Signature=c",
            "/x?client_secret=***&api_key=***&X-Amz-Signature=***",
        ),
        ("/x?token[]=a&token%5B%5D=b", "/x?token[]=***&token%5B%5D=***"),
        ("/x?token=a;b?c/d=e&page=2", "/x?token=***&page=2"),
        ("/x#access_token=a&y=1", "/x#access_token=***&y=1"),
        ("/x#/route?id_token=a", "/x#/route?id_token=***"),
        ("/x;token=a/y", "/x;token=***/y"),
        ("/x?a=1;token=b", "/x?a=1;token=***"),
        ("https://user:pw@example.com/x", "https://***@example.com/x"),
        ("HTTP://user@example.com", "HTTP://***@example.com"),
        ("https://a@b:c@example.com:8080?x@y", "https://***@example.com:8080?x@y"),
        ("https:\\\\user:pw@example.com", "https:\\\\***@example.com"),
        ("//user:pw@example.com/x", "//***@example.com/x"),
        ("//@/x", "//@/x"),
        ("https://@example.com", "https://@example.com"),
        ("https://@pw@example.com", "https://***@example.com"),
        ("https://example.com/a@b", "https://example.com/a@b"),
        ("/a:b@c", "/a:b@c"),
        ("/x?to=https%3A%2F%2Fy%2F%3Ftoken%3Da&z=1", "/x?to=***&z=1"),
        ("/x?to=https%3A%2F%2Fy%2F%3Fpage%3D2", "/x?to=https%3A%2F%2Fy%2F%3Fpage%3D2"),
        ("/x?to=https://me:pw@y", "/x?to=***"),
        ("/x?to=https://me:p&w@y&z=1", "/x?to=https://***&z=1"),
        ("/x?https://me:pw@y", "/x?https://***"),
        ("amqp://me:pw/with/slash@h", "amqp://***@h"),
        ("/x/amqp://me:pw/with/slash@h?y=1", "/x/amqp://***@h?y=1"),
        ("http://h:80/a@b", "http://h:80/a@b"),
        ("http://[::1]/a@b", "http://[::1]/a@b"),
        ("/https:/me:pw@h/", "/https:/***@h/"),
        ("/x/C:/me@h", "/x/C:/me@h"),
        ("/by-url/https%3A%2F%2Fme%3Apw%40h%2F", "/by-url/***"),
        ("/proxy/https%3A%2F%2Fh%2F%3Ftoken%3Dpw", "/proxy/***"),
        ("/x%3Ftoken=pw", "/x%3Ftoken=***"),
        ("/x%3Fpin=pw/y", "/x%3Fpin=***/y"),
        ("/x?q=Bearer%20PW&y=1", "/x?q=***&y=1"),
        ("/x?q=basic+PW&y=1", "/x?q=***&y=1"),
        ("/x?q=Basic%20auth", "/x?q=Basic%20auth"),
        (
            "/x?password_confirmation=a&tokenValue=b&session=c&csrf=d",
            "/x?password_confirmation=***&tokenValue=***&session=***&csrf=***",
        ),
        ("/x?a=1;to=https%3A%2F%2Fme%3Apw%40y", "/x?a=***"),
        ("/proxy/https://me:pw@y/z", "/proxy/https://***@y/z"),
        ("https:me;token=a@host;x", "https:***@host;x"),
        (
            "/x?passphrase=a&authorization=b&x-api-key=c&pwd=d",
            "/x?passphrase=***&authorization=***&x-api-key=***&pwd=***",
        ),
        ("/x?sortKey=a&countryCode=b&monkey=c&tokenUrl=d", "/x?sortKey=a&countryCode=b&monkey=c&tokenUrl=d"),
        ("/x?device_code=a&sid=b&filter[key]=c", "/x?device_code=***&sid=***&filter[key]=***"),
        ("/x?keyword=a&encoded=b", "/x?keyword=a&encoded=b"),
        ("/x?u=http%253A%252F%252Fme%253Apw%2540y&z=1", "/x?u=***&z=1"),
        ("/x?u=https%253A%252F%252Fy%252F%253Ftoken%253Da&z=1", "/x?u=***&z=1"),
        ("/x?u=%252Fcatalog%252Fdefault", "/x?u=%252Fcatalog%252Fdefault"),
        (
            "/x?%2574oken=a&password[x]=b&token%5B0%5D[y]=c",
            "/x?%2574oken=***&password[x]=***&token%5B0%5D[y]=***",
        ),
        (
            "/x?tokens=a&private_keys=b&code_verifier=c&pin=d",
            "/x?tokens=***&private_keys=***&code_verifier=***&pin=***",
        ),
        ("/cb?token%3Da&x=1", "/cb?***&x=1"),
        ("/cb?x=1&%74oken%253Da%253D%253D#y", "/cb?x=1&***#y"),
        ("/cb?page%3D2&x=1", "/cb?page%3D2&x=1"),
        ("/cb?token%3Da=b", "/cb?***"),
        ("/token=a/b;x?y=1", "/token=***/b;x?y=1"),
        ("/x/access_token=a", "/x/access_token=***"),
        ("https://h/password=a?page=2", "https://h/password=***?page=2"),
        ("/x/token%3Da/y", "/x/***/y"),
        ("/x?to=/token=a&y=1", "/x?to=/token=***&y=1"),
        ("/page=2/a=b", "/page=2/a=b"),
        (
            "/x?secret.value=a&user.token.0=b&a[key][x]=c&state.x=d",
            "/x?secret.value=***&user.token.0=***&a[key][x]=***&state.x=***",
        ),
        ("/x?user.name=a&filter[state]=open", "/x?user.name=a&filter[state]=open"),
        (r#"/x?q={"token":"a"}&y=1"#, "/x?q=***&y=1"),
        (r#"/x?q={"a":"b&c","token" : "d"}"#, r#"/x?q={"a":"b&***"#),
        (r#"/x?q={"a":"{\"token\":\"b\"}"}"#, "/x?q=***"),
        ("/x?q=%7B%22token%22%3A%22a%22%7D&y=1", "/x?q=***&y=1"),
        ("/x?q=%257B%2522clientSecret%2522%253A1%257D", "/x?q=***"),
        ("/x?%7B%22token%22%3A%22a%22%7D", "/x?***"),
        ("/x?q={'token':'a'}", "/x?q=***"),
        (r#"/x?q={"page":"token","a":"token: b"}"#, r#"/x?q={"page":"token","a":"token: b"}"#),
        ("*", "*"),
        ("", ""),
    ] {
        assert_eq!(url(text), told);
    }
}

/// Such a value took minutes when each pair of it was taken for a value of its own.
#[test]
fn a_long_url_takes_no_longer_than_its_length() {
    for part in [
        "a=?;a=",
        ";a=x:",
        "&a=",
        "https://",
        "a://b@",
        "?a=%41;",
        "%3Fa%3D",
        "\"'(a;",
        "/a=",
        "%2Fa%3D",
        "{\"a\":",
        "%22a\":",
        "a%3D",
        "ab:/c:d/",
        "a://b:c/",
        "a://b:c/@",
        "a://b:c?",
        "password",
        "Token",
    ] {
        let text = format!("/?{}%41", part.repeat((1 << 16) / part.len()));
        assert!(url(&text).len() <= text.len() * 2);
        assert!(crate::text(&text).len() <= text.len() * 2);
    }
}

proptest! {
    #[test]
    fn a_secret_value_is_never_told(
        before in "[!-%\'-<>-~]{0,8}",
        name in "([a-z_-]{0,3}x)?(CODE|token|s%69g|Secret|aPiKey|password|signature)([.\\[][a-z]{0,3}){0,2}",
        mark in "[?#/]",
        equals in "=|%3[dD]|%253D",
        after in "(&[!-~]{0,8})?",
    ) {
        let text = format!("/x{mark}{before}&{name}{equals}hunter2{after}");
        prop_assert!(!url(&text).contains("hunter2"), "{}", url(&text));
    }

    #[test]
    fn a_secret_member_is_never_told(
        before in r#"("[a-c&=/]{0,3}":("[a-c&=/]{0,3}"|1),){0,2}"#,
        name in "([a-z_-]{0,4})(token|Secret|aPiKey|password)",
        after in r#"(,"[a-c&=/]{0,3}":[0-9])?"#,
        encodings in 0..3,
    ) {
        let mut json = format!(r#"{{{before}"{name}":"hunter2"{after}}}"#);
        for _ in 0..encodings {
            json = percent_encoding::utf8_percent_encode(&json, percent_encoding::NON_ALPHANUMERIC).to_string();
        }
        let text = format!("/x?q={json}&y=1");
        prop_assert!(!url(&text).contains("hunter2"), "{}", url(&text));
    }

    #[test]
    fn a_user_part_is_never_told(scheme in "(http|HTTPS|postgres\\+ssl):[/\\\\]{0,3}", name in "[a-z:@%]{0,5}") {
        let text = format!("{scheme}{name}hunter2@host/path?a=b");
        prop_assert!(!url(&text).contains("hunter2"), "{}", url(&text));
    }

    #[test]
    fn any_text_can_be_masked_and_is_masked_once(text in prop_oneof![
        "(https?:|//)?((//|hooks[/.]|[a-c?&;#=@:/%\\\\\".\\[]|token=|%3[aAdDfF]|%2[256]|%40|\u{e9}){0,24})",
        "\\PC{0,40}",
    ]) {
        for mask in [url, broken_url] {
            let told = mask(&text).into_owned();
            prop_assert_eq!(mask(&told), &*told, "{}", text);
        }
    }

    #[test]
    fn nothing_in_front_of_an_at_is_left_of_a_broken_url(text in "\\PC{0,8}hunter2\\PC{0,8}@\\PC{0,8}") {
        prop_assert!(!broken_url(&text).contains("hunter2"), "{}", broken_url(&text));
    }
}
