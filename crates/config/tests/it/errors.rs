use greenroom_config::{ConfigError, RootConfig, all, each};

use crate::support::{World, rendered, yaml};

#[test]
fn a_wrong_type_shows_its_line() {
    let config = yaml("backend:\n  # the port\n  listen:\n    port: [7007]\n").load();
    let error = config.number("backend.listen.port").unwrap_err();
    assert_eq!(
        error.to_string(),
        "Invalid type in config for key 'backend.listen.port' in 'app-config.yaml', got array, wanted number \
         (app-config.yaml:4:5)"
    );
    insta::assert_snapshot!(rendered(&error), @r"
     × Invalid type in config for key 'backend.listen.port' in 'app-config.yaml', got array, wanted number (app-config.yaml:4:5)
      ╭─[app-config.yaml:4:5]
    4 │     port: [7007]
      ·     ────
      ╰────
    ");
}

#[test]
fn a_missing_value_says_what_to_set() {
    let error = yaml("backend: {}").load().string("backend.baseUrl").unwrap_err();
    insta::assert_snapshot!(rendered(&error), @r"
    × Missing required config value at 'backend.baseUrl' in 'app-config.yaml'
    help: set `backend.baseUrl` in one of the config files
    ");
}

#[test]
fn a_value_that_its_reader_refuses() {
    let config =
        yaml("backend:\n  logger:\n    overrides:\n      - matchers: {plugin: x}\n        level: loud\n")
            .load();
    let error = ConfigError::invalid(
        &config,
        "backend.logger.overrides[0].level",
        "Invalid config at backend.logger.overrides[0].level, 'loud' is not a valid logging level",
    );
    insta::assert_snapshot!(rendered(&error), @r"
     × Invalid config at backend.logger.overrides[0].level, 'loud' is not a valid logging level (app-config.yaml:5:16)
      ╭─[app-config.yaml:5:16]
    5 │         level: loud
      ·                ────
      ╰────
    ");
    // From inside a view, and for what is not there at all.
    let element = &config.config_array("backend.logger.overrides").unwrap()[0];
    assert_eq!(ConfigError::invalid(element, "level", "x").place().unwrap().line, 5);
    assert_eq!(ConfigError::invalid(&config, "backend.logger.nope[1].x", "x").place().unwrap().line, 2);
    assert_eq!(ConfigError::invalid(&config, "nope", "x").place(), None);
}

#[test]
fn a_file_that_is_no_yaml() {
    let world = yaml("a: 1\nb: 2\na: 3\n");
    insta::assert_snapshot!(rendered(&world.try_load().unwrap_err()), @r"
     × Map keys must be unique at line 3, column 1 (app-config.yaml:3:1)
      ╭─[app-config.yaml:3:1]
    3 │ a: 3
      · ─
      ╰────
    ");
}

#[test]
fn a_bad_include_shows_where_it_stands() {
    let world = yaml("a:\n  b: {$file: ./gone.txt}\n");
    insta::assert_snapshot!(world.plain(&rendered(&world.try_load().unwrap_err())), @r#"
     × Failed to read config file at "/cwd/app-config.yaml", error at .a.b, failed to read file ./gone.txt, NotFoundError: failed to include "/cwd/gone.txt", file does not exist (app-config.yaml:2:14)
      ╭─[app-config.yaml:2:14]
    2 │   b: {$file: ./gone.txt}
      ·              ──────────
      ╰────
    "#);
}

#[test]
fn places_in_included_files() {
    let world = yaml("a: {$include: more/x.yaml}\n").file("more/x.yaml", "\nb: [1, two]\n");
    let config = world.load();
    assert_eq!(config.place("a.b[1]").unwrap().to_string(), "more/x.yaml:2:8");
    insta::assert_snapshot!(rendered(&config.string_array("a.b").unwrap_err()), @r"
     × Invalid type in config for key 'a.b[0]' in 'app-config.yaml', got number, wanted string-array (more/x.yaml:2:5)
      ╭─[more/x.yaml:2:5]
    2 │ b: [1, ***]
      ·     ─
      ╰────
    ");
}

#[test]
fn secrets_on_the_line_are_not_shown() {
    let text = "backend:\n  auth:\n    externalAccess: [{options: {token: sesame-open, subject: 5}}]\n";
    let config = RootConfig::from_yaml(text).unwrap();
    let options = config.config_array("backend.auth.externalAccess").unwrap()[0].config("options").unwrap();
    let error = options.string("subject").unwrap_err();
    insta::assert_snapshot!(rendered(&error), @r"
     × Invalid type in config for key 'backend.auth.externalAccess[0].options.subject' in 'mock-config', got number, wanted string (mock-config:3:62)
      ╭─[mock-config:3:62]
    3 │     externalAccess: [{options: {token: ***, subject: 5}}]
      ·                                                      ─
      ╰────
    ");
    // The refused value is the secret itself.
    insta::assert_snapshot!(rendered(&options.number("token").unwrap_err()), @r"
     × Unable to convert config value for key 'backend.auth.externalAccess[0].options.token' in 'mock-config' to a number (mock-config:3:40)
      ╭─[mock-config:3:40]
    3 │     externalAccess: [{options: {token: ***, subject: 5}}]
      ·                                        ───
      ╰────
    ");
}

#[test]
fn secrets_beside_an_element_and_over_lines_are_not_shown() {
    let text = "backend: {auth: {keys: [{secret: sesame}, {secret: 'door\n  open', x: 5}]}}";
    let config = RootConfig::from_yaml(text).unwrap();
    let keys = config.config_array("backend.auth.keys").unwrap();
    let shown = rendered(&keys[0].boolean("secret").unwrap_err());
    assert!(shown.contains("[{secret: ***}, {secret: ***") && !shown.contains("sesame"), "{shown}");
    let shown = rendered(&keys[1].string("x").unwrap_err());
    assert!(shown.contains("***, x: 5") && !shown.contains("open"), "{shown}");
}

#[test]
fn secrets_in_a_file_that_is_no_yaml_are_not_shown() {
    for line in [
        "password: hunter2: x",
        "{signingKey: [hunter2",
        "'x-api-key': 'hunter2",
        "clientSecrets: [hunter2",
        "  token hunter2: x: y",
        "url: postgres://me:hunter2@db: x",
    ] {
        let error = RootConfig::from_yaml(&format!("backend:\n  {line}\n")).unwrap_err();
        assert!(!rendered(&error).contains("hunter2"), "{}", rendered(&error));
    }
}

#[test]
fn credentials_in_urls_on_the_line_are_not_shown() {
    let config = RootConfig::from_yaml("a: ['https://me:hunter2@host/x?token=hunter2', 5]").unwrap();
    insta::assert_snapshot!(rendered(&config.string_array("a").unwrap_err()), @r"
     × Invalid type in config for key 'a[1]' in 'mock-config', got number, wanted string-array (mock-config:1:48)
      ╭─[mock-config:1:48]
    1 │ a: ['https://***@host/x?token=***', 5]
      ·                                     ─
      ╰────
    ");
}

#[test]
fn no_secret_is_told_of_a_key_that_is_called_alike() {
    let error = RootConfig::from_yaml("a:\n  keyboard: [monkey, tokenizer: x: y\n").unwrap_err();
    assert!(rendered(&error).contains("monkey"), "{}", rendered(&error));
}

#[test]
fn variables_are_named_but_not_shown() {
    let world = World::new().file("app-config.yaml", "{}").env("APP_CONFIG_a", "[\"sesame\"]");
    insta::assert_snapshot!(rendered(&world.load().number("a").unwrap_err()), @"  × Invalid type in config for key 'a' in 'env', got array, wanted number (environment variable APP_CONFIG_a)");
}

#[test]
fn an_error_of_the_config_has_its_place_and_no_place_in_a_program() {
    let config = RootConfig::from_yaml("a: 5\n").unwrap();
    let error = greenroom_errors::Error::from(config.string("a").unwrap_err());
    assert_eq!(error.name(), "TypeError");
    assert!(error.downcast_ref::<greenroom_config::ConfigError>().unwrap().place().is_some());
    let stack = greenroom_errors::describe(&error).stack();
    assert_eq!(
        stack,
        "TypeError: Invalid type in config for key 'a' in 'mock-config', got number, wanted string (mock-config:1:4)"
    );
}

#[test]
fn what_an_element_of_a_list_lacks_points_at_the_element() {
    let config = yaml("list:\n  - a: 1\n  -\n    b: {c: 1}\n  - &x\n    d: 1\n  - [1]\n").load();
    let places = |keys: &[&str]| {
        let place = |key: &&str| config.place(key).unwrap().to_string();
        keys.iter().map(place).collect::<Vec<_>>()
    };
    let lines = ["app-config.yaml:2:5", "app-config.yaml:4:5", "app-config.yaml:5:5", "app-config.yaml:7:5"];
    assert_eq!(places(&["list[0]", "list[1]", "list[2]", "list[3]"]), lines);
    let elements =
        RootConfig::from_yaml("list:\n  - a: 1\n  - b: {c: 1}\n").unwrap().config_array("list").unwrap();
    assert_eq!(
        elements[1].string("a").unwrap_err().to_string(),
        "Missing required config value at 'list[1].a' in 'mock-config' (mock-config:3:5)"
    );
    insta::assert_snapshot!(rendered(&elements[1].string("b.x").unwrap_err()), @r"
     × Missing required config value at 'list[1].b.x' in 'mock-config' (mock-config:3:5)
      ╭─[mock-config:3:5]
    3 │   - b: {c: 1}
      ·     ─
      ╰────
     help: set `list[1].b.x` in one of the config files
    ");
}

#[test]
fn a_text_below_an_object_names_the_object_above_it() {
    let config = World::new()
        .file("app-config.yaml", "backend:\n  listen: 127.0.0.1:7107\n")
        .file("app-config.local.yaml", "backend:\n  listen: {port: 7109}\n")
        .load();
    let error = config.optional_string("backend.listen.host").unwrap_err();
    assert_eq!(error.place().unwrap().to_string(), "app-config.yaml:2:11");
    let shown = rendered(&error);
    assert!(shown.contains("`backend.listen` is an object at app-config.local.yaml:2:"), "{shown}");
}

#[test]
fn the_box_names_a_key_that_the_text_does_not_and_a_number_without_unit_is_told_its_units() {
    let config = yaml("backend:\n  trustProxy: maybe\ntimeout: 5\n").load();
    let error = ConfigError::invalid(&config, "backend.trustProxy", "invalid IP address: maybe");
    insta::assert_snapshot!(rendered(&error), @r"
     × invalid IP address: maybe (app-config.yaml:2:15)
      ╭─[app-config.yaml:2:15]
    2 │   trustProxy: maybe
      ·               ──┬──
      ·                 ╰── backend.trustProxy
      ╰────
    ");
    let shown = rendered(&config.duration("timeout").unwrap_err());
    assert!(shown.contains("help: write a number with its unit, such as `5s`"), "{shown}");
}

#[test]
fn one_error_stands_for_all_that_is_wrong_and_each_is_shown() {
    let config = yaml("a: x\nb: y\nc: 3\n").load();
    let number = |key| config.number(key);
    let error = all((number("a"), each(["b", "c", "d"].map(number)))).unwrap_err();
    let keys: Vec<_> = error.clone().each().map(|one| one.key().unwrap().to_owned()).collect();
    assert_eq!(keys, ["a", "b", "d"]);
    let shown = rendered(&error);
    assert!(shown.contains("'a'") && shown.contains("'b'") && shown.contains("'d'"), "{shown}");
    assert!(all((number("c"), number("c"))).is_ok());
}

#[test]
fn a_line_that_is_too_long_to_be_shown_is_told_by_its_place() {
    let config = yaml(&format!("{{pad: '{}', last: x}}\n", "p".repeat(70_000))).load();
    let shown = rendered(&config.number("last").unwrap_err());
    assert!(shown.contains("(app-config.yaml:1:70017)") && shown.len() < 1000, "{shown}");
}

#[test]
fn what_is_shown_of_many_faults_on_one_line_grows_with_their_number_alone() {
    let shown = |faults: usize| {
        let keys: Vec<_> = (0..faults).map(|n| format!("key{n}")).collect();
        let members: String = keys.iter().map(|key| format!("{key}: x, ")).collect();
        let config = yaml(&format!("{{{members}}}\n")).load();
        rendered(&each(keys.iter().map(|key| config.number(key))).unwrap_err()).len()
    };
    let (some, twice) = (shown(200), shown(400));
    assert!(twice < some * 3, "{some} bytes become {twice}");
}
