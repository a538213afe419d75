//! Calls the service over many connections at once, until it does not answer any more.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::Result;
use crate::service::EVENT_ID;

const CONNECTIONS: usize = 50;

pub async fn run(address: SocketAddr) -> Result<()> {
    let mut connections = JoinSet::new();
    for number in 0..CONNECTIONS {
        connections.spawn(call(address, number));
    }
    while let Some(ended) = connections.join_next().await {
        // The service was killed, which is how this ends.
        let _ = ended?;
    }
    Ok(())
}

/// Sends one request after the other, and prints the identifier of each that was
/// answered: what the service has promised to have recorded.
async fn call(address: SocketAddr, number: usize) -> Result<()> {
    let mut connection = TcpStream::connect(address).await?;
    for turn in number.. {
        connection.write_all(request(turn).as_bytes()).await?;
        let head = response_head(&mut connection).await?;
        let (status, id) = parse(&head).ok_or("not a response of the service")?;
        if status != "503" {
            println!("{id}");
        }
    }
    Ok(())
}

fn request(turn: usize) -> String {
    let trace = "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let head = format!("host: localhost\r\nx-user: user-{turn}\r\n{trace}\r\n");
    let login = |password| {
        let body = format!("{{\"user\":\"user-{turn}\",\"password\":\"{password}\"}}");
        format!(
            "POST /login HTTP/1.1\r\n{head}content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    match turn % 4 {
        0 => login("correct horse"),
        1 => login("wrong"),
        2 => format!("DELETE /admin/users/{turn} HTTP/1.1\r\n{head}\r\n"),
        _ => format!("GET /export HTTP/1.1\r\n{head}\r\n"),
    }
}

/// Reads up to the end of the headers. The answers of this service have no body.
async fn response_head(connection: &mut TcpStream) -> Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(connection.read_u8().await?);
    }
    Ok(String::from_utf8(head)?)
}

fn parse(head: &str) -> Option<(&str, &str)> {
    let status = head.split(' ').nth(1)?;
    let id = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        (name == EVENT_ID.as_str()).then_some(value)
    })?;
    Some((status, id))
}
