//! Who receives what, and how.

use url::Url;

use crate::mail::{MailConfig, MailConfigError};
use crate::{Secret, Signer};

/// A receiver of a feed.
#[derive(Clone, Debug)]
pub struct ReceiverConfig {
    /// Its name, by which it is known to the outbox and the audit log.
    pub name: String,
    /// The feed.
    pub feed: String,
    /// How it is reached.
    pub how: How,
}

/// How a receiver is reached.
#[derive(Clone, Debug)]
pub enum How {
    /// By a request to an address of its own, signed as Standard Webhooks does.
    Webhook {
        /// Where to.
        url: Secret,
        /// With what.
        signer: Signer,
    },
    /// By an incoming webhook of Slack, or of what speaks its form (Mattermost, Rocket.Chat).
    Slack {
        /// Where to. Whoever knows it can write there.
        url: Secret,
    },
    /// By a workflow of Microsoft Teams.
    Teams {
        /// Where to. Whoever knows it can write there.
        url: Secret,
    },
    /// By mail.
    Mail(Box<MailConfig>),
    /// By a topic of Kafka.
    #[cfg(feature = "kafka")]
    Kafka(Box<crate::KafkaReceiver>),
}

/// Why a receiver cannot be. Quotes neither an address nor a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReceiverError {
    /// The address cannot be read, or is not one of HTTPS.
    #[error("url: expected https://… (http:// only with deliver.private_addresses), without user and password")]
    Url,
    /// The address is one of this machine or of a private network.
    #[error("url: the address is not public (deliver.private_addresses allows it)")]
    NotPublic,
    /// The settings of mail.
    #[error(transparent)]
    Mail(#[from] MailConfigError),
    /// The settings of Kafka.
    #[cfg(feature = "kafka")]
    #[error(transparent)]
    Kafka(#[from] crate::KafkaReceiverError),
    /// There is no client.
    #[error("cannot make an HTTP client")]
    Client,
}

/// Reads a receiver's address.
pub(crate) fn address(url: &Secret, guard: groundswell_net::Guard) -> Result<Url, ReceiverError> {
    let url: Url = url.as_str().trim().parse().map_err(|_| ReceiverError::Url)?;
    let scheme_is_fine = url.scheme() == "https" || (url.scheme() == "http" && guard.private_addresses);
    if !scheme_is_fine || url.host().is_none() || !url.username().is_empty() || url.password().is_some() {
        return Err(ReceiverError::Url);
    }
    guard.check(&url).map_err(|_| ReceiverError::NotPublic)?;
    Ok(url)
}

#[cfg(test)]
mod tests {
    use groundswell_net::Guard;

    use super::*;

    #[test]
    fn addresses_are_public_and_encrypted_unless_it_is_allowed() {
        let read = |text: &str, private_addresses| {
            address(&Secret::new(text.to_owned()), Guard { private_addresses }).map(drop)
        };
        assert_eq!(read("https://hooks.example/x", false), Ok(()));
        for wrong in
            ["http://hooks.example/x", "ftp://hooks.example", "hooks.example", "https://a:b@hooks.example/", ""]
        {
            assert_eq!(read(wrong, false), Err(ReceiverError::Url), "{wrong}");
        }
        assert_eq!(read("https://169.254.169.254/latest", false), Err(ReceiverError::NotPublic));
        assert_eq!(read("https://[::1]/", false), Err(ReceiverError::NotPublic));
        assert_eq!(read("http://127.0.0.1:9000/x", true), Ok(()));
    }
}
