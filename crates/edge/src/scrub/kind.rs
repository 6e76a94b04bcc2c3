//! The kinds of what is scrubbed, and their placeholders.

/// What a stretch of text was replaced as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// An e-mail address.
    Email,
    /// A phone number.
    Phone,
    /// An account's name on a platform.
    Handle,
    /// A decentralised identifier.
    Did,
    /// The address of a profile or of a personal post.
    Profile,
    /// An IPv4 or IPv6 address.
    Ip,
    /// A MAC address.
    Mac,
    /// A payment card's number.
    Card,
    /// An international bank account number.
    Iban,
    /// A national identity, tax or social security number.
    IdNumber,
    /// A geographic position.
    Coordinates,
    /// A street address or post box.
    Address,
    /// A cryptocurrency address.
    Crypto,
    /// A key or token.
    Secret,
    /// Any other link: no personal data, but listed apart.
    Link,
}

impl Kind {
    /// All kinds. Where stretches of several kinds overlap, the first in this order names the whole.
    pub const ALL: [Self; 15] = [
        Self::Link,
        Self::Profile,
        Self::Did,
        Self::Email,
        Self::Handle,
        Self::Secret,
        Self::Crypto,
        Self::Iban,
        Self::Card,
        Self::Ip,
        Self::Mac,
        Self::Coordinates,
        Self::Address,
        Self::IdNumber,
        Self::Phone,
    ];

    /// The word inside the placeholder.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Handle => "handle",
            Self::Did => "did",
            Self::Profile => "profile",
            Self::Ip => "ip",
            Self::Mac => "mac",
            Self::Card => "card",
            Self::Iban => "iban",
            Self::IdNumber => "id-number",
            Self::Coordinates => "coordinates",
            Self::Address => "address",
            Self::Crypto => "crypto",
            Self::Secret => "secret",
            Self::Link => "link",
        }
    }

    /// What stands in scrubbed text.
    pub const fn placeholder(self) -> &'static str {
        match self {
            Self::Email => "⟨email⟩",
            Self::Phone => "⟨phone⟩",
            Self::Handle => "⟨handle⟩",
            Self::Did => "⟨did⟩",
            Self::Profile => "⟨profile⟩",
            Self::Ip => "⟨ip⟩",
            Self::Mac => "⟨mac⟩",
            Self::Card => "⟨card⟩",
            Self::Iban => "⟨iban⟩",
            Self::IdNumber => "⟨id-number⟩",
            Self::Coordinates => "⟨coordinates⟩",
            Self::Address => "⟨address⟩",
            Self::Crypto => "⟨crypto⟩",
            Self::Secret => "⟨secret⟩",
            Self::Link => "⟨link⟩",
        }
    }

    /// The kind with this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// Lower wins where stretches overlap.
    pub(crate) fn rank(self) -> usize {
        Self::ALL.iter().position(|kind| *kind == self).unwrap_or(Self::ALL.len())
    }

    /// The length of the placeholder that `bytes` begins with.
    pub(crate) fn placeholder_at(bytes: &[u8]) -> Option<usize> {
        Self::ALL.iter().map(|kind| kind.placeholder()).find(|p| bytes.starts_with(p.as_bytes())).map(str::len)
    }
}
