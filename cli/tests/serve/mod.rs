//! Serves routes in the background, on a free port.

use std::{
    net::{Ipv4Addr, TcpListener},
    thread,
};

use axum::Router;

/// Serves routes of which `/hook` is a receiver, and tells the receiver's URL.
pub(crate) fn serve_router(app: Router) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.set_nonblocking(true).unwrap();
    let addr = listener.local_addr().unwrap();
    thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            axum::serve(listener, app).await.unwrap();
        });
    });
    format!("http://{addr}/hook")
}
