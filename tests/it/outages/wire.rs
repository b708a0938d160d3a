//! A line between the bot and a double, on which requests and answers are cut, lost, halved, slowed or replaced.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What becomes of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The connection ends before the request arrives.
    Cut,
    /// It is served, and the connection ends before the answer.
    Lost,
    /// It is served, and the answer ends in its middle.
    Half,
    /// It is served, and the answer comes byte by byte.
    Slow,
    /// It is served, and nothing is ever answered.
    Silent,
    /// It is served, and what is answered is no HTTP, as of a handshake that fails.
    Noise,
    /// It never arrives: this is answered.
    Instead(Answer),
    /// It is served, and this is answered.
    After(Answer),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: &'static str,
    /// Lines, each with its end.
    pub headers: &'static str,
    pub body: &'static str,
}

impl Answer {
    fn bytes(self) -> Vec<u8> {
        let Self { status, headers, body } = self;
        let length = body.len();
        format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}")
            .into_bytes()
    }
}

/// Method, how the path ends (or, with a slash at its end, what stands in it), and the fault.
pub type Planted = (&'static str, &'static str, Fault);

#[derive(Clone)]
pub struct Wire {
    pub at: SocketAddr,
    to: SocketAddr,
    planted: Arc<Mutex<Vec<Planted>>>,
}

impl Wire {
    pub async fn to(to: SocketAddr) -> Self {
        let (listener, at) = crate::world::listener().await;
        let wire = Self { at, to, planted: Arc::default() };
        tokio::spawn(wire.clone().listen(listener));
        wire
    }

    fn planted(&self) -> MutexGuard<'_, Vec<Planted>> {
        self.planted.lock().expect("a lock")
    }

    pub fn plant(&self, faults: &[Planted]) {
        self.planted().extend(faults);
    }

    /// Faults that nothing has met yet.
    pub fn unmet(&self) -> Vec<Planted> {
        self.planted().clone()
    }

    async fn listen(self, listener: TcpListener) {
        while let Ok((near, _)) = listener.accept().await {
            let wire = self.clone();
            // Whoever ends a connection early is not answered.
            tokio::spawn(async move { wire.serve(near).await.ok() });
        }
    }

    /// The first fault that fits, which is taken.
    fn fault(&self, head: &str) -> Option<Fault> {
        let mut words = head.split(' ');
        let (method, target) = (words.next()?, words.next()?);
        let path = target.split('?').next()?;
        let fits = |(of, part, _): &Planted| {
            *of == method && if part.ends_with('/') { path.contains(*part) } else { path.ends_with(*part) }
        };
        let mut planted = self.planted();
        let at = planted.iter().position(fits)?;
        Some(planted.remove(at).2)
    }

    /// One request a connection.
    async fn serve(self, mut near: TcpStream) -> std::io::Result<()> {
        let Some((head, body)) = request(&mut near).await? else { return Ok(()) };
        let fault = self.fault(&head);
        match fault {
            Some(Fault::Cut) => return Ok(()),
            Some(Fault::Instead(answer)) => return near.write_all(&answer.bytes()).await,
            _ => {}
        }
        let mut far = TcpStream::connect(self.to).await?;
        let (first, rest) = head.split_once("\r\n").unwrap_or((&head, ""));
        far.write_all(format!("{first}\r\nconnection: close\r\n{rest}").as_bytes()).await?;
        far.write_all(&body).await?;
        let mut answer = Vec::new();
        far.read_to_end(&mut answer).await?;
        match fault {
            Some(Fault::Lost) => Ok(()),
            Some(Fault::Half) => {
                let begins = end_of_head(&answer).unwrap_or(0);
                near.write_all(&answer[..begins + (answer.len() - begins) / 2]).await
            }
            Some(Fault::Slow) => {
                for byte in &answer {
                    near.write_all(std::slice::from_ref(byte)).await?;
                    tokio::task::yield_now().await;
                }
                Ok(())
            }
            Some(Fault::Silent) => std::future::pending().await,
            Some(Fault::Noise) => near.write_all(b"\x15\x03\x03\x00\x02\x02\x28").await,
            Some(Fault::After(other)) => near.write_all(&other.bytes()).await,
            Some(Fault::Cut | Fault::Instead(_)) | None => near.write_all(&answer).await,
        }
    }
}

fn end_of_head(bytes: &[u8]) -> Option<usize> {
    memchr::memmem::find(bytes, b"\r\n\r\n").map(|at| at + 4)
}

/// A whole request, as its head and its body came; none where the other side has nothing more to say.
async fn request(near: &mut TcpStream) -> std::io::Result<Option<(String, Vec<u8>)>> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = end_of_head(&bytes) {
            break end;
        }
        if near.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let header = |name: &str| {
        let mut lines = head.lines().filter_map(|line| line.split_once(':'));
        lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim().to_owned())
    };
    let length: usize = header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let in_pieces = header("transfer-encoding").is_some();
    let whole = |bytes: &[u8]| if in_pieces { bytes.ends_with(b"0\r\n\r\n") } else { bytes.len() >= end + length };
    while !whole(&bytes) {
        if near.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
    }
    let body = bytes.split_off(end);
    Ok(Some((head, body)))
}
