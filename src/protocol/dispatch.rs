//! Which protocol a run speaks, decided once.
//! It refuses to be asked in the hot loop.

/// The protocols there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// HTTP/1.1 over TCP.
    Http1,
    /// Payload and framing over TCP.
    Tcp,
    /// A connect and a reset.
    TcpConnect,
}

impl Kind {
    /// As in the JSON summary.
    pub fn name(self) -> &'static str {
        match self {
            Self::Http1 => "http/1.1",
            Self::Tcp => "tcp",
            Self::TcpConnect => "tcp connect",
        }
    }
}
