//! The documents show what their commands print.

use greenroom_page::session::play;

#[track_caller]
fn held(played: std::io::Result<()>) {
    played.unwrap_or_else(|error| panic!("{error}"));
}

#[tokio::test]
async fn the_observability_page_shows_what_its_commands_print() {
    held(play("docs/observability.md").await);
}

#[tokio::test]
async fn the_plugin_guide_shows_what_its_commands_print() {
    held(play("docs/plugin-guide.md").await);
}
