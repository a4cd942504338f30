//! `logs`: logs what it is told by a request, so that generated calls reach both loggers.

use axum::{Router, body::Bytes, routing::post};
use greenroom::{
    http::HttpError,
    logging::{Field, FieldValue, Fields, Level, Record},
    prelude::*,
};
use serde_json::{Map, Value, json};

pub(crate) fn logs() -> Plugin {
    plugin("logs", |env| {
        env.register_init(async |logger: Logger, root: RootLogger, http: HttpRouter| {
            let calls = async move |body: Bytes| -> Result<Json<Value>, HttpError> {
                let body: Value = serde_json::from_slice(&body).map_err(|e| Error::input(e.to_string()))?;
                let calls = body["calls"].as_array().ok_or_else(|| Error::input("no calls"))?;
                for each in calls {
                    call(if each["root"] == true { &root } else { &logger }, each)?;
                    root.info("the call ends");
                }
                Ok(Json(json!({"logged": calls.len()})))
            };
            http.mount(Router::new().route("/calls", post(calls)));
            http.add_auth_policy("/", AuthPolicy::Unauthenticated)
        });
    })
}

fn call(parent: &Logger, call: &Value) -> Result {
    let objects = call["children"].as_array().into_iter().flatten().filter_map(Value::as_object);
    let logger = objects.fold(parent.clone(), |log, fields| log.child(Fields::from(fields)));
    let level = match call["level"].as_str() {
        Some("error") => Level::Error,
        Some("warn") => Level::Warn,
        Some("info") => Level::Info,
        Some("debug") => Level::Debug,
        _ => return Err(Error::input("no level").into()),
    };
    let meta = call["meta"].as_object();
    let fields: Vec<Field<'_>> =
        meta.into_iter().flatten().map(|(key, value)| Field::new(key, FieldValue::Json(value))).collect();
    let keys: Vec<&str> = meta.into_iter().flatten().map(|(key, _)| key.as_str()).collect();
    let error = call["error"].as_object().map(made);
    if logger.enabled(level, &keys) {
        let message = call["message"].as_str().unwrap_or_default();
        let message = format_args!("{message}");
        let record = Record::new(level, message).with_fields(&fields);
        match &error {
            Some(error) => logger.log(&record.with_error(error)),
            None => logger.log(&record),
        }
    }
    Ok(())
}

/// An error of `name`, `message`, `cause` and other properties.
fn made(said: &Map<String, Value>) -> Error {
    let text = |key: &str| said.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut error = match said.get("name").and_then(Value::as_str) {
        Some(name) => Error::named(name.to_owned(), text("message")),
        None => Error::new(text("message")),
    };
    for (key, value) in said.iter().filter(|(key, _)| !["name", "message", "cause"].contains(&key.as_str())) {
        error = error.with(key.clone(), value.clone());
    }
    match said.get("cause").and_then(Value::as_object) {
        Some(cause) => error.caused_by(made(cause)),
        None => error,
    }
}
