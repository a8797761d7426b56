//! Two judgements of a server's certificate, of which one suffices.

use std::sync::Arc;

use rustls::{
    CertificateError, DigitallySignedStruct, Error, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    pki_types::{CertificateDer, ServerName, UnixTime},
};

/// A verifier that asks a second one about certificates whose issuer the first one does not know.
#[derive(Debug)]
pub(super) struct Either {
    first: Arc<dyn ServerCertVerifier>,
    second: Arc<dyn ServerCertVerifier>,
}

impl Either {
    pub(super) fn new(first: Arc<dyn ServerCertVerifier>, second: Arc<dyn ServerCertVerifier>) -> Self {
        Self { first, second }
    }
}

impl ServerCertVerifier for Either {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let ask = |verifier: &Arc<dyn ServerCertVerifier>| {
            verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
        };
        match ask(&self.first) {
            // The first error is the one that is reported: it is the same on every system.
            Err(error @ Error::InvalidCertificate(CertificateError::UnknownIssuer)) => {
                ask(&self.second).map_err(|_| error)
            }
            judgement => judgement,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.first.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.first.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.first.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A verifier that always has this judgement.
    #[derive(Debug)]
    struct Judge(Option<CertificateError>);

    impl ServerCertVerifier for Judge {
        fn verify_server_cert(
            &self,
            _: &CertificateDer<'_>,
            _: &[CertificateDer<'_>],
            _: &ServerName<'_>,
            _: &[u8],
            _: UnixTime,
        ) -> Result<ServerCertVerified, Error> {
            match &self.0 {
                None => Ok(ServerCertVerified::assertion()),
                Some(error) => Err(Error::InvalidCertificate(error.clone())),
            }
        }

        fn verify_tls12_signature(
            &self,
            _: &[u8],
            _: &CertificateDer<'_>,
            _: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            Ok(HandshakeSignatureValid::assertion())
        }

        fn verify_tls13_signature(
            &self,
            _: &[u8],
            _: &CertificateDer<'_>,
            _: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            Ok(HandshakeSignatureValid::assertion())
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            vec![SignatureScheme::ED25519]
        }
    }

    fn judged(first: Option<CertificateError>, second: Option<CertificateError>) -> Result<(), Error> {
        let either = Either::new(Arc::new(Judge(first)), Arc::new(Judge(second)));
        let certificate = CertificateDer::from(Vec::new());
        let name = ServerName::try_from("localhost").unwrap();
        either
            .verify_server_cert(&certificate, &[], &name, &[], UnixTime::now())
            .map(drop)
    }

    #[test]
    fn asks_the_second_about_unknown_issuers_alone() {
        let (unknown, expired) = (CertificateError::UnknownIssuer, CertificateError::Expired);
        judged(None, Some(expired.clone())).unwrap();
        judged(Some(unknown.clone()), None).unwrap();
        let refused = judged(Some(expired.clone()), None).unwrap_err();
        assert_eq!(refused, Error::InvalidCertificate(expired.clone()));
        let refused = judged(Some(unknown.clone()), Some(expired)).unwrap_err();
        assert_eq!(refused, Error::InvalidCertificate(unknown));
    }
}
