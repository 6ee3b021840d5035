//! Who may come in, and what is offered to whom.

use crate::error::AppError;
use crate::services::Request;
use crate::trust::{AuthorizedClient, AuthorizedClients};
use crate::trust_command::authorized_clients;
use sealwire_config::Config;
use sealwire_traits::Fingerprint;
use sealwire_transport::session::TrustPolicy;
use std::fmt;

/// The config's services and targets, and the file of authorised clients.
pub struct Policy {
    services: Vec<String>,
    targets: Vec<String>,
    clients: AuthorizedClients,
}

impl Policy {
    /// Reads nothing yet: the file is looked at when a client comes.
    pub fn new(config: &Config) -> Result<Policy, AppError> {
        let clients = AuthorizedClients::new(authorized_clients(config)?.path().to_owned());
        let targets = config.server.targets.keys().cloned().collect();
        Ok(Policy { services: config.server.services.clone(), targets, clients })
    }

    fn offers(&self, request: Request<'_>) -> bool {
        self.services.iter().any(|offered| offered == request.service().name())
            && request.target().is_none_or(|target| self.targets.iter().any(|known| known == target))
    }
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policy")
            .field("services", &self.services)
            .field("targets", &self.targets)
            .finish_non_exhaustive()
    }
}

impl TrustPolicy for Policy {
    fn client_allowed(&self, client: &Fingerprint) -> bool {
        self.clients.find(client).is_some()
    }

    fn service_allowed(&self, service: &str, client: Option<&Fingerprint>) -> bool {
        Request::parse(service).is_some_and(|request| {
            self.offers(request)
                && client.is_none_or(|client| self.clients.find(client).is_some_and(|entry| may(&entry, request)))
        })
    }
}

/// Whether a client may use the service, or the one target of `forward` (in either form) that it asks for.
fn may(client: &AuthorizedClient, request: Request<'_>) -> bool {
    client.may_use(request.service().name())
        || request.target().is_some_and(|target| client.may_use(&Request::Forward(target).to_string()))
}
