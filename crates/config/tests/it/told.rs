//! What errors tell of values that may be secrets: a token is easily put under a wrong key.

use greenroom_config::{ConfigError, Format, RootConfig};

use crate::support::{rendered, yaml};

const TOKEN: &str = "ghp_1234567890abcdef";

/// All that an error shows.
fn told(error: &ConfigError) -> String {
    format!("{error}\n{error:?}\n{}", rendered(error))
}

#[test]
fn a_value_from_outside_is_told_by_its_type_wherever_it_comes_from() {
    let world = yaml(
        "substituted: 'x ${TOKEN}'\nenv: {$env: TOKEN}\nfile: {$file: token.txt}\nincluded: {$include: own.yaml#token}\nlist: [a, '${TOKEN}']\n",
    )
    .file("token.txt", TOKEN)
    .file("own.yaml", &format!("token: {TOKEN}\n"))
    .env("TOKEN", TOKEN)
    .env("APP_CONFIG_variable", TOKEN);
    let config = world.load();
    for key in ["substituted", "env", "file", "included", "variable"] {
        let duration = config.duration(key).unwrap_err();
        assert!(duration.message().contains("Invalid duration '<string>' in config at"), "{duration}");
        let refused =
            ConfigError::invalid(&config, key, format!("no {:?} here", config.string(key).unwrap()));
        assert_eq!(refused.message(), "no \"<string>\" here");
        for error in [duration, refused, config.number(key).unwrap_err(), config.boolean(key).unwrap_err()] {
            assert!(!told(&error).contains(TOKEN), "{}", told(&error));
        }
    }
    let element = ConfigError::invalid_element(&config, "list", 1, format!("no {TOKEN} here"));
    assert_eq!(element.message(), "no <string> here");
}

/// Who looks for a directory that is not there has to see where it was looked for.
#[test]
fn the_name_of_a_file_is_told_wherever_it_comes_from_and_a_token_in_its_place_is_not() {
    let told = |path: &str| {
        let config = yaml("").env("APP_CONFIG_greenroom_app_dist", path).load();
        let refused = ConfigError::invalid(&config, "greenroom.app.dist", format!("{path} is no directory"));
        (refused.message().to_owned(), config.secrets())
    };
    for path in ["/srv/Xy7_portal/dist", "./Xy7_portal", "../../app-2026.11/dist", "portal/dist"] {
        assert_eq!(told(path), (format!("{path} is no directory"), vec![]));
    }
    let within = format!("/srv/{TOKEN}/dist");
    for secret in [TOKEN, &within, "x9Z8y7W6v5", "../x9Z8y7W6v5/dist", "/wJalrXUtnFEMI/K7MDENG"] {
        let (message, secrets) = told(secret);
        assert!(message.starts_with("<string> is") && !secrets.is_empty(), "{message}: {secrets:?}");
    }
}

#[test]
fn the_name_of_a_file_is_not_told_where_it_is_a_secret_elsewhere_or_comes_from_a_file_of_its_own() {
    let shown = |text: &str| {
        let world = yaml(text).file("path.txt", "/srv/p0rtal").env("P", "/srv/p0rtal").env("WORD", "p0rtal");
        let config = world.env("URL", "https://me:p0rtal@example.com").load();
        let error = ConfigError::invalid(&config, "greenroom.dataDir", "no /srv/p0rtal here");
        let (is_printed, is_told) = (
            config.print(Format::Flat).contains("dataDir: /srv/p0rtal"),
            error.message().contains("/srv/p0rtal"),
        );
        let is_hidden = config.hidden().iter().any(|one| one.key == "greenroom.dataDir");
        assert!(is_printed == is_told && is_told != is_hidden, "{text}");
        is_printed
    };
    for ordinary in ["mail: {directory: '${P}'}", "title: portal", "port: 7"] {
        assert!(shown(&format!("greenroom: {{dataDir: '${{P}}'}}\n{ordinary}\n")), "{ordinary}");
    }
    for secret in [
        "mail: {token: '${P}'}",
        "mail: {tokens: ['/srv/p0rtal']}",
        "backend: {auth: {keys: [{secret: '${WORD}'}]}}",
        "mail: {url: '${URL}'}",
    ] {
        assert!(!shown(&format!("greenroom: {{dataDir: '${{P}}'}}\n{secret}\n")), "{secret}");
    }
    assert!(!shown("greenroom: {dataDir: {$file: path.txt}}\n"));
}

#[test]
fn a_value_under_a_secret_name_is_told_by_its_type() {
    let text = format!(
        "token: {TOKEN}\ntokens: {{a: {TOKEN}}}\npin: {{secret: 123456}}\nbackend: {{cache: {{connection: {TOKEN}}}}}\n"
    );
    let config = RootConfig::from_yaml(&text).unwrap();
    for key in ["token", "tokens.a", "backend.cache.connection"] {
        let error = config.duration(key).unwrap_err();
        assert!(error.message().contains("'<string>'") && !told(&error).contains(TOKEN), "{}", told(&error));
    }
    let error = config.integer::<u8>("pin.secret", 0..=9).unwrap_err();
    assert!(
        error.message().starts_with("Invalid number <number> in config") && !told(&error).contains("123456"),
        "{}",
        told(&error)
    );
}

#[test]
fn of_a_hidden_value_no_part_is_told_either() {
    let values = [
        ("loopback,ghp_abcdef123/24", "invalid IP address: ghp_abcdef123", "invalid IP address: <string>"),
        ("0x1234567890", "Invalid number 78187493520 in config", "Invalid number <string> in config"),
        ("say \"s3cr3t\"\n", r#"is "say \"s3cr3t\"""#, r#"is "say \"<string>\"""#),
        ("abc", "abc is in no abcdef", "<string> is in no abcdef"),
        ("be", "'be' must be object", "'<string>' must be object"),
        ("{", "Config must be object { type=object }", "Config must be object { type=object }"),
        ("{", r#"no "{" here"#, r#"no "<string>" here"#),
    ];
    for (value, message, concealed) in values {
        let config = yaml("key: '${VALUE}'\n").env("VALUE", value).load();
        assert_eq!(config.concealed("key", message), concealed);
    }
}

#[test]
fn what_the_file_shows_and_what_is_no_secret_is_told() {
    let config = yaml("literal: many\nport: '${PORT}'\napp: {title: '${TITLE}'}\n")
        .env("PORT", "70000")
        .env("TITLE", "Greenroom")
        .load();
    for (key, message) in [
        ("literal", "'many' is no number"),
        ("port", "70000 is no port"),
        ("app.title", "'Greenroom' is no title"),
        ("missing", "nothing is no value"),
        ("", "'many' is no config"),
    ] {
        assert_eq!(ConfigError::invalid(&config, key, message).message(), message);
    }
}

#[test]
fn the_line_of_an_included_file_shows_no_value() {
    let world = yaml("mail: {$include: own.yaml}\n").file("own.yaml", &format!("workers: {TOKEN} # ours\n"));
    let shown = told(&world.load().number("mail.workers").unwrap_err());
    assert!(shown.contains("workers: *** # ours") && !shown.contains(TOKEN), "{shown}");
}

#[test]
fn a_file_that_a_variable_names_is_told_as_it_is_written() {
    for text in
        ["a: {$file: 'dir/${TOKEN}'}", "a: {$include: '${TOKEN}.yaml#x'}", "a: {$include: '${TOKEN}'}"]
    {
        let world = yaml(text).env("TOKEN", TOKEN);
        let shown = told(&world.try_load().unwrap_err());
        assert!(shown.contains("${TOKEN}") && !shown.contains(TOKEN), "{shown}");
    }
    let world = yaml("a: {$include: 'x.yaml#${TOKEN}.b'}")
        .file("x.yaml", &format!("{TOKEN}: 1\n"))
        .env("TOKEN", TOKEN);
    assert!(
        world.fails().contains("value at '${TOKEN}' in included file x.yaml is not an object"),
        "{}",
        world.fails()
    );
}

#[test]
fn a_line_that_cannot_be_read_shows_nothing_below_a_secret_name() {
    for text in [
        "tokens:\n\n  # mine\n  - s3cr3t: [\n",
        "a:\n  secret:\n      nested:\n         s3cr3t: [}\n",
        "password: |\n  s3cr3t\n x: [\n  s3cr3t: [\n",
    ] {
        let shown = told(&yaml(text).try_load().unwrap_err());
        assert!(!shown.contains("s3cr3t"), "{shown}");
    }
    let shown = told(&yaml("secret: x\nmail:\n  workers: [}\n").try_load().unwrap_err());
    assert!(shown.contains("workers: [}"), "{shown}");
}
