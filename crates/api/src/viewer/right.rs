//! What there is to be allowed, and who is.

/// Something a route asks for. A route names one of these and no role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// Looking at calls and figures.
    ReadCalls,
    /// Ending a call that goes on.
    HangUp,
    /// Looking at clients.
    ReadClients,
    /// Changing clients and their numbers.
    EditClients,
    /// Looking at subscription and invoices.
    ReadBilling,
    /// What the voice agent must know to answer.
    Answer,
    /// What the account's owner alone decides: members, keys.
    Own,
    /// A copy of all that is kept about the account, for its owner.
    TakeAway,
    /// What belongs to the person whoever's account they look at: profile, sessions.
    BeSomebody,
    /// Running the service.
    Administrate,
}

/// What a person is in an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It is theirs.
    Owner,
    /// Changes clients.
    Manager,
    /// Looks.
    Reader,
}

/// What an API key may be for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// `calls:read`
    CallsRead,
    /// `clients:read`
    ClientsRead,
    /// `clients:write`
    ClientsWrite,
    /// `billing:read`
    BillingRead,
    /// `agent`
    Agent,
}

impl Right {
    /// The scope a key needs for it; `None` when no key may.
    pub(crate) fn scope(self) -> Option<Scope> {
        match self {
            Self::ReadCalls => Some(Scope::CallsRead),
            Self::ReadClients => Some(Scope::ClientsRead),
            Self::EditClients => Some(Scope::ClientsWrite),
            Self::ReadBilling => Some(Scope::BillingRead),
            Self::Answer => Some(Scope::Agent),
            Self::HangUp | Self::Own | Self::TakeAway | Self::BeSomebody | Self::Administrate => {
                None
            }
        }
    }

    pub(super) fn belongs_to(self, role: Role) -> bool {
        match self {
            Self::ReadCalls | Self::ReadClients | Self::ReadBilling | Self::BeSomebody => true,
            Self::EditClients | Self::HangUp => matches!(role, Role::Owner | Role::Manager),
            Self::Answer | Self::Own | Self::TakeAway => role == Role::Owner,
            Self::Administrate => false,
        }
    }
}

impl Role {
    /// As stored and shown.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Manager => "manager",
            Self::Reader => "reader",
        }
    }

    /// From its word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        [Self::Owner, Self::Manager, Self::Reader]
            .into_iter()
            .find(|role| role.word() == word)
    }
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::CallsRead,
        Self::ClientsRead,
        Self::ClientsWrite,
        Self::BillingRead,
        Self::Agent,
    ];

    /// As stored and shown.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::CallsRead => "calls:read",
            Self::ClientsRead => "clients:read",
            Self::ClientsWrite => "clients:write",
            Self::BillingRead => "billing:read",
            Self::Agent => "agent",
        }
    }

    /// From its word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.word() == word)
    }
}
