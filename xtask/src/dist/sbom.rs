//! The bill of materials, as [CycloneDX](https://cyclonedx.org/docs/1.6/json/) JSON.

use super::packages::{Id, Package, Packages, ROOT};

/// Of these packages, compiled for that target, from a source of that time.
pub(crate) fn json(packages: &Packages, target: &str, written: u64) -> String {
    let root = packages.0.iter().find(|(id, _)| id.name == ROOT);
    let root = root.map(|(id, package)| component(id, package, "application")).unwrap_or_default();
    let parts = packages.0.iter().filter(|(id, _)| id.name != ROOT);
    let components: Vec<_> = parts.map(|(id, package)| component(id, package, "library")).collect();
    let dependencies: Vec<_> = packages.0.iter().map(|(id, package)| dependency(id, package)).collect();
    format!(
        "{{\n  \"$schema\": \"http://cyclonedx.org/schema/bom-1.6.schema.json\",\n  \"bomFormat\": \"CycloneDX\",\n  \
         \"specVersion\": \"1.6\",\n  \"version\": 1,\n  \"metadata\": {{\n    \"timestamp\": {},\n    \
         \"component\": {root},\n    \"properties\": [{{\"name\": \"greenroom:target\", \"value\": {}}}]\n  }},\n  \
         \"components\": [\n    {}\n  ],\n  \"dependencies\": [\n    {}\n  ]\n}}\n",
        quoted(&rfc3339(written)),
        quoted(target),
        components.join(",\n    "),
        dependencies.join(",\n    "),
    )
}

/// What it is called everywhere: <https://github.com/package-url/purl-spec>.
fn purl(id: &Id) -> String {
    // A `+` would be read as a blank.
    format!("pkg:cargo/{}@{}", id.name, id.version.replace('+', "%2B"))
}

fn component(id: &Id, package: &Package, kind: &str) -> String {
    let mut fields = vec![
        ("type", quoted(kind)),
        ("bom-ref", quoted(&purl(id))),
        ("name", quoted(&id.name)),
        ("version", quoted(&id.version)),
    ];
    // What is not published has no name there.
    if !package.is_own {
        fields.push(("purl", quoted(&purl(id))));
    }
    if !package.license.is_empty() {
        // Cargo still takes a slash for OR; SPDX never did.
        let expression = quoted(&package.license.replace('/', " OR "));
        fields.push(("licenses", format!("[{{\"expression\": {expression}}}]")));
    }
    if let Some(sum) = &package.checksum {
        fields.push(("hashes", format!("[{{\"alg\": \"SHA-256\", \"content\": {}}}]", quoted(sum))));
    }
    if !package.repository.is_empty() {
        let url = quoted(&package.repository);
        fields.push(("externalReferences", format!("[{{\"type\": \"vcs\", \"url\": {url}}}]")));
    }
    let fields: Vec<_> = fields.iter().map(|(name, value)| format!("\"{name}\": {value}")).collect();
    format!("{{{}}}", fields.join(", "))
}

fn dependency(id: &Id, package: &Package) -> String {
    let uses: Vec<_> = package.uses.iter().map(|used| quoted(&purl(used))).collect();
    format!("{{\"ref\": {}, \"dependsOn\": [{}]}}", quoted(&purl(id)), uses.join(", "))
}

/// As JSON has it.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for char in text.chars() {
        match char {
            '"' | '\\' => out.extend(['\\', char]),
            char if char.is_control() => out.push_str(&format!("\\u{:04x}", char as u32)),
            char => out.push(char),
        }
    }
    out + "\""
}

/// A time in seconds since 1970, in UTC: days are turned into a date by Howard Hinnant's `civil_from_days`.
fn rfc3339(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400 + 719_468, seconds % 86_400);
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let (day, month) = (day_of_year - (153 * shifted + 2) / 5 + 1, (shifted + 2) % 12 + 1);
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dist::packages::tests::packages;

    #[test]
    fn each_package_is_told_with_its_licence_its_sum_and_whom_it_uses() {
        let bill = json(&packages(), "x86_64-unknown-linux-musl", 1_796_054_710);
        for told in [
            "\"specVersion\": \"1.6\"",
            "\"timestamp\": \"2026-11-30T",
            "\"component\": {\"type\": \"application\", \"bom-ref\": \"pkg:cargo/greenroom-cli@0.1.0\"",
            "{\"type\": \"library\", \"bom-ref\": \"pkg:cargo/anstyle@1.0.14\", \"name\": \"anstyle\", \
             \"version\": \"1.0.14\", \"purl\": \"pkg:cargo/anstyle@1.0.14\", \"licenses\": [{\"expression\": \"MIT\"}], \
             \"hashes\": [{\"alg\": \"SHA-256\", \"content\": \"ab12\"}]}",
            "{\"ref\": \"pkg:cargo/clap@4.6.9\", \"dependsOn\": [\"pkg:cargo/anstyle@1.0.14\"]}",
            "\"value\": \"x86_64-unknown-linux-musl\"",
        ] {
            assert!(bill.contains(told), "{told} is not in\n{bill}");
        }
        assert!(!bill.contains("\"purl\": \"pkg:cargo/greenroom"), "own crates are in no registry");
    }

    #[test]
    fn times_are_those_of_the_calendar() {
        for (seconds, told) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_796_054_710, "2026-11-30T16:05:10Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(rfc3339(seconds), told);
        }
    }

    #[test]
    fn texts_of_others_cannot_break_the_document() {
        assert_eq!(quoted("a\"b\\c\nd é"), "\"a\\\"b\\\\c\\u000ad é\"");
    }
}
