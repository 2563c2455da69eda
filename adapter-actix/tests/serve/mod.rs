//! Serves an application for a test.

#![allow(clippy::unwrap_used)]

use std::{
    net::{SocketAddr, TcpListener},
    thread,
};

use actix_web::{App, HttpServer, web::ServiceConfig};

/// Serves on a free port of the loopback interface until the process ends.
pub(crate) fn in_background(
    configure: impl Fn(&mut ServiceConfig) + Clone + Send + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    thread::spawn(move || {
        let app = move || App::new().configure(configure.clone());
        let server = HttpServer::new(app).workers(1).disable_signals();
        actix_web::rt::System::new().block_on(server.listen(listener).unwrap().run())
    });
    addr
}
