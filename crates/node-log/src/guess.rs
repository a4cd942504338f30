//! The plugin in whose package a frame of a stack lies.

/// The id of the plugin whose package has the first frame that lies in one.
///
/// `…/node_modules/@backstage/plugin-catalog-backend/…` and `…/plugin-catalog-backend-module-github/…` are of `catalog`, as
/// is a workspace's `…/plugins/catalog-backend/…`. A library such as `plugin-catalog-node` tells nothing of who uses it.
pub(crate) fn plugin(stack: &str) -> Option<&str> {
    stack.lines().filter(|line| crate::text::is_frame(line)).find_map(frame)
}

fn frame(line: &str) -> Option<&str> {
    let line = line.trim_end();
    // Of packages in packages, the innermost has the code.
    if let Some((_, path)) = line.rsplit_once("node_modules") {
        let mut parts = path.split(['/', '\\']).skip(1);
        let name = parts.next()?;
        let name = if name.starts_with('@') { parts.next()? } else { name };
        return package(name);
    }
    let mut parts = line.split(['/', '\\']);
    parts.find(|part| *part == "plugins")?;
    id(parts.next()?)
}

fn package(name: &str) -> Option<&str> {
    let name = name.strip_prefix("backstage-").unwrap_or(name);
    id(name.strip_prefix("plugin-")?)
}

fn id(name: &str) -> Option<&str> {
    let end = match name.find("-backend-module-") {
        Some(end) => end,
        None => name.strip_suffix("-backend")?.len(),
    };
    Some(&name[..end]).filter(|id| !id.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_frame_in_a_plugins_package_tells_the_plugin() {
        for (path, id) in [
            ("/app/node_modules/@backstage/plugin-catalog-backend/dist/x.cjs.js:1:2", Some("catalog")),
            (
                "/app/node_modules/@backstage/plugin-catalog-backend-module-github/dist/x.cjs.js:1:2",
                Some("catalog"),
            ),
            (
                "/app/node_modules/@roadiehq/backstage-plugin-argo-cd-backend/dist/x.cjs.js:1:2",
                Some("argo-cd"),
            ),
            ("/app/plugins/tech-insights-backend/src/run.ts:3:4", Some("tech-insights")),
            ("C:\\app\\node_modules\\@backstage\\plugin-auth-backend\\dist\\x.cjs.js:1:2", Some("auth")),
            ("/app/node_modules/@backstage/plugin-catalog-node/dist/x.cjs.js:1:2", None),
            ("/app/node_modules/@backstage/plugin-auth-backend/node_modules/knex/lib/x.js:1:2", None),
            ("/app/node_modules/@backstage/backend-app-api/dist/x.cjs.js:1:2", None),
            ("/app/node_modules/@backstage", None),
            ("/app/node_modules", None),
            ("node:internal/process/task_queues:104:5", None),
        ] {
            assert_eq!(plugin(&format!("Error: x\n    at run ({path})")), id, "{path}");
        }
    }

    #[test]
    fn a_path_in_a_message_tells_nothing() {
        assert_eq!(
            plugin("Error: no /app/node_modules/@backstage/plugin-catalog-backend/x\n    at node:fs:1:1"),
            None
        );
    }
}
