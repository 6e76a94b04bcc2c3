//! A server for tests whose certificate nobody has signed.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Listens on this machine. The number counts the connections on which somebody said something to it all the same.
pub(crate) fn stranger() -> (SocketAddr, Arc<AtomicUsize>) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let tls = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring speaks the default versions")
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key.into())
        .expect("a certificate and its key");
    let tls = Arc::new(tls);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its number");
    let heard = Arc::new(AtomicUsize::new(0));
    let hearing = Arc::clone(&heard);
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut connection =
                rustls::ServerConnection::new(Arc::clone(&tls)).expect("a configuration that is whole");
            let mut tls = rustls::Stream::new(&mut connection, &mut stream);
            if std::io::Read::read(&mut tls, &mut [0]).is_ok_and(|read| read > 0) {
                hearing.fetch_add(1, Ordering::SeqCst);
            }
        }
    });
    (address, heard)
}
