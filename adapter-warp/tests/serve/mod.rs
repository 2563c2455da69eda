//! Serves routes for a test.

#![allow(clippy::unwrap_used)]

use std::{
    net::{SocketAddr, TcpListener},
    thread,
};

use warp::{Filter, Reply};

/// Serves on a free port of the loopback interface until the process ends.
pub(crate) fn in_background<F>(routes: F) -> SocketAddr
where
    F: Filter<Extract: Reply, Error = warp::Rejection> + Clone + Send + Sync + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let addr = listener.local_addr().unwrap();
    thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            warp::serve(routes).incoming(listener).run().await;
        });
    });
    addr
}
