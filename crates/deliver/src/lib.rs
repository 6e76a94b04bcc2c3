//! What takes detections to where people are: webhooks, Slack, Teams, mail, and with the feature `kafka` a topic.
//!
//! Behind the store: a commit puts what each receiver is to get into the store's outbox, in the transaction that commits the
//! detection itself. [`Postman`] takes it from there. Each receiver has a task of its own, with a client and waits of its own, so one
//! that refuses, hangs, answers 500, closes early or answers garbage delays nobody else. A delivery is out of the outbox only when the
//! receiver has said that it took it: after a crash at any moment it comes again, under the same key.
//!
//! Main types: [`ReceiverConfig`] and its [`How`]; [`Postman`]; [`Signer`], which signs as Standard Webhooks does; [`previews`], which
//! shows what would be sent.
//!
//! ```
//! use groundswell_deliver::Signer;
//!
//! let signer = Signer::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
//! assert_eq!(
//!     signer.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#),
//!     "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
//! );
//! ```
//!
//! Invariants, each with the test that holds it:
//! - Nothing is lost and what comes again has the same key, wherever it is cut off (`tests/crash.rs`).
//! - No receiver's fault delays another (`tests/faults.rs`: `no_fault_of_one_delays_another`).
//! - A message of Kafka is through when the broker has it, and comes again under the same key (`tests/kafka.rs`).
//! - No private network is asked, and no redirection followed (`tests/faults.rs`: `private_addresses_and_redirections_lead_nowhere`).
//! - A preview is letter by letter what is sent (`tests/faults.rs`: `what_is_sent_is_what_was_shown`).
//! - No secret and no address is printed (`secret.rs`: `prints_nothing`; `tests/faults.rs`: `a_trouble_is_a_fixed_phrase`).
//!
//! Bounds: [`ATTEMPTS_MAX`], [`SEND_SECONDS_MAX`], and those of the outbox ([`groundswell_store::OUTBOX_WAITING_MAX`]).
//!
//! Sources: Standard Webhooks 1.0.0 (<https://github.com/standard-webhooks/standard-webhooks>), RFC 2104 (HMAC), RFC 5321 and 5322
//! (mail), RFC 3207 (STARTTLS), Slack's incoming webhooks, Microsoft's Adaptive Cards 1.4.

#![forbid(unsafe_code)]

mod http;
#[cfg(feature = "kafka")]
mod kafka;
mod mail;
mod message;
mod postman;
mod preview;
mod receiver;
mod secret;
mod sign;

#[cfg(feature = "kafka")]
pub use groundswell_net::kafka::{Sasl, SaslMechanism, Tls};
#[cfg(feature = "kafka")]
pub use kafka::{KafkaReceiver, KafkaReceiverError};
pub use mail::{MailConfig, MailConfigError, MailTls};
pub use postman::{ATTEMPTS_MAX, Office, Pace, Postman, SEND_SECONDS_MAX};
pub use preview::{Preview, previews};
pub use receiver::{How, ReceiverConfig, ReceiverError};
pub use secret::Secret;
pub use sign::{NotASecret, SECRET_BYTES_MIN, Signer};
