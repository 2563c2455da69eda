//! Serves an application for a test.

#![allow(clippy::unwrap_used)]

use std::{
    net::{SocketAddr, TcpListener},
    thread,
};

use axum::Router;

/// Serves on a free port of the loopback interface until the process ends.
pub(crate) fn in_background(app: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let addr = listener.local_addr().unwrap();
    thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            axum::serve(listener, app).await
        })
    });
    addr
}
