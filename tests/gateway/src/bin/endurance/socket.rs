//! A WebSocket of which the bytes come back.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::{Duration, sleep, timeout},
};

use crate::{
    client::{self, Client, Fault},
    exchange::{End, Got, Request},
    kind::{Kind, PATIENCE},
    outcome::Outcome,
};

/// What Node says when we have closed our side.
const GOODBYE: &str = "and half of it closed";

/// Says so many things, each when the one before has come back, and closes.
pub(crate) async fn talk(
    client: &mut Client,
    request: &Request,
    nonce: &str,
    turns: u64,
    pause: Duration,
) -> Outcome {
    let talking = async {
        client.writer.write_all(request.head.as_bytes()).await?;
        let head = client::head(&mut client.reader).await?;
        if head.status != 101 {
            let mut text = Vec::new();
            client::body(&mut client.reader, &head, async |bytes| {
                text.extend_from_slice(bytes);
                Ok(())
            })
            .await?;
            let got =
                Got { length: text.len() as u64, head: Some(head), text, end: End::Whole, is_sent: true };
            // It is asked for no kind: there is no answer of a route.
            return Ok(Outcome::of(&Kind::Silent, nonce, &got));
        }
        for turn in 0..turns {
            let said = format!("{nonce} {turn}\n");
            // Node may be gone.
            if client.writer.write_all(said.as_bytes()).await.is_err() {
                return Ok(Outcome::Cut);
            }
            let mut heard = vec![0; said.len()];
            match timeout(PATIENCE, client.reader.read_exact(&mut heard)).await {
                Ok(Ok(_)) => {}
                Ok(Err(_)) => return Ok(Outcome::Cut),
                Err(_) => return Ok(Outcome::Hung),
            }
            if heard != said.as_bytes() {
                return Ok(Outcome::Misdelivered(format!("in a tunnel: {}", heard.escape_ascii())));
            }
            sleep(pause).await;
        }
        let mut rest = Vec::new();
        let _ = client.writer.shutdown().await;
        let ended = client.reader.read_to_end(&mut rest).await;
        Ok(match ended {
            Ok(_) if rest == GOODBYE.as_bytes() => Outcome::Answered,
            _ if GOODBYE.as_bytes().starts_with(&rest) => Outcome::Cut,
            _ => Outcome::Misdelivered(format!("in a tunnel: {}", rest.escape_ascii())),
        })
    };
    talking.await.unwrap_or_else(|fault| match fault {
        Fault::Ended => Outcome::Closed,
        Fault::Malformed(why) => Outcome::Malformed(why),
    })
}
