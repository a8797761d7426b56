//! TLS in front of a plain server, with a port for each certificate.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write as _},
    net::Ipv4Addr,
    process::ExitCode,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional},
    net::{TcpListener, TcpStream},
    runtime::Runtime,
};
use tokio_rustls::TlsAcceptor;
use wasmtime::{Result, error::Context as _};

use crate::certificates::{AUTHORITY, Authority, NAME, Presented};

/// Writes the authority's certificate into the current directory, prints the addresses as one line of JSON,
/// and forwards connections to the port `upstream` of loopback. Ends when standard input ends, together with
/// the parent process.
pub(crate) fn serve(upstream: u16) -> Result<ExitCode> {
    let runtime = Runtime::new().context("could not start the runtime")?;
    let signer = Authority::new("the authority of the tests")?;
    fs::write(AUTHORITY, signer.certificate()).with_context(|| format!("could not write `{AUTHORITY}`"))?;
    let mut addresses = BTreeMap::new();
    let mut listen = |name| -> Result<TcpListener> {
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)));
        let listener = listener.context("could not listen on loopback")?;
        addresses.insert(name, format!("https://{NAME}:{}", listener.local_addr()?.port()));
        Ok(listener)
    };
    for (presented, name) in Presented::ALL {
        let acceptor = signer.acceptor(presented)?;
        runtime.spawn(accept(listen(name)?, move |client| {
            relay(client, acceptor.clone(), upstream)
        }));
    }
    runtime.spawn(accept(listen("plain")?, answer_plainly));
    println!("{}", serde_json::to_string(&addresses)?);
    io::stdout().flush()?;
    // An error is an end as well.
    let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
    Ok(ExitCode::SUCCESS)
}

/// Passes each client to `serve`. Clients that hang up, for example because of a certificate, are part of the
/// tests, so errors of connections are not reported.
async fn accept<F>(listener: TcpListener, serve: impl Fn(TcpStream) -> F)
where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    loop {
        match listener.accept().await {
            Ok((client, _)) => drop(tokio::spawn(serve(client))),
            Err(error) => eprintln!("test-host: could not accept a connection: {error}"),
        }
    }
}

/// Speaks TLS with `client`, and forwards its data.
async fn relay(client: TcpStream, acceptor: TlsAcceptor, upstream: u16) -> io::Result<()> {
    client.set_nodelay(true)?;
    let mut client = acceptor.accept(client).await?;
    let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, upstream)).await?;
    server.set_nodelay(true)?;
    copy_bidirectional(&mut client, &mut server).await.map(drop)
}

/// Answers a TLS client as a server without TLS does.
async fn answer_plainly(mut client: TcpStream) -> io::Result<()> {
    let _hello = client.read(&mut [0; 4096]).await?;
    client
        .write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")
        .await
}
