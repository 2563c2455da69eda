//! A proxy in front of a server, which cuts connections or stops answering.

use std::{
    collections::VecDeque,
    io,
    sync::{Arc, Mutex},
};

use tempfile::TempDir;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpStream, UnixListener, UnixStream},
    sync::watch,
};
use trackingmore_webhook_inbox::sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgPoolOptions, PgSslMode},
};

use crate::support::ms;

pub(crate) struct Proxy {
    options: PgConnectOptions,
    cuts: Arc<Mutex<Cuts>>,
    frozen: watch::Sender<bool>,
    _folder: TempDir,
}

/// The messages at which to cut, each counted from the previous one.
type Cuts = VecDeque<(u16, Cut)>;

#[derive(Clone, Copy)]
pub(crate) enum Cut {
    BeforeTheServerSeesIt,
    BeforeTheAnswer,
    /// The connection stays open, but nothing passes any more.
    Silence,
}

impl Proxy {
    pub(crate) async fn before(server: PgConnectOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join(".s.PGSQL.5432")).unwrap();
        let options = server.clone().socket(folder.path()).port(5432);
        let options = options.ssl_mode(PgSslMode::Disable);
        let cuts = Arc::<Mutex<Cuts>>::default();
        let (frozen, is_frozen) = watch::channel(false);
        tokio::spawn({
            let cuts = Arc::clone(&cuts);
            async move {
                while let Ok((client, _)) = listener.accept().await {
                    let (server, cuts) = (server.clone(), Arc::clone(&cuts));
                    let is_frozen = is_frozen.clone();
                    tokio::spawn(async move {
                        // Either side may close the connection at any time.
                        let _ = match server.get_socket() {
                            Some(folder) => {
                                let socket = format!(".s.PGSQL.{}", server.get_port());
                                let server = UnixStream::connect(folder.join(socket)).await?;
                                relay(client, server, &cuts, is_frozen).await
                            }
                            None => {
                                let address = (server.get_host(), server.get_port());
                                let server = TcpStream::connect(address).await?;
                                relay(client, server, &cuts, is_frozen).await
                            }
                        };
                        io::Result::Ok(())
                    });
                }
            }
        });
        Self {
            options,
            cuts,
            frozen,
            _folder: folder,
        }
    }

    /// Returns a pool of connections through the proxy.
    pub(crate) fn pool(&self) -> PgPool {
        let options = PgPoolOptions::new()
            .max_connections(4)
            .acquire_timeout(ms(5_000));
        options.connect_lazy_with(self.options.clone())
    }

    /// Cuts the connection at the n-th message from now, then at the n-th after that, and so on.
    pub(crate) fn cut_at(&self, messages: impl IntoIterator<Item = (u16, Cut)>) {
        *self.cuts.lock().unwrap() = messages.into_iter().collect();
    }

    pub(crate) fn cut_no_more(&self) {
        self.cut_at([]);
    }

    /// While frozen, connections stay open but no message passes.
    pub(crate) fn freeze(&self, frozen: bool) {
        self.frozen.send_replace(frozen);
    }
}

/// Counts a message. Returns how to cut the connection at it, if at all.
fn count(cuts: &Mutex<Cuts>) -> Option<Cut> {
    let mut cuts = cuts.lock().unwrap();
    let (left, cut) = cuts.front_mut()?;
    *left = left.saturating_sub(1);
    let cut = (*left == 0).then_some(*cut);
    if cut.is_some() {
        cuts.pop_front();
    }
    cut
}

async fn relay<S: AsyncRead + AsyncWrite + Unpin>(
    client: UnixStream,
    server: S,
    cuts: &Mutex<Cuts>,
    mut frozen: watch::Receiver<bool>,
) -> io::Result<()> {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = tokio::io::split(server);
    let answers = async {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let size = from_server.read(&mut buffer).await?;
            if size == 0 {
                return io::Result::Ok(());
            }
            to_client.write_all(&buffer[..size]).await?;
        }
    };
    let messages = async {
        // The first message has no type byte before its length.
        let mut head = 0;
        loop {
            let message = message(&mut from_client, head).await?;
            let _ = frozen.wait_for(|frozen| !frozen).await;
            head = 1;
            match count(cuts) {
                None => to_server.write_all(&message).await?,
                Some(Cut::BeforeTheServerSeesIt) => return Ok(()),
                Some(Cut::BeforeTheAnswer) => {
                    to_server.write_all(&message).await?;
                    return Ok(());
                }
                Some(Cut::Silence) => std::future::pending().await,
            }
        }
    };
    tokio::select! {
        result = answers => return result,
        result = messages => { let _: io::Result<()> = result; }
    }
    drop(to_client);
    // The server runs what it has received before it notices that the client is gone.
    to_server.shutdown().await?;
    let mut rest = vec![0; 64 * 1024];
    while from_server.read(&mut rest).await? > 0 {}
    Ok(())
}

/// Reads one message: a type of `head` bytes, then a length, which counts its own 4 bytes, then the
/// rest.
async fn message(from: &mut (impl AsyncRead + Unpin), head: usize) -> io::Result<Vec<u8>> {
    let mut message = vec![0; head + 4];
    from.read_exact(&mut message).await?;
    let length = u32::from_be_bytes(message[head..].try_into().unwrap()) as usize;
    message.resize(head + length, 0);
    from.read_exact(&mut message[head + 4..]).await?;
    Ok(message)
}
