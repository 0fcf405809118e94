//! The mailbox's front door: SMTP (RFC 5321) on a loopback address. What is said on a connection is
//! [`session`]'s; here are the bounds: how many connections, how long a silence, how many bytes.
//!
//! No mail is relayed and nobody is asked for a password: whoever reaches this machine's loopback
//! may write to anybody.

mod session;

use super::Mailbox;
use crate::loopback;
use anyhow::Context as _;
use frontdesk_process::{Shutdown, clock};
use session::{Session, Step};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};

/// Larger mails are refused: nothing Frontdesk writes comes near it, and five hundred are kept.
pub const MAX_MAIL_BYTES: usize = 2 * 1024 * 1024;
/// At once. A mail worker needs a handful.
const CONNECTIONS: usize = 32;
/// How long a client may say nothing, or refuse to read.
const SILENCE: Duration = Duration::from_secs(60);
/// What one connection may send in all; a client that sends for ever is cut off.
const CONNECTION_BYTES: usize = 64 * 1024 * 1024;
/// How long to leave the accept queue alone when the process has no file descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Takes mail until shutdown; the address is bound when this returns.
///
/// # Errors
/// When the address is taken or open to others.
pub async fn serve(
    listen: SocketAddr,
    mailbox: Arc<Mailbox>,
    shutdown: Shutdown,
) -> anyhow::Result<SocketAddr> {
    let listen = loopback::listener(listen)?;
    let listener = TcpListener::bind(listen)
        .await
        .with_context(|| format!("listening for mail on {listen}"))?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        let accepted = accept(listener, mailbox, shutdown.clone());
        shutdown.run_until_cancelled(accepted).await;
    });
    Ok(address)
}

async fn accept(listener: TcpListener, mailbox: Arc<Mailbox>, shutdown: Shutdown) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok((mut stream, _)) = listener.accept().await else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            // Best effort: a client that does not read this sees the connection end all the same.
            let _ = stream.try_write(session::BUSY.as_bytes());
            let _ = stream.shutdown().await;
            continue;
        };
        let (mailbox, shutdown) = (Arc::clone(&mailbox), shutdown.clone());
        tokio::spawn(async move {
            let conversation = converse(stream, mailbox);
            if let Some(Err(error)) = shutdown.run_until_cancelled(conversation).await {
                tracing::debug!(%error, "an SMTP connection broke");
            }
            drop(place);
        });
    }
}

/// One connection from greeting to goodbye.
async fn converse(mut stream: TcpStream, mailbox: Arc<Mailbox>) -> anyhow::Result<()> {
    stream.set_nodelay(true)?;
    let mut session = Session::default();
    say(&mut stream, session::GREETING).await?;
    let mut heard = vec![0; 16 * 1024];
    let mut total = 0;
    loop {
        let Ok(read) = tokio::time::timeout(SILENCE, stream.read(&mut heard)).await else {
            return say(&mut stream, session::TOO_SLOW).await;
        };
        let read = read?;
        total += read;
        if read == 0 {
            return Ok(());
        }
        if total > CONNECTION_BYTES {
            return say(&mut stream, session::TOO_MUCH).await;
        }
        if hear(&mut stream, &mut session, &heard[..read], &mailbox).await? {
            return Ok(());
        }
    }
}

/// Everything in these bytes, pipelined commands included; whether that was the last.
async fn hear(
    stream: &mut TcpStream,
    session: &mut Session,
    heard: &[u8],
    mailbox: &Arc<Mailbox>,
) -> anyhow::Result<bool> {
    let mut bytes = heard.iter();
    let mut answers = String::new();
    loop {
        match session.next(&mut bytes) {
            Step::Listen => {
                say(stream, &answers).await?;
                return Ok(false);
            }
            Step::Say(answer) => answers.push_str(answer),
            Step::End(answer) => {
                answers.push_str(answer);
                say(stream, &answers).await?;
                stream.shutdown().await?;
                return Ok(true);
            }
            Step::Keep(envelope, source) => {
                let mailbox = Arc::clone(mailbox);
                let kept = tokio::task::spawn_blocking(move || {
                    mailbox.keep(envelope, &source, clock::now())
                });
                match kept.await.context("keeping a mail").flatten() {
                    Ok(letter) => {
                        tracing::info!(mail = letter.id, "a mail arrived");
                        answers.push_str(session::KEPT);
                    }
                    Err(error) => {
                        tracing::error!(%error, "a mail cannot be kept");
                        answers.push_str(session::NOT_KEPT);
                    }
                }
            }
        }
    }
}

async fn say(stream: &mut TcpStream, answers: &str) -> anyhow::Result<()> {
    tokio::time::timeout(SILENCE, stream.write_all(answers.as_bytes()))
        .await
        .context("waiting for a client to read")??;
    Ok(())
}
