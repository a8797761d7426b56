//! TLS, and registries on this machine.

use std::{net::TcpListener, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{
    RootCertStore, ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivatePkcs8KeyDer},
    server::WebPkiClientVerifier,
};

use crate::{
    context::{Context, run},
    server::{Auth, Habits, Registry},
};

/// An authority for one test.
type Authority = CertifiedIssuer<'static, KeyPair>;

/// A certificate of the authority for localhost, and its key.
struct Certified {
    certificate: CertificateDer<'static>,
    key: KeyPair,
}

fn authority() -> Authority {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn certify(authority: &Authority) -> Certified {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    Certified {
        certificate: params.signed_by(&key, authority).unwrap().der().clone(),
        key,
    }
}

/// Starts a registry on localhost that speaks TLS. Returns the certificate of its authority as well.
fn start() -> (Registry, String) {
    let authority = authority();
    (serve(&authority, false), pem("CERTIFICATE", authority.der()))
}

/// Starts a registry with a certificate of `authority`, which may require one from its clients.
fn serve(authority: &Authority, clients: bool) -> Registry {
    serve_with(authority, certify(authority), clients)
}

/// Starts a registry with this certificate, which may require one of `authority` from its clients.
fn serve_with(authority: &Authority, Certified { certificate, key }: Certified, clients: bool) -> Registry {
    let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
    let provider = Arc::new(ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(authority.der().clone()).unwrap();
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone());
    let verifier = match clients {
        true => verifier.build().unwrap(),
        false => WebPkiClientVerifier::no_client_auth(),
    };
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let habits = Habits {
        auth: Auth::Bearer,
        ..Habits::default()
    };
    Registry::on("localhost", habits, Some(Arc::new(config)))
}

fn pem(kind: &str, bytes: &[u8]) -> String {
    format!(
        "-----BEGIN {kind}-----\n{}\n-----END {kind}-----\n",
        STANDARD.encode(bytes)
    )
}

#[test]
fn shows_the_client_certificate_of_the_registry() {
    let authority = authority();
    let registry = serve(&authority, true);
    let context = Context::new();
    context.log_in(&registry.host);
    let write = |name: &str, text: &str| {
        context.write(&format!("config/docker/certs.d/{}/{name}", registry.host), text);
    };
    write("ca.crt", &pem("CERTIFICATE", authority.der()));
    context.fails(&registry, &[&format!("`{}`", registry.host)]);
    let Certified { certificate, key } = certify(&authority);
    write("client.cert", &pem("CERTIFICATE", &certificate));
    write("client.key", &pem("PRIVATE KEY", &key.serialize_der()));
    context.pushes(&registry);
}

#[test]
fn speaks_tls_on_loopback_with_named_authority() {
    let (registry, authority) = start();
    let context = Context::new();
    context.log_in(&registry.host);
    let file = context.write("ca.pem", &authority);
    let mut command = context.push(&registry);
    command.arg("--ca-file").arg(file);
    run(command).pushed(&registry);
    // The same authority in DER form.
    let text: String = authority.lines().filter(|line| !line.starts_with('-')).collect();
    let file = context.path("ca.der");
    std::fs::write(&file, STANDARD.decode(text).unwrap()).unwrap();
    let mut command = context.push(&registry);
    command.arg("--ca-file").arg(file);
    run(command).pushed(&registry);
}

#[test]
fn finds_authorities_where_docker_and_podman_keep_them() {
    for program in ["docker", "containers"] {
        let (registry, authority) = start();
        let context = Context::new();
        context.log_in(&registry.host);
        context.write(
            &format!("config/{program}/certs.d/{}/ca.crt", registry.host),
            &authority,
        );
        context.pushes(&registry);
    }
}

/// Returns a certificate that is its own authority, for `host`, as `openssl req -x509` makes it.
fn certify_itself(host: &str) -> Certified {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new([host.to_owned()]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    Certified {
        certificate: params.self_signed(&key).unwrap().der().clone(),
        key,
    }
}

#[test]
fn accepts_named_certificate_that_is_its_authority() {
    for (host, accepted) in [("localhost", true), ("registry.example", false)] {
        let certified = certify_itself(host);
        let file = pem("CERTIFICATE", &certified.certificate);
        let registry = serve_with(&authority(), certified, false);
        let context = Context::new();
        context.log_in(&registry.host);
        context.fails(&registry, &["its certificate is not trusted"]);
        let mut command = context.push(&registry);
        command.arg("--ca-file").arg(context.write("ca.pem", &file));
        let outcome = run(command);
        if accepted {
            outcome.pushed(&registry);
        } else {
            outcome.failed(&["its certificate is for another name"]);
        }
    }
    // Another certificate of the same kind is not accepted for it.
    let certified = certify_itself("localhost");
    let registry = serve_with(&authority(), certified, false);
    let context = Context::new();
    let other = pem("CERTIFICATE", &certify_itself("localhost").certificate);
    let mut command = context.push(&registry);
    command.arg("--ca-file").arg(context.write("ca.pem", &other));
    run(command).failed(&["its certificate is not trusted"]);
}

#[test]
fn refuses_unknown_authority_unless_told_otherwise() {
    let (registry, _) = start();
    let context = Context::new();
    context.log_in(&registry.host);
    context.fails(
        &registry,
        &["its certificate is not trusted", "--ca-file", "certs.d"],
    );
    let mut command = context.push(&registry);
    command.arg("--insecure-skip-verify");
    run(command).pushed(&registry);
}

#[test]
fn names_a_file_without_certificates() {
    let (registry, _) = start();
    let context = Context::new();
    let mut command = context.push(&registry);
    command.arg("--ca-file").arg(context.write("ca.pem", "nothing"));
    run(command).failed(&["ca.pem` holds no certificate"]);
}

#[test]
fn speaks_plain_http_without_any_authorities() {
    let registry = Registry::start(Habits::default());
    let context = Context::new();
    let mut command = context.push(&registry);
    command
        .env("SSL_CERT_FILE", context.path("nowhere.pem"))
        .env("SSL_CERT_DIR", context.path("nowhere"));
    run(command).pushed(&registry);
}

#[test]
fn goes_past_proxies_to_this_machine() {
    // A proxy that takes connections and never answers.
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", proxy.local_addr().unwrap());
    for host in ["127.0.0.1", "localhost"] {
        let registry = Registry::on(host, Habits::default(), None);
        let context = Context::new();
        let mut command = context.push(&registry);
        for name in [
            "HTTP_PROXY",
            "http_proxy",
            "HTTPS_PROXY",
            "https_proxy",
            "ALL_PROXY",
            "all_proxy",
        ] {
            command.env(name, &address);
        }
        run(command).pushed(&registry);
    }
}

#[test]
fn asks_other_hosts_through_the_proxy() {
    // The registry is its own proxy. `.test` is reserved, so that the name has no address.
    let mut registry = Registry::start(Habits {
        relative: true,
        ..Habits::default()
    });
    let proxy = format!("http://{}", registry.host);
    registry.host = "registry.test:5000".to_owned();
    let context = Context::new();
    let mut command = context.push(&registry);
    command
        .arg("--insecure")
        .env("HTTP_PROXY", &proxy)
        .env("http_proxy", &proxy);
    run(command).pushed(&registry);
}

#[test]
fn names_proxy_if_registry_cannot_be_reached() {
    let mut registry = Registry::start(Habits::default());
    registry.host = "registry.test".to_owned();
    let context = Context::new();
    let mut command = context.push(&registry);
    command.env("HTTPS_PROXY", "http://127.0.0.1:1");
    run(command).failed(&[
        "could not reach `registry.test`",
        "check the proxy in `HTTPS_PROXY`",
    ]);
}

#[test]
fn reaches_a_registry_by_its_ipv6_address() {
    let registry = Registry::on("[::1]", Habits::default(), None);
    let context = Context::new();
    assert!(registry.host.starts_with("[::1]:"));
    context.pushes(&registry);
}
