//! The body of an error, and the line that tells of it.
//!
//! Contract: http-20 to http-25.

use std::sync::Arc;

use axum::response::Response;
use greenroom_errors::{Error, Stacks, to_json};
use greenroom_logging::{Logger, error, fields};
use http::{StatusCode, header};
use serde_json::json;

use crate::{
    exchange::{Asked, Exchange},
    express::send,
    failure::{AlreadyTold, ErrorAnswer, Failed, Failure, ToldError, answer_status},
};

/// Turns failures into error bodies, on behalf of one router.
pub(crate) struct Envelope {
    logger: Logger,
    development: bool,
    /// Its bodies tell URLs relative to the mount.
    is_below_mount: bool,
}

impl Envelope {
    pub(crate) fn new(logger: &Logger, development: bool) -> Self {
        let logger = logger.child(fields! { "type": "errorHandler" });
        Self { logger, development, is_below_mount: false }
    }

    /// The same for the router of a plugin.
    pub(crate) fn below_mount(logger: &Logger, development: bool) -> Self {
        Self { is_below_mount: true, ..Self::new(logger, development) }
    }

    /// The response as it is, or the error body in its place.
    pub(crate) fn replace_failure(
        self: &Arc<Self>,
        exchange: &mut Exchange,
        mut response: Response,
    ) -> Response {
        // The innermost router's comes first, and stays.
        exchange.envelope.get_or_insert_with(|| self.clone());
        let own = response.extensions_mut().remove::<ErrorAnswer>();
        let is_told = response.extensions_mut().remove::<AlreadyTold>().is_some();
        match Failed::taken(&mut response).or_else(|| unanswered(&response)) {
            Some(failure) => with_headers_of(&response, self.body(failure, exchange, own.as_ref(), is_told)),
            None => response,
        }
    }

    /// Tells the log of an answer that broke after its first bytes had left; its client sees the connection end.
    pub(crate) fn tell_broken(&self, why: &axum::Error, asked: &Asked) {
        let (why, method, url) = (Error::new(why.to_string()), asked.method.as_str(), asked.told_url());
        error!(self.logger, +method, +url = &*url, ..&why, "Request failed with status 500");
    }

    fn body(
        &self,
        failure: Failure,
        exchange: &Exchange,
        own: Option<&ErrorAnswer>,
        is_told: bool,
    ) -> Response {
        let whole = match &failure {
            Failure::Exposed(error) => Some(error.clone()),
            Failure::Panic(_) => None,
        };
        let (shown, log_id) = self.shown(failure);
        let filtered = log_id.is_some();
        let status = answer_status(StatusCode::from_u16(shown.status()).ok());
        if status.is_server_error() && !is_told {
            match filtered {
                true => error!(self.logger, "Request failed with status {} {shown}", status.as_u16()),
                false => error!(self.logger, ..&*shown, "Request failed with status {}", status.as_u16()),
            }
        }
        let (whole, log_id) = (whole.as_deref(), log_id.as_deref());
        let told = ToldError { shown: &shown, whole, log_id, status };
        if let Some(answer) = own.and_then(|own| own.answer(&told)) {
            return answer;
        }
        let stacks = if self.development && !filtered { Stacks::Show } else { Stacks::Hide };
        let url = if self.is_below_mount { exchange.url_below_mount() } else { exchange.asked.url() };
        let body = json!({
            "error": to_json(&*shown, stacks),
            "request": {"method": exchange.asked.method.as_str(), "url": url},
            "response": {"statusCode": status.as_u16()},
        });
        send::json(status, &body, self.development)
    }

    /// What the client may see and, if that is less than what failed, the reference to the log that stands for what is internal.
    fn shown(&self, failure: Failure) -> (Arc<Error>, Option<String>) {
        let log_id = log_id();
        let reference = || Error::new(format!("An internal error occurred logId={log_id}"));
        let filtered = format_args!("Filtered internal error with logId={log_id} from response");
        match failure {
            Failure::Exposed(error) => match error.without_internals(&reference()) {
                None => (error, None),
                Some(shown) => {
                    error!(self.logger, logId = &*log_id, ..&*error, "{filtered}");
                    (Arc::new(shown), Some(log_id))
                }
            },
            Failure::Panic(panic) => {
                let stack = format!("Error: panicked: {}", panic.stack());
                error!(self.logger, logId = &*log_id, stack = stack, "{filtered} panicked: {}", panic.text);
                (Arc::new(reference()), Some(log_id))
            }
        }
    }
}

/// What was said before the failure was known holds of its body too, but what it is and how long; which methods a route has,
/// axum adds by itself, and Express does not.
fn with_headers_of(failed: &Response, mut body: Response) -> Response {
    for (name, value) in failed.headers() {
        if ![header::CONTENT_TYPE, header::CONTENT_LENGTH, header::ALLOW].contains(name) {
            body.headers_mut().append(name, value.clone());
        }
    }
    body
}

/// An informational status is no answer: the client would wait for one, and no protocol follows a 101.
fn unanswered(response: &Response) -> Option<Failure> {
    let status = response.status();
    let text = || format!("A handler answered by the informational status {status}");
    status.is_informational().then(|| Failure::Exposed(Arc::new(Error::new(text()))))
}

fn log_id() -> String {
    let mut bytes = [0; 10];
    // Without entropy the id is still a valid one; it is a reference, not a secret.
    let _ = getrandom::fill(&mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
