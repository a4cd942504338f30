//! Config files as anyone may write them: a main file, one that it may include, and a variable, split at zero bytes. They are
//! read or refused with a place, and what was read can be asked for and printed.

#![no_main]

use greenroom_config::{ConfigOptions, Format, RootConfig};
use libfuzzer_sys::fuzz_target;

fn ask(config: &RootConfig) {
    for key in ["", "a", "a.b", "b.a", "a[0]", "backend", "backend.listen"] {
        let _ = (config.string(key), config.number(key), config.boolean(key), config.string_array(key));
        let _ = (config.get(key), config.has(key), config.optional_duration(key), config.place(key));
        let _ = config.config(key).map(|view| (view.keys(), view.string("a").is_ok()));
        let _ = config.string(key).map_err(|error| error.to_string());
    }
    for format in [Format::Flat, Format::Yaml, Format::YamlWithPlaces, Format::Json] {
        let _ = (config.print(format), config.print_public(format));
    }
    let _ = config.secrets();
}

fuzz_target!(|text: &str| {
    let mut parts = text.split('\0');
    let (main, included, variable) = (parts.next(), parts.next(), parts.next());
    let directory = tempfile::tempdir().expect("a directory");
    let files = [("app-config.yaml", main), ("a.yaml", included), ("a.json", included), ("a", included)];
    for (name, text) in files {
        std::fs::write(directory.path().join(name), text.unwrap_or_default()).expect("a file");
    }
    let mut options = ConfigOptions { cwd: directory.path().to_owned(), ..ConfigOptions::default() };
    for name in ["A", "APP_CONFIG_a", "APP_CONFIG_a_b"] {
        options.env.insert(name.to_owned(), variable.unwrap_or_default().to_owned());
    }
    match RootConfig::load(&options) {
        Ok(config) => ask(&config),
        Err(error) => drop((error.to_string(), format!("{error:?}"))),
    }
});
