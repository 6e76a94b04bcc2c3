//! How the processes of a cluster find each other: each listens on its own line of the hosts file, calls those above it in
//! the file, and is called by those below. Timely can do this itself, but writes what it does to stdout, which belongs to
//! results.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use groundswell_sources::Stop;
use timely::communication::allocator::ProcessBuilder;
use timely::communication::allocator::zero_copy::initialize::initialize_networking_from_sockets;
use timely::communication::{AllocatorBuilder, Hooks};

use crate::config::{Cluster, EngineError};

/// How often a process that is not up yet is called again.
const RETRY: Duration = Duration::from_millis(100);

/// How often it is called before the cluster is given up: two minutes.
const TRIES_MAX: u32 = 1_200;

/// What a caller says first, so that a stranger on the port is noticed.
const GREETING: [u8; 8] = *b"gswell01";

/// Builders for the workers of this process, and what must live as long as they do.
pub(crate) type Builders = (Vec<AllocatorBuilder>, Box<dyn std::any::Any + Send>);

/// Connects this process with all others; `None` when it was asked to stop before all were there.
pub(crate) fn connect(cluster: &Cluster, workers: usize, stop: &Stop) -> Result<Option<Builders>, EngineError> {
    let failed = |what: String| move |error: std::io::Error| EngineError::Cluster(format!("{what}: {error}"));
    let own = &cluster.addresses[cluster.process];
    let listener = TcpListener::bind(own).map_err(failed(format!("{own}: cannot listen")))?;
    let mut sockets: Vec<Option<TcpStream>> = cluster.addresses.iter().map(|_| None).collect();
    for (index, address) in cluster.addresses.iter().enumerate().take(cluster.process) {
        let called = call(address, cluster.process, stop).map_err(failed(format!("{address}: cannot connect")))?;
        let Some(socket) = called else { return Ok(None) };
        sockets[index] = Some(socket);
    }
    listener.set_nonblocking(true).map_err(failed(format!("{own}: cannot listen")))?;
    let mut tries = 0;
    while sockets.iter().skip(cluster.process + 1).any(Option::is_none) {
        if stop.stopped() {
            return Ok(None);
        }
        match listener.accept() {
            Ok((stream, _)) => {
                if let Some(index) = greeted(&stream).filter(|index| sockets.get(*index).is_some_and(Option::is_none)) {
                    sockets[index] = Some(stream);
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock && tries < TRIES_MAX => {
                tries += 1;
                std::thread::sleep(RETRY);
            }
            Err(error) => return Err(failed(format!("{own}: not all processes of the cluster came"))(error)),
        }
    }
    let hooks = Hooks::default();
    let local = ProcessBuilder::new_typed_vector(workers, hooks.refill.clone(), hooks.spill.clone());
    let (builders, guard) = initialize_networking_from_sockets(local, sockets, cluster.process, workers, hooks)
        .map_err(failed("cannot set the connections up".to_owned()))?;
    Ok(Some((builders.into_iter().map(AllocatorBuilder::Tcp).collect(), Box::new(guard))))
}

fn call(address: &str, process: usize, stop: &Stop) -> std::io::Result<Option<TcpStream>> {
    let mut tries = 0;
    loop {
        match TcpStream::connect(address) {
            Ok(mut stream) => {
                stream.set_nodelay(true)?;
                stream.write_all(&GREETING)?;
                stream.write_all(&(process as u64).to_be_bytes())?;
                return Ok(Some(stream));
            }
            Err(_) if stop.stopped() => return Ok(None),
            Err(error) if tries >= TRIES_MAX => return Err(error),
            Err(_) => {
                tries += 1;
                std::thread::sleep(RETRY);
            }
        }
    }
}

/// Which process called; `None` for a stranger or one that broke off.
fn greeted(mut stream: &TcpStream) -> Option<usize> {
    stream.set_nonblocking(false).ok()?;
    stream.set_nodelay(true).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    let (mut greeting, mut index) = ([0; 8], [0; 8]);
    stream.read_exact(&mut greeting).ok()?;
    stream.read_exact(&mut index).ok()?;
    stream.set_read_timeout(None).ok()?;
    (greeting == GREETING).then(|| usize::try_from(u64::from_be_bytes(index)).ok()).flatten()
}
