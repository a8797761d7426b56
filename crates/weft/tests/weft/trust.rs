//! Trust in certificates: real TLS on loopback, with a test authority.

use std::{
    fs,
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::Arc,
    thread,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::{ServerConfig, ServerConnection, StreamOwned, crypto::ring, pki_types::PrivatePkcs8KeyDer};

use crate::common::Home;

const ANSWER: &str = r#"{"choices":[{"message":{"content":"Hello!"},"finish_reason":"stop"}]}"#;

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority(name: &str) -> Authority {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn params(name: &str) -> CertificateParams {
    CertificateParams::new([name.to_owned()]).unwrap()
}

/// Starts a server with a certificate of these `params` that gives every request the same answer.
fn serve(authority: &Authority, params: CertificateParams) -> SocketAddr {
    let key = KeyPair::generate().unwrap();
    let chain = vec![params.signed_by(&key, authority).unwrap().der().clone()];
    let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A client that does not trust this server closes the connection.
            let _ = answer(ServerConnection::new(Arc::clone(&config)).unwrap(), stream);
        }
    });
    address
}

fn answer(connection: ServerConnection, stream: TcpStream) -> io::Result<()> {
    let mut stream = BufReader::new(StreamOwned::new(connection, stream));
    let mut length = 0;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line)?;
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().map_err(io::Error::other)?;
        }
        if line.trim().is_empty() {
            break;
        }
    }
    stream.read_exact(&mut vec![0; length])?;
    let mut stream = stream.into_inner();
    write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{ANSWER}",
        ANSWER.len()
    )?;
    stream.conn.send_close_notify();
    stream.flush()
}

/// Returns the output or the error of `weft` with a server at `host`, and with `authority` trusted.
fn chat(host: &str, address: SocketAddr, authority: Option<&Authority>) -> Result<String, String> {
    let home = Home::with_base(&format!("https://{host}:{}/v1", address.port()));
    let mut command = home.command(&["chat", "Hello!"]);
    if let Some(authority) = authority {
        let roots = home.path("roots.pem");
        let encoded = BASE64_STANDARD.encode(authority.der());
        fs::write(
            &roots,
            format!("-----BEGIN CERTIFICATE-----\n{encoded}\n-----END CERTIFICATE-----\n"),
        )
        .unwrap();
        command.env("SSL_CERT_FILE", roots);
    }
    let output = command.output().unwrap();
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    if output.status.success() {
        Ok(said)
    } else {
        Err(said)
    }
}

#[test]
fn trusts_authority_of_the_user() {
    let authority = authority("the user's own");
    let address = serve(&authority, params("localhost"));
    assert_eq!(
        chat("localhost", address, Some(&authority)),
        Ok("Hello!\n".to_owned())
    );
}

#[test]
fn names_reason_of_untrusted_certificate() {
    let (known, unknown) = (authority("known"), authority("unknown"));
    let mut expired = params("localhost");
    (expired.not_before, expired.not_after) = (date_time_ymd(2000, 1, 1), date_time_ymd(2001, 1, 1));
    for (signed_by, params, trusted, reason) in [
        (
            &unknown,
            params("localhost"),
            Some(&known),
            "its issuer is not known",
        ),
        (&unknown, params("localhost"), None, "its issuer is not known"),
        (
            &known,
            params("elsewhere.test"),
            Some(&known),
            "it is for another name",
        ),
        (&known, expired, Some(&known), "it has expired"),
    ] {
        let said = chat("localhost", serve(signed_by, params), trusted).unwrap_err();
        let words = "error: HTTP unavailable: TLS failed: the server's certificate is not trusted";
        assert!(
            said.starts_with(&format!("{words} ({reason}); provider ")),
            "{said}"
        );
    }
}

#[test]
fn refuses_server_without_tls() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    let said = chat("localhost", address, None).unwrap_err();
    let words = "error: HTTP unavailable: TLS failed: the server does not speak it; provider ";
    assert!(said.starts_with(words), "{said}");
}

#[test]
fn refuses_file_without_certificates() {
    let home = Home::new("ok");
    let file = home.path("roots.pem");
    let run = || {
        let output = home
            .command(&["chat", "Hello!"])
            .env("SSL_CERT_FILE", &file)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    };
    let said = run();
    assert!(
        said.starts_with("error: cannot read `") && said.contains("no such file"),
        "{said}"
    );
    for text in [
        "no certificate at all",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ] {
        fs::write(&file, text).unwrap();
        let said = run();
        assert!(
            said.contains("roots.pem`, named by `SSL_CERT_FILE`, holds no usable certificate"),
            "{said}"
        );
    }
}
