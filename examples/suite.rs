//! Puts an example to the suite for receivers, as it is. Included beside `process.rs`.

use std::{net::SocketAddr, thread};

use trackingmore_webhook::{
    Verifier,
    testing::conformance::{self, Receiver},
};

use crate::process::Server;

/// Checks a server that makes its own verifier, from the secret of the suite.
pub(crate) fn check(server: Server, path: &'static str, accepts_unread: bool) {
    let Server {
        process,
        lines,
        addr,
    } = server;
    // A server whose lines nobody reads stops when there is no room for more.
    thread::spawn(|| lines.for_each(drop));
    conformance::run_with_secret(&Example {
        addr,
        path,
        accepts_unread,
    });
    drop(process);
}

struct Example {
    addr: SocketAddr,
    path: &'static str,
    accepts_unread: bool,
}

impl Receiver for Example {
    fn serve(&self, _: Verifier) -> SocketAddr {
        self.addr
    }

    fn path(&self) -> &str {
        self.path
    }

    fn accepts_unread(&self) -> bool {
        self.accepts_unread
    }
}
