-- Times are UTC milliseconds since 1970 (`_ms`), durations nanoseconds (`_ns`), flags 0 or 1.

create table rum_session (
    id text primary key,
    started_ms integer not null,
    last_ms integer not null,
    type text not null,
    usr_id text,
    anonymous_id text,
    has_replay integer not null,
    service text,
    env text,
    version text,
    browser text,
    browser_version text,
    os text,
    device text,
    sdk_version text,
    -- About how much its rows take.
    bytes integer not null
) strict;
create index rum_session_started on rum_session (started_ms, id);
create index rum_session_last on rum_session (last_ms);
create index rum_session_user on rum_session (usr_id) where usr_id is not null;
create index rum_session_anonymous on rum_session (anonymous_id) where anonymous_id is not null;

create table rum_view (
    id text not null,
    session_id text not null,
    date_ms integer not null,
    route text not null,
    path text not null,
    loading_type text,
    is_active integer not null,
    document_version integer not null,
    -- Only updates have come, and not yet the view that they are of.
    is_partial integer not null,
    -- How many updates the document holds.
    updates integer not null,
    time_spent_ns integer,
    loading_time_ns integer,
    lcp_ns integer,
    inp_ns integer,
    cls real,
    fcp_ns integer,
    ttfb_ns integer,
    lcp_target text,
    inp_target text,
    cls_target text,
    actions integer not null,
    errors integer not null,
    long_tasks integer not null,
    resources integer not null,
    frustrations integer not null,
    service text,
    env text,
    version text,
    browser text,
    device text,
    -- A packed JSON object: the view as it came last, and updates of it.
    document blob not null,
    -- A session says nothing of another's views.
    primary key (session_id, id)
) strict;
create index rum_view_time on rum_view (date_ms, route);
create index rum_view_session on rum_view (session_id, date_ms);

-- Resources, errors, actions, long tasks, vitals.
create table rum_event (
    id text not null,
    session_id text not null,
    view_id text not null,
    type text not null,
    date_ms integer not null,
    duration_ns integer,
    -- A resource's templated URL, an error's message, an action's target, what a long task or a vital is called.
    name text not null,
    -- Of the view.
    route text not null,
    -- A resource's or an action's type, an error's source, a long task's entry type.
    sub_type text,
    method text,
    status integer,
    size integer,
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
    detail blob not null
) strict;
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
    fingerprint_version integer not null,
    service text,
    type text,
    message text not null,
    -- Where it came from: file and function.
    culprit text,
    first_ms integer not null,
    last_ms integer not null,
    -- When it came back after a day without it, and how long it had been away.
    back_ms integer,
    away_ms integer
) strict;
create index rum_error_group_last on rum_error_group (last_ms);

-- Requests of this backend that carried a trace of RUM.
create table rum_request (
    id integer primary key,
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
    status integer not null,
    start_ms integer not null,
    duration_ns integer not null,
    bytes integer,
    is_aborted integer not null,
    -- A JSON object: what took how many nanoseconds.
    stages text
) strict;
create index rum_request_trace on rum_request (trace_id);
create index rum_request_start on rum_request (start_ms);
create index rum_request_session on rum_request (session_id) where session_id is not null;

create table rum_meta (
    key text primary key,
    value text not null
) strict;
