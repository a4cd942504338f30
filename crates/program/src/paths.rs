//! Paths as people type them.

use std::path::Path;

/// Relative if it is below the working directory.
pub(crate) fn shown(path: &Path, cwd: &Path) -> String {
    path.strip_prefix(cwd).unwrap_or(path).display().to_string()
}
