//! Accepting connections, and closing them.

use std::{io, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::{net::TcpListener, sync::watch, time::sleep};

/// How long the head of a request may take to arrive, and its body.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// Serves until `stop`, and then until the requests that have arrived are answered.
pub(super) async fn serve(listener: TcpListener, app: Router, mut stop: watch::Receiver<bool>) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(PATIENCE);
    let connections = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            _ = stop.wait_for(|stop| *stop) => break,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else {
            // Such as too many open files. Wait until some are closed.
            sleep(Duration::from_millis(100)).await;
            continue;
        };
        let app = TowerToHyperService::new(app.clone());
        let connection = http.serve_connection(TokioIo::new(stream), app);
        // An error here means that the client closed the connection.
        tokio::spawn(connections.watch(connection));
    }
    drop(listener);
    connections.shutdown().await;
}

/// Waits for Ctrl-C or SIGTERM, from the moment of the call.
#[cfg(unix)]
pub(super) fn stopped() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut interrupted = signal(SignalKind::interrupt())?;
    let mut terminated = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupted.recv() => {}
            _ = terminated.recv() => {}
        }
    })
}

#[cfg(windows)]
pub(super) fn stopped() -> io::Result<impl Future<Output = ()>> {
    let mut interrupted = tokio::signal::windows::ctrl_c()?;
    Ok(async move {
        interrupted.recv().await;
    })
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpStream,
        time::timeout,
    };

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_head_that_does_not_come_to_its_end_is_given_up() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let app = Router::new().fallback(async || StatusCode::NO_CONTENT);
        let (_stop, stopping) = watch::channel(false);
        tokio::spawn(serve(listener, app, stopping));
        let mut client = TcpStream::connect(addr).await.unwrap();
        client.write_all(b"POST / HTTP/1.1\r\nHost:").await.unwrap();
        // Paused time advances when all tasks wait.
        let mut answer = Vec::new();
        let closed = timeout(2 * PATIENCE, client.read_to_end(&mut answer)).await;
        assert_eq!(closed.unwrap().unwrap(), 0);
    }
}
