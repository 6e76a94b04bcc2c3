//! The audit log on the wire.

use groundswell_gate::{AuditConsistency, AuditEntry, AuditHead, AuditInclusion, Released};
use serde::Serialize;
use utoipa::ToSchema;

/// An entry of the log.
#[derive(Debug, ToSchema)]
#[schema(as = AuditEntry)]
#[allow(dead_code, reason = "describes what the gate writes; a test compares the two")]
pub(crate) struct AuditEntrySchema {
    /// Its number, from 0.
    number: u64,
    /// When it was written, by the installation's clock.
    #[schema(value_type = String, format = DateTime)]
    time: String,
    /// The account that did it; `local` where nobody is asked who they are.
    account: String,
    /// The act's name.
    act: String,
    /// The act in words.
    words: String,
    /// The line as it stands in the log: the bytes that are hashed.
    line: String,
}

/// A head of the log.
#[derive(Debug, ToSchema)]
#[schema(as = AuditHead)]
#[allow(dead_code, reason = "describes what the gate writes; a test compares the two")]
pub(crate) struct AuditHeadSchema {
    /// Whose log it is.
    origin: String,
    /// How many entries it is over.
    size: u64,
    /// The root over them, base64.
    root: String,
    /// The public key: a verifier key of C2SP signed-note. Believe it where you have it from somewhere else, too.
    key: String,
    /// The signed note.
    note: String,
}

/// A page of the log.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditPage)]
pub(crate) struct AuditPage {
    /// By number.
    #[schema(value_type = Vec<AuditEntrySchema>)]
    items: Vec<Released<AuditEntry>>,
    /// The newest head.
    #[schema(value_type = AuditHeadSchema)]
    head: Released<AuditHead>,
    /// Give it back as `cursor` to go on; null at the end.
    next: Option<String>,
    /// `SIMULATED DATA` where the data are made up. The log is real all the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    notice: Option<&'static str>,
}

impl AuditPage {
    pub(crate) fn new(
        head: Released<AuditHead>,
        items: Vec<Released<AuditEntry>>,
        next: Option<String>,
        notice: Option<&'static str>,
    ) -> Self {
        Self { items, head, next, notice }
    }
}

/// That an entry is in the log of a size.
#[derive(Debug, ToSchema)]
#[schema(as = AuditInclusion)]
#[allow(dead_code, reason = "describes what the gate writes; a test compares the two")]
pub(crate) struct AuditInclusionSchema {
    /// The entry's number, from 0.
    number: u64,
    /// Size of the log.
    size: u64,
    /// Hash of the entry, base64.
    entry: String,
    /// Root of the log, base64.
    root: String,
    /// The audit path, from the entry up, base64.
    path: Vec<String>,
}

/// That the log of one size is the beginning of that of another.
#[derive(Debug, ToSchema)]
#[schema(as = AuditConsistency)]
#[allow(dead_code, reason = "describes what the gate writes; a test compares the two")]
pub(crate) struct AuditConsistencySchema {
    /// Size of the earlier log.
    from: u64,
    /// Size of the later log.
    to: u64,
    /// Root of the earlier log, base64.
    from_root: String,
    /// Root of the later log, base64.
    to_root: String,
    /// The path, base64.
    path: Vec<String>,
}

/// A proof, with its notice.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditInclusionAnswer)]
pub(crate) struct AuditInclusionAnswer {
    #[schema(value_type = AuditInclusionSchema)]
    proof: Released<AuditInclusion>,
    /// `SIMULATED DATA` where the data are made up. The log is real all the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    notice: Option<&'static str>,
}

impl AuditInclusionAnswer {
    pub(crate) fn new(proof: Released<AuditInclusion>, notice: Option<&'static str>) -> Self {
        Self { proof, notice }
    }
}

/// A proof, with its notice.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditConsistencyAnswer)]
pub(crate) struct AuditConsistencyAnswer {
    #[schema(value_type = AuditConsistencySchema)]
    proof: Released<AuditConsistency>,
    /// `SIMULATED DATA` where the data are made up. The log is real all the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    notice: Option<&'static str>,
}

impl AuditConsistencyAnswer {
    pub(crate) fn new(proof: Released<AuditConsistency>, notice: Option<&'static str>) -> Self {
        Self { proof, notice }
    }
}
