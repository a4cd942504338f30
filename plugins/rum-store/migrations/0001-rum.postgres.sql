-- Times are UTC milliseconds since 1970 (`_ms`), durations nanoseconds (`_ns`), flags 0 or 1.

create table rum_session (
    id text primary key,
    started_ms bigint not null,
    last_ms bigint not null,
    type text not null,
    usr_id text,
    anonymous_id text,
    has_replay bigint not null,
    service text,
    env text,
    version text,
    browser text,
    browser_version text,
    os text,
    device text,
    sdk_version text,
    -- About how much its rows take.
    bytes bigint not null
);
create index rum_session_started on rum_session (started_ms, id);
create index rum_session_last on rum_session (last_ms);
create index rum_session_user on rum_session (usr_id) where usr_id is not null;
create index rum_session_anonymous on rum_session (anonymous_id) where anonymous_id is not null;

create table rum_view (
    id text not null,
    session_id text not null,
    date_ms bigint not null,
    route text not null,
    path text not null,
    loading_type text,
    is_active bigint not null,
    document_version bigint not null,
    -- Only updates have come, and not yet the view that they are of.
    is_partial bigint not null,
    -- How many updates the document holds.
    updates bigint not null,
    time_spent_ns bigint,
    loading_time_ns bigint,
    lcp_ns bigint,
    inp_ns bigint,
    cls double precision,
    fcp_ns bigint,
    ttfb_ns bigint,
    lcp_target text,
    inp_target text,
    cls_target text,
    actions bigint not null,
    errors bigint not null,
    long_tasks bigint not null,
    resources bigint not null,
    frustrations bigint not null,
    service text,
    env text,
    version text,
    browser text,
    device text,
    -- A packed JSON object: the view as it came last, and updates of it.
    document bytea not null,
    -- A session says nothing of another's views.
    primary key (session_id, id)
);
create index rum_view_time on rum_view (date_ms, route);
create index rum_view_session on rum_view (session_id, date_ms);

-- Resources, errors, actions, long tasks, vitals.
create table rum_event (
    id text not null,
    session_id text not null,
    view_id text not null,
    type text not null,
    date_ms bigint not null,
    duration_ns bigint,
    -- A resource's templated URL, an error's message, an action's target, what a long task or a vital is called.
    name text not null,
    -- Of the view.
    route text not null,
    -- A resource's or an action's type, an error's source, a long task's entry type.
    sub_type text,
    method text,
    status bigint,
    size bigint,
    trace_id text,
    span_id text,
    fingerprint text,
    -- Those during which it was, separated by spaces.
    action_ids text,
    service text,
    env text,
    version text,
    browser text,
    device text,
    -- A packed JSON object: the members of the event that pages show.
    detail bytea not null
);
-- Ids are unique; behind a session's, what comes at once stands together.
create unique index rum_event_id on rum_event (session_id, id);
create index rum_event_time on rum_event (type, date_ms);
-- All that a list of slow resources is made of: it is read without their rows.
create index rum_event_resource on rum_event (name, method, date_ms, duration_ns, status, route, version, env, device, type)
    where type = 'resource';
create index rum_event_trace on rum_event (trace_id) where trace_id is not null;
create index rum_event_fingerprint on rum_event (fingerprint, date_ms) where fingerprint is not null;

create table rum_error_group (
    fingerprint text primary key,
    fingerprint_version bigint not null,
    service text,
    type text,
    message text not null,
    -- Where it came from: file and function.
    culprit text,
    first_ms bigint not null,
    last_ms bigint not null,
    -- When it came back after a day without it, and how long it had been away.
    back_ms bigint,
    away_ms bigint
);
create index rum_error_group_last on rum_error_group (last_ms);

-- Requests of this backend that carried a trace of RUM.
create table rum_request (
    id bigint generated always as identity primary key,
    request_id text not null,
    trace_id text not null,
    span_id text,
    parent_span_id text,
    session_id text,
    replica text not null,
    plugin text,
    method text not null,
    route text,
    path text not null,
    status bigint not null,
    start_ms bigint not null,
    duration_ns bigint not null,
    bytes bigint,
    is_aborted bigint not null,
    -- A JSON object: what took how many nanoseconds.
    stages text
);
create index rum_request_trace on rum_request (trace_id);
create index rum_request_start on rum_request (start_ms);
create index rum_request_session on rum_request (session_id) where session_id is not null;

create table rum_meta (
    key text primary key,
    value text not null
);
