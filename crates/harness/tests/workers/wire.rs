//! A way to a server that can fall silent: connections stay open and nothing comes through.

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::JoinSet,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    Frozen,
}

pub(crate) struct Wire {
    port: u16,
    state: watch::Sender<State>,
    _carrying: JoinSet<()>,
}

impl Wire {
    pub(crate) async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (state, seen) = watch::channel(State::Open);
        let mut carrying = JoinSet::new();
        let own = listener.local_addr().unwrap().port();
        carrying.spawn(async move {
            let mut pairs = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let seen = seen.clone();
                pairs.spawn(async move {
                    if let Ok(server) = TcpStream::connect(("127.0.0.1", port)).await {
                        carry(stream, server, seen).await;
                    }
                });
            }
        });
        Self {
            port: own,
            state,
            _carrying: carrying,
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// From now on nothing comes through, and nobody is told.
    pub(crate) fn freeze(&self) {
        self.state.send_replace(State::Frozen);
    }

    /// New connections work again; those that were open break.
    pub(crate) fn mend(&self) {
        self.state.send_replace(State::Open);
    }
}

async fn carry(client: TcpStream, server: TcpStream, seen: watch::Receiver<State>) {
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let there = pass(from_client, to_server, seen.clone());
    let back = pass(from_server, to_client, seen);
    tokio::select! {
        () = there => {}
        () = back => {}
    }
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut seen: watch::Receiver<State>) {
    let mut piece = vec![0; 64 * 1024];
    loop {
        let read = tokio::select! {
            read = from.read(&mut piece) => Some(read),
            () = until(&mut seen, State::Frozen) => None,
        };
        let Some(read) = read else {
            until(&mut seen, State::Open).await;
            return;
        };
        match read {
            Ok(length @ 1..) if to.write_all(&piece[..length]).await.is_ok() => {}
            _ => return,
        }
    }
}

async fn until(seen: &mut watch::Receiver<State>, wanted: State) {
    let _ = seen.wait_for(|state| *state == wanted).await;
}
