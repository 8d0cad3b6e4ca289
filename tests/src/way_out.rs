//! A proxy as a house has one (RFC 9110, section 9.3.6), which leads every name to one address:
//! to a service of the internet that a test has at home.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// See the module. It ends when it is dropped.
pub struct WayOut {
    url: String,
    task: JoinHandle<()>,
}

impl WayOut {
    /// Leads to this address, whatever is asked for.
    pub async fn to(address: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(lead(client, address));
            }
        });
        Self { url, task }
    }

    /// As `egress.proxy` writes it.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for WayOut {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn lead(mut client: TcpStream, address: SocketAddr) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match client.read_u8().await {
            Ok(octet) if head.len() < 8_192 => head.push(octet),
            _ => return,
        }
    }
    if !head.starts_with(b"CONNECT ") {
        let _ = client.write_all(b"HTTP/1.1 405 Method Not Allowed\r\ncontent-length: 0\r\n\r\n").await;
        return;
    }
    let Ok(mut there) = TcpStream::connect(address).await else { return };
    // else the end of an answer waits for an acknowledgement that is held back
    _ = client.set_nodelay(true).and(there.set_nodelay(true));
    if client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.is_ok() {
        // whoever ends it first ends it
        let _ = copy_bidirectional(&mut client, &mut there).await;
    }
}
