//! What leaves on a real connection, to an intake that answers as it likes.

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Redirect, Response},
};
use greenroom_plugin_rum::rum;
use greenroom_test::{RunningTestBackend, TestBackend};
use serde_json::json;
use tokio::{net::TcpListener, sync::mpsc};

use crate::support::{Recorded, config};

/// What the intake has got, and what it answers it with.
struct Asked {
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
    answer: tokio::sync::oneshot::Sender<Response>,
}

/// An intake on this machine, and a backend that forwards to it.
async fn forwarding() -> (RunningTestBackend, mpsc::UnboundedReceiver<Asked>) {
    let (tell, asked) = mpsc::unbounded_channel();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/below", listener.local_addr().unwrap());
    let intake = Router::new().fallback(hold).with_state(tell);
    drop(greenroom::context::spawn("intake", async move { axum::serve(listener, intake).await }));
    let kept = ["v", "trace", "cfg", "delay", "limit", "status"];
    let config = config(&json!({"intakeUrl": url, "keptParameters": kept}));
    (TestBackend::new().config(config).add(rum()).start().await.unwrap(), asked)
}

async fn hold(
    State(tell): State<mpsc::UnboundedSender<Asked>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let (answer, answered) = tokio::sync::oneshot::channel();
    let _ = tell.send(Asked { uri, headers, body, answer });
    answered.await.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

#[tokio::test]
async fn rum_33_the_intake_gets_the_browsers_bytes_and_nothing_of_the_users_connection() {
    let (backend, mut asked) = forwarding().await;
    let request = Recorded::named("v7-deflate-long-002-rum").of_a_harmless_page();
    let sent = tokio::join!(request.send(&backend), async {
        let Asked { uri, headers, body, answer } = asked.recv().await.unwrap();
        answer.send(StatusCode::ACCEPTED.into_response()).unwrap();
        (uri, headers, body)
    });
    let (answer, (uri, headers, body)) = sent;
    assert_eq!(answer.status, 202);
    assert!(uri.to_string().starts_with("/below/api/v2/rum?ddsource=browser&"), "{uri}");
    assert_eq!(body, request.body);
    let mut names: Vec<_> = headers.keys().map(|name| name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["accept", "content-length", "content-type", "host", "user-agent"]);
}

#[tokio::test]
async fn rum_25_a_redirection_is_not_followed_and_the_browser_comes_again() {
    let (backend, mut asked) = forwarding().await;
    let request = Recorded::named("v7-string-proxy-010-rum");
    let (answer, ()) = tokio::join!(request.send(&backend), async {
        asked.recv().await.unwrap().answer.send(Redirect::temporary("/elsewhere").into_response()).unwrap();
    });
    assert_eq!(answer.status, 503);
    assert!(asked.try_recv().is_err(), "nobody was asked a second time");
    let told = backend.await_log(|line| line["count"] == 1).await;
    assert_eq!(told["message"], "Browser events did not get to Datadog's intake: it answered 307");
}

#[tokio::test]
async fn an_intake_that_holds_its_answers_holds_up_nothing_else() {
    let (backend, mut asked) = forwarding().await;
    let request = Recorded::named("v7-string-proxy-010-rum");
    let held = async {
        let mut held = vec![];
        while held.len() < 64 {
            held.push(asked.recv().await.unwrap().answer);
        }
        // As many as are under way at a time; the portal is asked meanwhile.
        assert_eq!(backend.get("/.backstage/health/v1/readiness").await.status, 200);
        held.into_iter().for_each(|answer| answer.send(StatusCode::ACCEPTED.into_response()).unwrap());
        while let Some(more) = asked.recv().await {
            more.answer.send(StatusCode::ACCEPTED.into_response()).unwrap();
        }
    };
    let all = futures_util::future::join_all((0..70).map(|_| request.send(&backend)));
    let answers = tokio::select! {
        answers = all => answers,
        () = held => unreachable!("the intake is asked as long as the backend runs"),
    };
    assert!(answers.iter().all(|answer| answer.status == 202));
}

#[tokio::test]
async fn rum_51_two_requests_of_a_client_wait_for_the_intake_and_others_go_on_by_themselves() {
    let (backend, mut asked) = forwarding().await;
    let request = Recorded::named("v7-string-proxy-010-rum");
    let send = || request.send(&backend);
    let held = async {
        let (first, second) = (asked.recv().await.unwrap(), asked.recv().await.unwrap());
        // The intake holds these; the next one is answered all the same, and arrives.
        assert_eq!(send().await.status, 202);
        let third = asked.recv().await.unwrap();
        for Asked { answer, .. } in [first, second, third] {
            answer.send(StatusCode::TOO_MANY_REQUESTS.into_response()).unwrap();
        }
    };
    let (first, second, ()) = tokio::join!(send(), send(), held);
    assert_eq!((first.status.as_u16(), second.status.as_u16()), (429, 429));
}
