//! Every way an exchange can fail, as one flat closed list.
//! It carries no text of the outside world: details travel beside it, bounded.

macro_rules! failures {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// A failed exchange's class. The names are stable: they are keys of the JSON summary.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Failure { $($(#[$doc])* $variant,)* }

        impl Failure {
            /// All classes, in the order of their discriminants.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];
            /// How many classes there are: the length of a table indexed by `self as usize`.
            pub const COUNT: usize = Self::ALL.len();

            /// The stable name, as in the JSON summary.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

failures! {
    /// The name did not resolve.
    Dns = "dns",
    /// Nobody listens on that port.
    Refused = "refused",
    /// No route, or the network said so.
    Unreachable = "unreachable",
    /// The connection was not made within `--connect-timeout`.
    ConnectTimeout = "connect_timeout",
    /// The certificate was refused.
    TlsCert = "tls_cert",
    /// The handshake failed otherwise.
    TlsHandshake = "tls_handshake",
    /// The peer reset the connection.
    Reset = "reset",
    /// A fresh connection closed without one byte of answer.
    ClosedNoResponse = "closed_no_response",
    /// The peer closed a reused connection instead of answering, and the request could not be sent again, or the re-dial
    /// failed too.
    ReusedConnClosed = "reused_conn_closed",
    /// The answer ended before its length.
    ShortBody = "short_body",
    /// The deadline passed before the head was whole.
    TimeoutHead = "timeout_head",
    /// The deadline passed within the body.
    TimeoutBody = "timeout_body",
    /// The answer broke the protocol.
    Proto = "proto",
    /// The answer went past a safety limit: head size, header count, interim answers.
    ProtoLimit = "proto_limit",
    /// A body or hash expectation failed.
    BodyCheck = "body_check",
    /// This machine ran out of descriptors.
    LocalFd = "local_fd",
    /// This machine ran out of local ports.
    LocalPort = "local_port",
    /// This machine ran out of memory for sockets.
    LocalMem = "local_mem",
    /// Another local system call failed.
    LocalIo = "local_io",
    /// The client's own queue was full, policy `reject`.
    LocalQueue = "local_queue",
    /// A worker of ours panicked.
    Internal = "internal",
}

impl Failure {
    /// Ended before its first byte reached the kernel: counted `unsent`, not `failed`.
    pub fn before_send(self) -> bool {
        use Failure::*;
        matches!(
            self,
            Dns | Refused
                | Unreachable
                | ConnectTimeout
                | TlsCert
                | TlsHandshake
                | LocalFd
                | LocalPort
                | LocalMem
                | LocalIo
                | LocalQueue
        )
    }

    /// The fault is this machine's, never the target's.
    pub fn local(self) -> bool {
        use Failure::*;
        matches!(self, LocalFd | LocalPort | LocalMem | LocalIo | LocalQueue | Internal)
    }

    /// The deadline passed; such exchanges enter the percentiles at their elapsed time.
    pub fn timeout(self) -> bool {
        matches!(self, Self::TimeoutHead | Self::TimeoutBody)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn discriminants_index_the_table() {
        for (i, f) in Failure::ALL.iter().enumerate() {
            assert_eq!(*f as usize, i);
        }
        assert_eq!(Failure::COUNT, 21);
    }
}
