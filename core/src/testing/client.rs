use std::{
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpStream},
    time::Duration,
};

/// Long enough for a busy machine; it only limits how long a broken receiver can hang a test.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A connection that sends HTTP/1.1 exactly as told, including what a well-behaved client would not
/// send.
///
/// # Examples
///
/// ```no_run
/// use trackingmore_webhook::testing::{Connection, Framing};
///
/// let mut connection = Connection::open(([127, 0, 0, 1], 3000).into())?;
/// let answer = connection.post("/webhooks/trackingmore", &[("signature", "x")], b"{}", Framing::Length)?;
/// assert_eq!(answer.status, 401);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Connection(BufReader<TcpStream>);

/// How the end of a body is marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// By `Content-Length`.
    Length,
    /// By `Transfer-Encoding: chunked`, in chunks of this many bytes.
    Chunked(usize),
}

/// The answer that came back.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers, with names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Connection {
    /// Connects to a receiver.
    ///
    /// # Errors
    ///
    /// As [`TcpStream::connect`].
    pub fn open(addr: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(addr)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.set_write_timeout(Some(TIMEOUT))?;
        stream.set_nodelay(true)?;
        Ok(Self(BufReader::new(stream)))
    }

    /// Sends a whole request and reads the answer.
    ///
    /// # Errors
    ///
    /// If no complete answer arrives. A write that fails because the answer came before the body
    /// was sent is not an error.
    pub fn post(
        &mut self,
        path: &str,
        headers: &[(impl AsRef<str>, impl AsRef<[u8]>)],
        body: &[u8],
        framing: Framing,
    ) -> io::Result<Answer> {
        let _ = self.send_post(path, headers, body, framing);
        self.read_answer()
    }

    /// Sends the head of a request: `extra` are whole header lines without their line breaks.
    ///
    /// # Errors
    ///
    /// If the connection does not take it.
    pub fn send_head(
        &mut self,
        path: &str,
        headers: &[(impl AsRef<str>, impl AsRef<[u8]>)],
        extra: &[&str],
    ) -> io::Result<()> {
        let mut head = format!("POST {path} HTTP/1.1\r\nhost: localhost\r\n").into_bytes();
        for (name, value) in headers {
            head.extend_from_slice(name.as_ref().as_bytes());
            head.extend_from_slice(b": ");
            head.extend_from_slice(value.as_ref());
            head.extend_from_slice(b"\r\n");
        }
        for line in extra {
            head.extend_from_slice(line.as_bytes());
            head.extend_from_slice(b"\r\n");
        }
        head.extend_from_slice(b"\r\n");
        self.send(&head)
    }

    /// Sends bytes unchanged.
    ///
    /// # Errors
    ///
    /// If the connection does not take them.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.get_mut().write_all(bytes)
    }

    /// Closes the sending side: nothing more will be sent.
    ///
    /// # Errors
    ///
    /// If the connection is closed already.
    pub fn finish_sending(&mut self) -> io::Result<()> {
        self.0.get_mut().shutdown(Shutdown::Write)
    }

    /// Reads an answer to its end.
    ///
    /// # Errors
    ///
    /// If the connection closes before the end, or what comes is not an HTTP/1 answer.
    pub fn read_answer(&mut self) -> io::Result<Answer> {
        loop {
            let mut answer = self.read_answer_head()?;
            if answer.status != 100 {
                answer.body = self.read_body(&answer)?;
                return Ok(answer);
            }
        }
    }

    /// Reads an answer that has no body, such as `100 Continue`, and returns its status.
    ///
    /// # Errors
    ///
    /// As [`read_answer`](Self::read_answer).
    pub fn read_interim(&mut self) -> io::Result<u16> {
        Ok(self.read_answer_head()?.status)
    }

    /// Waits for the other side to close the connection, and returns whether it did.
    #[must_use]
    pub fn is_closed(&mut self) -> bool {
        match self.0.fill_buf() {
            Ok(bytes) => bytes.is_empty(),
            Err(error) => error.kind() == io::ErrorKind::ConnectionReset,
        }
    }

    fn send_post(
        &mut self,
        path: &str,
        headers: &[(impl AsRef<str>, impl AsRef<[u8]>)],
        body: &[u8],
        framing: Framing,
    ) -> io::Result<()> {
        match framing {
            Framing::Length => {
                self.send_head(path, headers, &[&format!("content-length: {}", body.len())])?;
                self.send(body)
            }
            Framing::Chunked(size) => {
                self.send_head(path, headers, &["transfer-encoding: chunked"])?;
                let mut chunks = Vec::new();
                for chunk in body.chunks(size) {
                    chunks.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                    chunks.extend_from_slice(chunk);
                    chunks.extend_from_slice(b"\r\n");
                }
                chunks.extend_from_slice(b"0\r\n\r\n");
                self.send(&chunks)
            }
        }
    }

    fn read_answer_head(&mut self) -> io::Result<Answer> {
        let status_line = self.read_line()?;
        let status = status_line.split(' ').nth(1);
        let status = status.and_then(|word| word.parse().ok());
        Ok(Answer {
            status: status.ok_or(io::ErrorKind::InvalidData)?,
            headers: self.read_headers()?,
            body: Vec::new(),
        })
    }

    fn read_line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.0.read_line(&mut line)?;
        match line.strip_suffix("\r\n") {
            Some(line) => Ok(line.to_owned()),
            None => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    fn read_headers(&mut self) -> io::Result<Vec<(String, String)>> {
        let mut headers = Vec::new();
        loop {
            let line = self.read_line()?;
            if line.is_empty() {
                return Ok(headers);
            }
            let (name, value) = line.split_once(':').ok_or(io::ErrorKind::InvalidData)?;
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }

    fn read_body(&mut self, answer: &Answer) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        if let Some(len) = answer.header("content-length") {
            let len = len.parse().map_err(|_| io::ErrorKind::InvalidData)?;
            self.0.by_ref().take(len).read_to_end(&mut body)?;
            if body.len() as u64 != len {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        } else if answer.header("transfer-encoding").is_some() {
            loop {
                let len = u64::from_str_radix(&self.read_line()?, 16);
                let len = len.map_err(|_| io::ErrorKind::InvalidData)?;
                self.0.by_ref().take(len).read_to_end(&mut body)?;
                self.read_line()?;
                if len == 0 {
                    break;
                }
            }
        } else if answer.status != 204 {
            self.0.read_to_end(&mut body)?;
        }
        Ok(body)
    }
}

impl Answer {
    /// Returns the first value of a header, whose name is in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let header = self.headers.iter().find(|(key, _)| key == name);
        header.map(|(_, value)| value.as_str())
    }

    /// Returns whether the answer announces that the connection will be closed.
    #[must_use]
    pub fn announces_close(&self) -> bool {
        self.header("connection")
            .is_some_and(|value| value.eq_ignore_ascii_case("close"))
    }
}

#[cfg(test)]
mod tests {
    use std::{net::TcpListener, thread};

    use super::*;

    /// Connects to a server that reads one byte and then sends its part.
    fn connection(part: impl FnOnce(&mut TcpStream) + Send + 'static) -> Connection {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.read_exact(&mut [0]).unwrap();
            part(&mut stream);
        });
        let mut connection = Connection::open(addr).unwrap();
        connection.send(b"x").unwrap();
        connection
    }

    fn answering(text: &'static str) -> Connection {
        connection(move |stream| stream.write_all(text.as_bytes()).unwrap())
    }

    #[test]
    fn a_body_ends_where_its_framing_says() {
        for (text, body) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabc", "ab"),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\nd",
                "abc",
            ),
            ("HTTP/1.1 200 OK\r\n\r\nabcd", "abcd"),
            ("HTTP/1.1 204 No Content\r\n\r\nabcd", ""),
        ] {
            let answer = answering(text).read_answer().unwrap();
            assert_eq!(answer.body, body.as_bytes(), "{text}");
        }
    }

    #[test]
    fn half_an_answer_is_an_error() {
        for text in [
            "",
            "HTTP/1.1 200 OK",
            "HTTP/1.1\r\n\r\n",
            "HTTP/1.1 200 OK\r\nno header\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n",
        ] {
            assert!(answering(text).read_answer().is_err(), "{text}");
        }
    }

    #[test]
    fn interim_answers_are_skipped_unless_asked_for() {
        let text = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n";
        assert_eq!(answering(text).read_answer().unwrap().status, 204);
        let mut connection = answering(text);
        assert_eq!(connection.read_interim().unwrap(), 100);
        assert_eq!(connection.read_answer().unwrap().status, 204);
    }

    #[test]
    fn a_connection_is_closed_once_it_is_ended_or_reset_and_all_is_read() {
        let mut connection = answering("HTTP/1.1 204 No Content\r\n\r\n");
        assert!(!connection.is_closed());
        connection.read_answer().unwrap();
        assert!(connection.is_closed());

        // Closing with something unread resets the connection.
        let mut connection = self::connection(|stream| {
            stream.peek(&mut [0]).unwrap();
        });
        connection.send(b"unread").unwrap();
        assert!(connection.is_closed());
    }
}
