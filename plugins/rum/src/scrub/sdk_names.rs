//! The names of members in the events of Datadog's SDK, versions 5 to 7.

/// In order. That one is missing costs a little time, and changes nothing.
#[rustfmt::skip] // As a text is set, not one in a line.
pub(super) const SDK_NAMES: &[&str] = &[
    "_dd", "account", "action", "anonymous_id", "application", "beta_encode_cookie_options", "blocking_duration",
    "browser_sdk_version", "causes", "ci_test", "cls", "collection", "composed_path_selector", "computed_value",
    "configuration", "connect", "connectivity", "content-length", "content-type", "context", "count", "csp",
    "cumulative_layout_shift", "cumulative_layout_shift_target_selector", "cumulative_layout_shift_time", "current_rect",
    "custom_timings", "date", "ddtags", "debug_ids", "decoded_body_size", "delivery_type", "description", "device",
    "device_pixel_ratio", "discarded", "display", "disposition", "dns", "document_version", "dom_complete",
    "dom_content_loaded", "dom_interactive", "download", "drift", "duration", "effective_type", "email", "encoded_body_size",
    "entry_type", "error", "execution_start", "failure_reason", "fcp", "feature_flags", "fid", "fingerprint", "first_byte",
    "first_contentful_paint", "first_input_delay", "first_input_target_selector", "first_input_time",
    "first_ui_event_timestamp", "forced_style_and_layout_duration", "format_version", "frustration", "graphql", "handling",
    "handling_stack", "has_full_snapshot", "has_replay", "headers", "height", "id", "in_app", "in_foreground",
    "in_foreground_periods", "inp", "input_delay", "interaction_to_next_paint", "interaction_to_next_paint_target_selector",
    "interaction_to_next_paint_time", "invoker", "invoker_type", "is_active", "largest_contentful_paint",
    "largest_contentful_paint_target_selector", "lcp", "load_delay", "load_event", "load_time", "loading_time",
    "loading_type", "locale", "locales", "long_task", "max_depth", "max_depth_scroll_top", "max_scroll_height",
    "max_scroll_height_time", "message", "method", "name", "name_source", "operation_key", "page_states", "pause_duration",
    "performance", "position", "presentation_delay", "previous_rect", "privacy", "processing_duration", "profiling",
    "profiling_sample_rate", "protocol", "records_count", "redirect", "referrer", "render_blocking_status", "render_delay",
    "render_start", "replay_level", "replay_stats", "resource", "resources_count", "response", "result_id", "rule_psr",
    "sampled_for_replay", "score", "scripts", "scroll", "sdk_name", "segments_count", "segments_total_raw_size", "selector",
    "server-timing", "service", "session", "session_replay_sample_rate", "session_sample_rate", "size", "source",
    "source_char_position", "source_function_name", "source_type", "source_url", "span_id", "ssl", "stack", "start",
    "start_session_replay_recording_manually", "start_time", "state", "status", "status_code", "step_type", "stream",
    "style_and_layout_start", "sub_parts", "synthetics", "tab", "target", "target_selector", "test_id", "time_spent",
    "time_zone", "timestamp", "trace_id", "trace_sample_rate", "transfer_size", "type", "url", "usr", "version", "view",
    "viewport", "vital", "width", "window_attribution", "worker", "x", "y",
];
