//! Services that containers of the gateway need: images of Postgres and nginx, and a provider that they can reach.

use std::{env, net::SocketAddrV4, process};

use anyhow::{Context as _, Result, ensure};
use testkit::Provider;
use xshell::cmd;

use super::context::ImageContext;

/// Variables that name images of Postgres and nginx, such as the official ones.
const IMAGE_VARIABLES: [&str; 2] = ["CLAWFT_TEST_POSTGRES_IMAGE", "CLAWFT_TEST_NGINX_IMAGE"];

/// Images of Postgres and nginx.
#[derive(Debug)]
pub(super) struct ServiceImages<'t, 'f> {
    test: &'t ImageContext<'f>,
    pub(super) postgres: String,
    pub(super) nginx: String,
    /// Whether they are removed at the end.
    ours: bool,
}

impl<'t, 'f> ServiceImages<'t, 'f> {
    /// Takes the images that the environment names, or makes both.
    pub(super) fn prepare(test: &'t ImageContext<'f>) -> Result<Self> {
        if let [Ok(postgres), Ok(nginx)] = IMAGE_VARIABLES.map(env::var) {
            return Ok(Self {
                test,
                postgres,
                nginx,
                ours: false,
            });
        }
        let [postgres, nginx] =
            ["postgres", "nginx"].map(|name| format!("clawft-smoke-{name}:{}", process::id()));
        // It exists before the images do, so that the images of a script that fails late are removed too.
        let images = Self {
            test,
            postgres,
            nginx,
            ours: true,
        };
        let shell = test.shell()?;
        let script = test.fixture.root.join("ci/service-images");
        let (postgres, nginx) = (&images.postgres, &images.nginx);
        let made = test.run(cmd!(shell, "{script} {postgres} {nginx}"))?;
        ensure!(
            made.exit == Some(0),
            "`ci/service-images` ended with {:?}: {}",
            made.exit,
            made.stderr
        );
        Ok(images)
    }
}

impl Drop for ServiceImages<'_, '_> {
    fn drop(&mut self) {
        if self.ours {
            // The result of the case does not change if its images cannot be removed.
            let _ = self.test.docker(&["rmi", "--force", &self.postgres, &self.nginx]);
        }
    }
}

/// A mock provider at an address of this machine that containers on every network of the engine reach: the gateway of a
/// network without containers.
#[derive(Debug)]
pub(super) struct ReachableProvider<'t, 'f> {
    test: &'t ImageContext<'f>,
    network: String,
    pub(super) provider: Provider,
}

impl<'t, 'f> ReachableProvider<'t, 'f> {
    /// Makes the network, and starts the provider.
    pub(super) fn start(test: &'t ImageContext<'f>) -> Result<Self> {
        let network = format!("clawft-smoke-provider-{}", process::id());
        test.docker_prints(&["network", "create", &network])?;
        let started = Self::provider(test, &network);
        if started.is_err() {
            remove(test, &network);
        }
        Ok(Self {
            test,
            network,
            provider: started?,
        })
    }

    fn provider(test: &ImageContext<'_>, network: &str) -> Result<Provider> {
        let template = "{{(index .IPAM.Config 0).Gateway}}";
        let gateway = test.docker_prints(&["network", "inspect", "--format", template, network])?;
        let gateway = gateway
            .parse()
            .with_context(|| format!("the network's gateway is `{gateway}`"))?;
        // The log has keys, so it is not in the directory of the case, whose files are the evidence if it fails.
        let log = test.fixture.directory().join("reachable.jsonl");
        test.fixture.provider.another(SocketAddrV4::new(gateway, 0), &log)
    }
}

impl Drop for ReachableProvider<'_, '_> {
    fn drop(&mut self) {
        remove(self.test, &self.network);
    }
}

/// Removes a network. Failures are ignored.
fn remove(test: &ImageContext<'_>, network: &str) {
    let _ = test.docker(&["network", "rm", network]);
}
