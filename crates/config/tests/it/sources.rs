use greenroom_config::ConfigSources;
use miette::Diagnostic;

use crate::support::{World, yaml};

fn all_files(world: World) -> World {
    ["app-config.yaml", "app-config.stg.yaml", "app-config.local.yaml", "app-config.stg.local.yaml"]
        .iter()
        .fold(world, |world, name| world.file(name, &format!("v: {name}\n'{name}': 1")))
}

#[test]
fn config_14_a_missing_file() {
    insta::assert_snapshot!(World::new().args(&["--config", "nofile.yaml"]).fails(), @r#"NotFoundError: Config file "/cwd/nofile.yaml" does not exist"#);
    insta::assert_snapshot!(World::new().fails(), @r#"NotFoundError: Config file "/cwd/app-config.yaml" does not exist"#);
}

#[test]
fn in_place_of_a_missing_file_those_that_are_there_are_named() {
    let help = |world: World, name: &str| {
        let world = world.args(&["--config", name]);
        let error = world.try_load().unwrap_err();
        world.plain(&error.help().expect("a help").to_string())
    };
    assert_eq!(help(World::new(), "nosuch.yaml"), "there is no YAML file in /cwd");
    assert_eq!(help(World::new(), "gone/nosuch.yaml"), "there is no directory /cwd/gone");
    let two = || World::new().file("app-config.yaml", "a: 1").file("other.yml", "a: 1").file("note.txt", "");
    assert_eq!(help(two(), "app-confg.yaml"), "did you mean app-config.yaml?");
    assert_eq!(help(two(), "nosuch.yaml"), "in /cwd there is app-config.yaml, other.yml");
    let many = ["a", "b", "c", "d", "e", "f"].into_iter();
    let many = many.fold(World::new(), |world, name| world.file(&format!("{name}{name}{name}.yaml"), "a: 1"));
    let all = "in /cwd there is aaa.yaml, bbb.yaml, ccc.yaml, ddd.yaml, eee.yaml, and more";
    assert_eq!(help(many, "nosuch.yaml"), all);
}

#[test]
fn config_18_environments() {
    let world = all_files(World::new()).env("BACKSTAGE_ENV", "stg, other");
    assert_eq!(world.load().string("v").unwrap(), "app-config.stg.local.yaml");
    insta::assert_snapshot!(world.plain(&world.load().sources_description()), @r#"Loading config from MergedConfigSource{FileConfigSource{path="/cwd/app-config.yaml"}, FileConfigSource{path="/cwd/app-config.stg.yaml"}, FileConfigSource{path="/cwd/app-config.local.yaml"}, FileConfigSource{path="/cwd/app-config.stg.local.yaml"}, EnvConfigSource{count=0}}"#);
    let world = all_files(World::new());
    assert_eq!(world.load().string("v").unwrap(), "app-config.local.yaml");
}

#[test]
fn config_19_urls_are_refused() {
    insta::assert_snapshot!(World::new().args(&["--config", "https://x/y"]).fails(), @r#"Error: Config argument "https://x/y" looks like a URL but remote configuration is not enabled. Enable it by passing the `remote` option"#);
    for (target, url) in [
        ("https:x", true),
        ("foo://host/x", true),
        ("file://host/x", true),
        ("file:///x.yaml", false),
        ("C:\\x.yaml", false),
        ("a/b:c", false),
        ("https:", false),
    ] {
        let sources = ConfigSources::find(&World::new().args(&["--config", target]).options);
        assert_eq!(sources.is_err(), url, "{target}");
    }
}

#[test]
fn config_arguments() {
    let found = |args: &[&str]| {
        let world = World::new().args(args);
        ConfigSources::find(&world.options)
            .map(|sources| world.plain(&sources.description()))
            .map_err(|e| e.to_string())
    };
    let expected = "Loading config from MergedConfigSource{FileConfigSource{path=\"/cwd/a.yaml\"}, \
                    FileConfigSource{path=\"/b.yaml\"}, EnvConfigSource{count=0}}";
    assert_eq!(
        found(&["x", "--config", "./y/../a.yaml", "--config=", "--config=/b.yaml", "--configs", "z"])
            .unwrap(),
        expected
    );
    assert!(found(&["--config", "--verbose"]).is_err());
    assert!(found(&["--", "--config", "https://x/y"]).is_ok());
}

#[test]
fn the_root_is_the_nearest_directory_with_workspaces() {
    let mut world = World::new()
        .file("package.json", r#"{"workspaces": ["packages/*"]}"#)
        .file("app-config.yaml", "v: root")
        .file("packages/backend/package.json", "{}")
        .file("packages/backend/app-config.yaml", "v: backend");
    world.options.cwd = world.path("packages/backend");
    assert_eq!(world.load().string("v").unwrap(), "root");
}

#[test]
fn sources_without_content() {
    insta::assert_snapshot!(yaml("# nothing\n").fails(), @"Error: Missing required config value at '' in 'app-config.yaml' (app-config.yaml)");
    let world = yaml("# nothing\n").file("app-config.local.yaml", "a: 1");
    assert_eq!(world.load().number("a").unwrap(), 1.0);
    let mut world = World::new().env("APP_CONFIG_a", "1");
    world.options.allow_missing_default = true;
    assert_eq!(world.load().number("a").unwrap(), 1.0);
}
