//! Who may come in, and what is offered to whom.

use crate::error::AppError;
use crate::trust::AuthorizedClients;
use crate::trust_command::authorized_clients;
use sealwire_config::Config;
use sealwire_traits::Fingerprint;
use sealwire_transport::session::TrustPolicy;
use std::fmt;

/// The config's services, and the file of authorised clients.
pub struct Policy {
    services: Vec<String>,
    clients: AuthorizedClients,
}

impl Policy {
    /// Reads nothing yet: the file is looked at when a client comes.
    pub fn new(config: &Config) -> Result<Policy, AppError> {
        let clients = AuthorizedClients::new(authorized_clients(config)?.path().to_owned());
        Ok(Policy { services: config.server.services.clone(), clients })
    }
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policy").field("services", &self.services).finish_non_exhaustive()
    }
}

impl TrustPolicy for Policy {
    fn client_allowed(&self, client: &Fingerprint) -> bool {
        self.clients.find(client).is_some()
    }

    fn service_allowed(&self, service: &str, client: Option<&Fingerprint>) -> bool {
        self.services.iter().any(|offered| offered == service)
            && client.is_none_or(|client| self.clients.find(client).is_some_and(|entry| entry.may_use(service)))
    }
}
