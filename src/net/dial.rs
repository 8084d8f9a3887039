//! One connection: made within its time, or a failure with a class and the system's words.
//! It refuses to retry.

use crate::clock::Epoch;
use crate::model::failure::Failure;
use crate::model::seen::Seen;
use crate::model::units::Nanos;
use crate::net::permission::Permitted;
use crate::net::source::{self, Sources};
use crate::plan::Plan;
use rustix::io::Errno;
use std::io;
use std::net::{IpAddr, SocketAddr};
use tokio::net::TcpStream;

/// A failure and what was said of it.
pub type Refusal = (Failure, String);

/// Makes connections to the one pinned address, for one lane.
#[derive(Debug)]
pub struct Dialer {
    pinned: Permitted,
    sources: Sources,
    patience: Nanos,
    epoch: Epoch,
}

impl Dialer {
    /// For one of the plan's lanes.
    pub fn new(plan: &Plan, pinned: Permitted, epoch: Epoch) -> Self {
        Self {
            pinned,
            sources: Sources::new(plan.sources.clone(), 0),
            patience: plan.timeouts.connect,
            epoch,
        }
    }

    /// For this lane: lanes begin at different sources, the first behind the probe's.
    pub fn of_lane(self, lane: usize) -> Self {
        let sources = self.sources.beginning(lane + 1);
        Self { sources, ..self }
    }

    /// The clock that this lane's moments are in.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Connects, adding its time to `seen.dialled`. How often that may happen is the lane's business, which waits before
    /// it asks: our own limit is no latency of the target's.
    ///
    /// # Errors
    /// The failure's class, always one of those before sending; the system's words are in `seen.detail`.
    pub async fn dial(&self, seen: &mut Seen) -> Result<TcpStream, Failure> {
        let begun = self.epoch.now();
        let made = connect(self.pinned, self.sources.next(), self.patience).await;
        seen.dialled += self.epoch.now() - begun;
        made.map_err(|(failure, said)| {
            seen.detail = Some(said);
            failure
        })
    }
}

/// Connects to one address, from one of ours if it is given, without Nagle's delay.
///
/// # Errors
/// The failure's class and a sentence.
pub async fn connect(to: Permitted, source: Option<IpAddr>, patience: Nanos) -> Result<TcpStream, Refusal> {
    let address = to.address();
    let told = |e: &io::Error| (class(e), sentence(address, e));
    let made = match tokio::time::timeout(patience.duration(), reach(address, source)).await {
        Err(_) => {
            return Err((
                Failure::ConnectTimeout,
                format!("{address} did not accept a connection within {patience}"),
            ));
        }
        Ok(made) => made.map_err(|e| told(&e))?,
    };
    // On loopback a connect to a free ephemeral port may meet itself (simultaneous open): nobody listens there.
    if address.ip().is_loopback() && made.local_addr().is_ok_and(|own| own == address) {
        socket2::SockRef::from(&made).set_linger(Some(std::time::Duration::ZERO)).ok();
        return Err(told(&Errno::CONNREFUSED.into()));
    }
    made.set_nodelay(true).map_err(|e| told(&e))?;
    Ok(made)
}

/// On loopback the connection is there when the system call returns, though it says that it is not. Then nothing is waited
/// for: on a lane of ten thousand connections, to be told so would take a round over all of them.
async fn reach(address: SocketAddr, source: Option<IpAddr>) -> io::Result<TcpStream> {
    let socket = source::socket(address, source)?;
    match socket.connect(&address.into()) {
        Err(e) if Errno::from_io_error(&e) != Some(Errno::INPROGRESS) => return Err(e),
        _ => {}
    }
    let there = socket.peer_addr().is_ok();
    let stream = TcpStream::from_std(socket.into())?;
    if there {
        return Ok(stream);
    }
    stream.writable().await?;
    stream.take_error()?.map_or(Ok(stream), Err)
}

/// The first address that accepts, all tried once, in order.
///
/// # Errors
/// What the target did rather than what this machine could not, with every address that refused.
pub async fn first_of(
    addresses: &[Permitted],
    source: Option<IpAddr>,
    patience: Nanos,
) -> Result<(TcpStream, Permitted), Refusal> {
    let mut failed: Vec<(SocketAddr, Refusal)> = Vec::new();
    for to in addresses {
        match connect(*to, source, patience).await {
            Ok(stream) => return Ok((stream, *to)),
            Err(refusal) => failed.push((to.address(), refusal)),
        }
    }
    Err(summed(failed))
}

/// One refusal of several.
fn summed(mut failed: Vec<(SocketAddr, Refusal)>) -> Refusal {
    if failed.iter().any(|(_, (failure, _))| !failure.local()) {
        failed.retain(|(_, (failure, _))| !failure.local());
    }
    let refused: Vec<SocketAddr> = failed
        .iter()
        .filter(|(_, (failure, _))| *failure == Failure::Refused)
        .map(|(address, _)| *address)
        .collect();
    let all = refused.len() == failed.len();
    match failed.pop() {
        None => (Failure::Dns, "the name has no address".into()),
        Some(_) if all => (Failure::Refused, refusal(&refused)),
        Some((_, last)) => last,
    }
}

/// Who refused. A server that listens on one family only is the usual reason on this machine, so the other is named.
fn refusal(by: &[SocketAddr]) -> String {
    let list: Vec<String> = by.iter().map(ToString::to_string).collect();
    let other = match by {
        [SocketAddr::V4(only)] if only.ip().is_loopback() => " is it listening on ::1?",
        [SocketAddr::V6(only)] if only.ip().is_loopback() => " is it listening on 127.0.0.1?",
        _ => "",
    };
    format!("connection refused by {} (is the server running?{other})", list.join(" and "))
}

/// The class of a failed connect.
pub fn class(error: &io::Error) -> Failure {
    let Some(errno) = Errno::from_io_error(error) else {
        return Failure::LocalIo;
    };
    match errno {
        // A reset in answer to the SYN+ACK's ACK: the listener's queue was full or it is gone.
        Errno::CONNREFUSED | Errno::CONNRESET | Errno::CONNABORTED => Failure::Refused,
        Errno::NETUNREACH | Errno::HOSTUNREACH | Errno::NETDOWN | Errno::HOSTDOWN => Failure::Unreachable,
        Errno::TIMEDOUT => Failure::ConnectTimeout,
        Errno::MFILE | Errno::NFILE => Failure::LocalFd,
        Errno::ADDRNOTAVAIL | Errno::ADDRINUSE | Errno::AGAIN => Failure::LocalPort,
        Errno::NOMEM | Errno::NOBUFS => Failure::LocalMem,
        _ => Failure::LocalIo,
    }
}

/// What failed, on what, and what may help.
fn sentence(address: SocketAddr, error: &io::Error) -> String {
    match class(error) {
        Failure::Refused => refusal(&[address]),
        Failure::Unreachable => format!("no way to {address}: {error}"),
        Failure::ConnectTimeout => format!("{address} did not accept a connection: {error}"),
        Failure::LocalFd => format!("this machine's limit of open files is reached: {error} (raise it with: ulimit -n)"),
        Failure::LocalPort => format!(
            "this machine has no free local port towards {address}: {error} (more addresses to connect from: --source-ip; or fewer new connections, or widen net.ipv4.ip_local_port_range; closed ones wait 60 s)"
        ),
        Failure::LocalMem => format!("this machine has no memory left for sockets: {error}"),
        _ => format!("cannot connect to {address}: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::permission::Permission;

    fn near(address: SocketAddr) -> Permitted {
        Permission::new(false).of(address).unwrap()
    }

    fn block_on<F: Future>(future: F) -> F::Output {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
            .block_on(future)
    }

    #[test]
    fn every_way_a_connect_fails_has_its_class_and_none_counts_as_sent() {
        for (errno, failure) in [
            (Errno::CONNREFUSED, Failure::Refused),
            (Errno::NETUNREACH, Failure::Unreachable),
            (Errno::HOSTUNREACH, Failure::Unreachable),
            (Errno::TIMEDOUT, Failure::ConnectTimeout),
            (Errno::MFILE, Failure::LocalFd),
            (Errno::NFILE, Failure::LocalFd),
            (Errno::ADDRNOTAVAIL, Failure::LocalPort),
            (Errno::NOBUFS, Failure::LocalMem),
            (Errno::PERM, Failure::LocalIo),
        ] {
            assert_eq!(class(&errno.into()), failure, "{errno}");
            assert!(failure.before_send());
        }
    }

    #[test]
    fn a_closed_port_refuses_and_says_so() {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();

        let (failure, said) = block_on(connect(near(free), None, Nanos::from_secs(5))).unwrap_err();

        assert_eq!(failure, Failure::Refused);
        assert!(
            said.contains(&free.to_string()) && said.contains("is the server running?"),
            "{said}"
        );
    }

    #[test]
    fn a_connection_on_loopback_is_there_at_the_first_look() {
        use std::task::{Context, Poll, Waker};
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let open = listener.local_addr().unwrap();
        let at_once = |_| {
            block_on(async {
                let mut connecting = std::pin::pin!(reach(open, None));
                let polled = connecting.as_mut().poll(&mut Context::from_waker(Waker::noop()));
                matches!(polled, Poll::Ready(Ok(_)))
            })
        };

        // The kernel may put it off when the machine is busy, but not always.
        assert!((0..50).any(at_once));
    }

    #[test]
    fn addresses_are_tried_in_order_until_one_accepts() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let open = listener.local_addr().unwrap();
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();

        let (_, pinned) = block_on(first_of(&[near(closed), near(open)], None, Nanos::from_secs(5))).unwrap();

        assert_eq!(pinned.address(), open);
    }

    #[test]
    fn all_that_refused_are_named_and_one_alone_gets_the_other_family_as_a_hint() {
        let v4: SocketAddr = "127.0.0.1:80".parse().unwrap();
        let v6: SocketAddr = "[::1]:80".parse().unwrap();
        let told = |all: &[(SocketAddr, Failure)]| {
            let failed = all
                .iter()
                .map(|(a, failure)| (*a, (*failure, sentence(*a, &Errno::CONNREFUSED.into()))));
            summed(failed.collect())
        };

        for (failed, words) in [
            (
                &[(v4, Failure::Refused)][..],
                "127.0.0.1:80 (is the server running? is it listening on ::1?)",
            ),
            (
                &[(v6, Failure::Refused)],
                "[::1]:80 (is the server running? is it listening on 127.0.0.1?)",
            ),
            (
                &[(v4, Failure::Refused), (v6, Failure::Refused)],
                "127.0.0.1:80 and [::1]:80 (is the server running?)",
            ),
            (
                &[(v4, Failure::Refused), (v6, Failure::LocalPort)],
                "127.0.0.1:80 (is the server running? is it listening on ::1?)",
            ),
        ] {
            assert_eq!(told(failed), (Failure::Refused, format!("connection refused by {words}")));
        }
    }
}
