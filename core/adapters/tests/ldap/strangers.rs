//! Servers that are no directories, or evil ones.

use std::time::Instant;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

/// A server that answers every request with these octets, or with nothing.
async fn stranger(answer: Vec<u8>) -> LdapAccess {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut request = [0; 4_096];
                while stream.read(&mut request).await.is_ok_and(|read| read > 0) {
                    if stream.write_all(&answer).await.is_err() {
                        break;
                    }
                }
            });
        }
    });
    LdapAccess {
        servers: vec![format!("ldap://127.0.0.1:{port}")],
        start_tls: false,
        clear_text: true,
        ca_file: None,
        bind: bind("cn=a", PASSWORD),
        connect_timeout: Duration::from_millis(300),
        operation_timeout: Duration::from_millis(300),
    }
}

#[tokio::test]
async fn what_is_no_directory_is_unavailable() {
    // deeper than any stack: each level holds the rest
    let mut deep = vec![0x05, 0];
    while deep.len() < 100_000 {
        let length = u32::try_from(deep.len()).unwrap().to_be_bytes();
        let head = [&[0x30, 0x84][..], &length].concat();
        deep.splice(0..0, head);
    }
    let answers: [(&str, Vec<u8>); 6] = [
        ("silence", Vec::new()),
        ("another protocol", b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()),
        ("nesting", deep),
        ("a message without operation", vec![0x30, 3, 2, 1, 1]),
        ("an operation that is none", vec![0x30, 6, 2, 1, 1, 0x61, 1, 5]),
        ("a message of four gigabytes", vec![0x30, 0x84, 0xff, 0xff, 0xff, 0xff]),
    ];
    for (what, answer) in answers {
        let clear = stranger(answer).await;
        for access in [LdapAccess { start_tls: true, ..clear.clone() }, clear] {
            let begun = Instant::now();
            let failure = refused(&access).await;
            assert_eq!(failure.kind, FailKind::Unavailable, "{what}: {failure}");
            assert!(begun.elapsed() < Duration::from_secs(3), "{what}: {:?}", begun.elapsed());
        }
    }
}

#[tokio::test]
async fn words_slipped_in_before_tls_are_not_taken_for_the_servers() {
    // "yes" to StartTLS, and at once an answer to the bind that is still to come
    let yes = [0x30, 12, 2, 1, 1, 0x78, 7, 10, 1, 0, 4, 0, 4, 0];
    let bound = [0x30, 12, 2, 1, 1, 0x61, 7, 10, 1, 0, 4, 0, 4, 0];
    let evil = LdapAccess { start_tls: true, ..stranger([yes, bound].concat()).await };
    let failure = refused(&evil).await;
    assert_eq!(failure.kind, FailKind::Unavailable, "{failure}");
}

#[tokio::test]
async fn a_flood_of_entries_ends_at_the_limit() {
    let bound = [0x30, 12, 2, 1, 1, 0x61, 7, 10, 1, 0, 4, 0, 4, 0];
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut access = stranger(Vec::new()).await;
    access.servers = vec![format!("ldap://127.0.0.1:{}", listener.local_addr().unwrap().port())];
    access.operation_timeout = Duration::from_secs(20);
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = [0; 4_096];
        assert!(stream.read(&mut request).await.unwrap() > 0);
        stream.write_all(&bound).await.unwrap();
        assert!(stream.read(&mut request).await.unwrap() > 0);
        // an entry with a name and no attributes, again and again
        let entry = [0x30, 10, 2, 1, 2, 0x64, 5, 4, 1, b'a', 0x30, 0].repeat(1_000);
        while stream.write_all(&entry).await.is_ok() {}
    });
    let mut connection = connect(&access).await;
    let failure = connection.search(query()).await.unwrap_err();
    assert_eq!(failure.kind, FailKind::Limit, "{failure}");
}
