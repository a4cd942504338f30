//! `--config` among the arguments of a backend, as Backstage reads it.

/// The `--config` arguments, each as one word: `--config=<target>`. One without a target stays as it is, so that whoever reads
/// the config says what is wrong with it. Empty ones count as none.
pub(super) fn config(args: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    let mut args = args.iter().peekable();
    while let Some(arg) = args.next() {
        let target = match arg.strip_prefix("--config") {
            // A word that begins with `-` is the next option.
            Some("") => match args.next_if(|next| !next.starts_with('-')) {
                Some(target) => target,
                None => {
                    found.push(arg.clone());
                    continue;
                }
            },
            Some(value) => match value.strip_prefix('=') {
                Some(target) => target,
                None => continue,
            },
            None => continue,
        };
        if !target.is_empty() {
            found.push(format!("--config={target}"));
        }
    }
    found
}
