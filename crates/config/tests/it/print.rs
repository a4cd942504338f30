use greenroom_config::Format;

use crate::support::{World, yaml};

fn world() -> World {
    yaml(
        "\
app: {baseUrl: '${BASE}', title: Greenroom}
backend:
  baseUrl: http://localhost:7007
  database: {client: pg, connection: 'postgresql://u:p@h/d'}
  upstream: https://user:pass@example.com/x?y=a@b
  list: [1, yes, 'true', {a: ~}, [], {}]
proxy:
  endpoints: {/t1: 'a: b'}
  token: {$env: TOKEN}
  text: {$file: x.txt}
  plain: $${NOT}
",
    )
    .file("x.txt", "from-file")
    .file("app-config.local.yaml", "backend:\n  port: 1e21\n  text: \"two\\nlines\"\n")
    .env("BASE", "http://base")
    .env("TOKEN", "sesame")
    .env("APP_CONFIG_proxy_x", "42")
}

#[test]
fn flat() {
    insta::assert_snapshot!(world().load().print(Format::Flat), @r#"
    proxy.x: 42  # environment variable APP_CONFIG_proxy_x
    proxy.endpoints./t1: "a: b"  # app-config.yaml:8
    proxy.token: <secret>  # app-config.yaml:9
    proxy.text: <secret>  # app-config.yaml:10
    proxy.plain: "${NOT}"  # app-config.yaml:11
    backend.port: 1e+21  # app-config.local.yaml:2
    backend.text: "two\nlines"  # app-config.local.yaml:3
    backend.baseUrl: http://localhost:7007  # app-config.yaml:3
    backend.database.client: pg  # app-config.yaml:4
    backend.database.connection: <secret>  # app-config.yaml:4
    backend.upstream: "https://***@example.com/x?y=a@b"  # app-config.yaml:5
    backend.list[0]: 1  # app-config.yaml:6
    backend.list[1]: "yes"  # app-config.yaml:6
    backend.list[2]: "true"  # app-config.yaml:6
    backend.list[3].a: null  # app-config.yaml:6
    backend.list[4]: []  # app-config.yaml:6
    backend.list[5]: {}  # app-config.yaml:6
    app.baseUrl: http://base  # app-config.yaml:1
    app.title: Greenroom  # app-config.yaml:1
    "#);
}

#[test]
fn yaml_blocks() {
    let printed = world().load().print(Format::YamlWithPlaces);
    insta::assert_snapshot!(printed, @r#"
    proxy:
      x: 42  # environment variable APP_CONFIG_proxy_x
      endpoints:
        /t1: "a: b"  # app-config.yaml:8
      token: <secret>  # app-config.yaml:9
      text: <secret>  # app-config.yaml:10
      plain: "${NOT}"  # app-config.yaml:11
    backend:
      port: 1e+21  # app-config.local.yaml:2
      text: "two\nlines"  # app-config.local.yaml:3
      baseUrl: http://localhost:7007  # app-config.yaml:3
      database:
        client: pg  # app-config.yaml:4
        connection: <secret>  # app-config.yaml:4
      upstream: "https://***@example.com/x?y=a@b"  # app-config.yaml:5
      list:
        - 1  # app-config.yaml:6
        - "yes"  # app-config.yaml:6
        - "true"  # app-config.yaml:6
        -
          a: null  # app-config.yaml:6
        - []  # app-config.yaml:6
        - {}  # app-config.yaml:6
    app:
      baseUrl: http://base  # app-config.yaml:1
      title: Greenroom  # app-config.yaml:1
    "#);
    // What is printed reads back as the same values.
    let again = greenroom_config::RootConfig::from_yaml(&printed).unwrap();
    let json: serde_json::Value = serde_json::from_str(&world().load().print(Format::Json)).unwrap();
    assert_eq!(again.get("").unwrap(), json);
}

#[test]
fn json() {
    insta::assert_snapshot!(world().load().print(Format::Json), @r#"
    {
      "proxy": {
        "x": 42,
        "endpoints": {
          "/t1": "a: b"
        },
        "token": "<secret>",
        "text": "<secret>",
        "plain": "${NOT}"
      },
      "backend": {
        "port": 1e+21,
        "text": "two\nlines",
        "baseUrl": "http://localhost:7007",
        "database": {
          "client": "pg",
          "connection": "<secret>"
        },
        "upstream": "https://***@example.com/x?y=a@b",
        "list": [
          1,
          "yes",
          "true",
          {
            "a": null
          },
          [],
          {}
        ]
      },
      "app": {
        "baseUrl": "http://base",
        "title": "Greenroom"
      }
    }
    "#);
}

#[test]
fn an_included_value_is_hidden_unless_the_browser_may_see_it() {
    let printed = yaml(
        "app: {$include: app.yaml}\nmine: {$include: 'mine.yaml#a'}\none: {$include: 'mine.yaml#a.b'}\n",
    )
    .file("app.yaml", "title: Greenroom\nother: sesame-open\n")
    .file("mine.yaml", "a: {b: sesame-open, list: [sesame-open], port: 7007}\n")
    .load()
    .print(Format::Flat);
    insta::assert_snapshot!(printed, @r#"
    app.title: Greenroom  # app.yaml:1
    app.other: <secret>  # app.yaml:2
    mine.b: <secret>  # mine.yaml:1
    mine.list[0]: <secret>  # mine.yaml:1
    mine.port: 7007  # mine.yaml:1
    one: <secret>  # mine.yaml:1
    "#);
}

#[test]
fn of_what_the_environment_says_flags_numbers_and_addresses_are_shown() {
    let shown = [
        "7007",
        "false",
        "on",
        "-1.5",
        ":7007",
        "127.0.0.1:7007",
        "http://db.internal:5432",
        "http://[::1]:7007/",
    ];
    let hidden = [
        "sesame",
        "1234567890",
        "db.internal",
        "https://hooks.example/T0/B0",
        "https://me:pw@example.com",
        "a b:1",
    ];
    let of = |value: &str| yaml("a: '${V}'\n").env("V", value).load().print(Format::Json);
    for value in shown {
        assert!(of(value).contains(value), "{value} is hidden");
    }
    for value in hidden {
        assert!(of(value).contains("<secret>"), "{value} is shown");
    }
}

#[test]
fn a_default_is_written_in_the_file_and_shown_unless_its_key_is_named_like_a_secret() {
    let printed = yaml("a: '${U:-postgres.svc}'\nb: '${V:-x}-${U:-y}'\nc: {token: '${U:-abc}'}\n")
        .env("V", "sesame")
        .load()
        .print(Format::Flat);
    insta::assert_snapshot!(printed, @r"
    a: postgres.svc  # app-config.yaml:1
    b: <secret>  # app-config.yaml:2
    c.token: <secret>  # app-config.yaml:3
    ");
}

#[test]
fn a_text_whose_key_is_named_like_a_secret_is_hidden() {
    let config = "x: {serviceAccountToken: abc, clientSecret: abc, api_key: abc, Authorization: [abc], PASSWORD: 1234, signingKey: abc}\n\
                  y: {tokens: shown, tokenUrl: shown, password: ~, secret: true, sortKey: shown, state: shown}\n";
    let printed = yaml(config).load().print(Format::Flat);
    let lines = |section: &str| printed.lines().filter(|line| line.starts_with(section)).collect::<Vec<_>>();
    assert_eq!(lines("x.").len(), 6);
    assert!(lines("x.").iter().all(|line| line.contains(": <secret>")), "{printed}");
    assert_eq!(lines("y.").len(), 5);
    assert!(!lines("y.").iter().any(|line| line.contains("<secret>")), "{printed}");
}

#[test]
fn all_below_a_key_that_is_named_like_a_secret_or_many_is_hidden() {
    let config = "x: {secret: {nested: {deep: abc}}, tokens: {a: abc, b: [abc]}, passwords: [abc, {c: 1234}]}\n\
                  y: {tokens: shown, keys: [shown], secret: {on: true}, sortKeys: {a: shown}, maxTokens: {a: shown}}\n";
    let printed = yaml(config).load().print(Format::Flat);
    let lines = |section: &str| printed.lines().filter(|line| line.starts_with(section)).collect::<Vec<_>>();
    assert_eq!(lines("x.").len(), 5);
    assert!(lines("x.").iter().all(|line| line.contains(": <secret>")), "{printed}");
    assert_eq!(lines("y.").iter().filter(|line| line.contains("<secret>")).count(), 1, "{printed}");
}

#[test]
fn credentials_in_urls_are_hidden_as_in_log_lines() {
    let config = "a: 'https://me:hunter2@h/x?token=hunter2&page=2'\nb: 'see //me@h and /cb?code=hunter2'\n\
                  c: https://hooks.slack.com/services/T0A1/B0C2/hunter2\nwebhookUrl: https://chat.example.com/hunter2\n";
    insta::assert_snapshot!(yaml(config).load().print(Format::Yaml), @r#"
    a: "https://***@h/x?token=***&page=2"
    b: "see //***@h and /cb?code=***"
    c: "https://hooks.slack.com/services/***"
    webhookUrl: <secret>
    "#);
}

#[test]
fn private_keys_tokens_and_users_of_urls_are_hidden_whatever_they_are_called_and_in_keys() {
    let config = "a: |\n  -----BEGIN PRIVATE KEY-----\n  MIIabc0123+/\n  -----END PRIVATE KEY-----\nb: Bearer abc0123def\n\
                  c: amqp://me:pw/with/slash@h\n'http://me:pw1@h': 1\n'http://me:pw2@h': 2\nd: eyJhbGciOi.eyJzdWIi.c2ln\n";
    let config = yaml(config).load();
    let mut keys = vec![];
    for format in [Format::Flat, Format::Yaml, Format::Json] {
        let printed = config.print(format);
        for secret in ["MIIabc", "abc0123def", "with/slash", "pw1", "pw2", "eyJ"] {
            assert!(!printed.contains(secret), "{printed}");
        }
        keys = printed.lines().filter(|line| line.contains("http")).map(str::to_owned).collect();
    }
    assert_eq!(keys, [r#"  "http://***@h": 1,"#, r#"  "http://***@h #4": 2,"#]);
    let masked = config.masked("got MIIabc0123+/ and abc0123def, eyJhbGciOi.eyJzdWIi.c2ln");
    assert_eq!(masked, "got *** and ***, ***");
}
